/** Histograms of every life of every thread, added up, so that a restart forgets nothing. */
import { Histogram } from "../../base/histogram.js";
import type { HistogramHandle } from "../../base/histogram.js";

const names = ["frameIn", "frameOut", "turn", "turnEngine"] as const;
export type LatencyName = (typeof names)[number];

export class ThreadLatency {
  readonly #parts: Readonly<Record<LatencyName, Histogram[]>> = {
    frameIn: [],
    frameOut: [],
    turn: [],
    turnEngine: [],
  };

  /** Adds what a thread reported when it was ready. */
  add(handles: Partial<Readonly<Record<LatencyName | "frameHeld", HistogramHandle>>>): void {
    for (const name of names) this.#add(name, handles[name]);
    // Late is late, whoever it waited for.
    this.#add("frameIn", handles.frameHeld);
  }

  #add(name: LatencyName, handle: HistogramHandle | undefined): void {
    if (handle !== undefined) this.#parts[name].push(new Histogram(handle));
  }

  sum(): Record<LatencyName, Histogram> {
    const { frameIn, frameOut, turn, turnEngine } = this.#parts;
    return {
      frameIn: sumOf(frameIn),
      frameOut: sumOf(frameOut),
      turn: sumOf(turn),
      turnEngine: sumOf(turnEngine),
    };
  }

  /** How many frames there were, and how many of them were later than that. */
  frames(lateMs: number): { readonly frames: number; readonly lateFrames: number } {
    let [frames, lateFrames] = [0, 0];
    for (const part of [...this.#parts.frameIn, ...this.#parts.frameOut]) {
      frames += part.count;
      lateFrames += part.countOverMs(lateMs);
    }
    return { frames, lateFrames };
  }

  reset(): void {
    for (const name of names) for (const part of this.#parts[name]) part.reset();
  }
}

function sumOf(parts: readonly Histogram[]): Histogram {
  const sum = new Histogram();
  for (const part of parts) sum.add(part);
  return sum;
}
