/**
 * Takes a sample of the load every half second: what became of the frames, of the loops and of the
 * rings since the last one.
 */
import type { Time, Timer } from "../../base/ports.js";
import type { LoadSample } from "./admission.js";

/** What there is to read. Frames count up; lag and fill are the worst since the last reading. */
export type LoadReadings = {
  readonly frames: number;
  readonly lateFrames: number;
  readonly loopLagMs: number;
  readonly ringFill: number;
  readonly leases?: LoadSample["leases"];
};

export const sampleMs = 500;

export class LoadMeter {
  readonly #time: Time;
  readonly #read: () => LoadReadings;
  readonly #sampled: (sample: LoadSample) => void;
  #before = { frames: 0, lateFrames: 0 };
  #timer: Timer | undefined;

  constructor(options: {
    readonly time: Time;
    readonly read: () => LoadReadings;
    readonly sampled: (sample: LoadSample) => void;
  }) {
    this.#time = options.time;
    this.#read = options.read;
    this.#sampled = options.sampled;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const dueMs = this.#time.nowMs() + sampleMs;
    this.#timer = this.#time.after(sampleMs, () => {
      this.#arm();
      this.#sample(this.#time.nowMs() - dueMs);
    });
  }

  /** @param ownLagMs of the node's own loop: this one runs on it */
  #sample(ownLagMs: number): void {
    const { frames, lateFrames, loopLagMs, ...rest } = this.#read();
    const before = this.#before;
    this.#before = { frames, lateFrames };
    // The figures were begun anew meanwhile: what they hold is all of this period.
    const isReset = frames < before.frames;
    this.#sampled({
      ...rest,
      frames: isReset ? frames : frames - before.frames,
      lateFrames: isReset ? lateFrames : Math.max(0, lateFrames - before.lateFrames),
      loopLagMs: Math.max(loopLagMs, ownLagMs),
    });
  }
}
