/**
 * What the callee measures of a call at its own end of the line: how long answers take to become
 * audible, how soon the agent falls silent when it is interrupted, how evenly frames come. Pure;
 * instants are monotonic, and become relative to the answer in the report.
 */
import type { PlayedFrame, ReceivedFrame } from "../../access/client/media-client.js";
import { spreadOf, type CalleeReport, type HeardTurn, type Interruption } from "./callee-report.js";

const FRAME_MS = 20;
/** A longer pause between frames lies between two prompts and says nothing about the network. */
const INTERVAL_MS_MAX = 200;
/** An agent who still talks this long after being interrupted was not interrupted. */
const GIVE_UP_MS = 3000;

type Wait = { readonly turn: number; readonly kind: "say" | "press"; readonly doneMs: number };
type Open = { readonly turn: number; readonly onsetMs: number };

export class CallMeasures {
  readonly #answeredAtMs: number;
  readonly #intervalsMs: number[] = [];
  readonly #turns: HeardTurn[] = [];
  readonly #interruptions: Interruption[] = [];
  #frames = 0;
  #firstFrameMs: number | undefined;
  #lastArrivedMs = -Infinity;
  #lastPlayedEndMs = -Infinity;
  #lastAudibleEndMs = -Infinity;
  #wait: Wait | undefined;
  #interruption: Open | undefined;

  constructor(answeredAtMs: number) {
    this.#answeredAtMs = answeredAtMs;
  }

  /** Frames that came so far. */
  get frames(): number {
    return this.#frames;
  }

  arrived({ arrivedMs }: ReceivedFrame): void {
    this.#frames += 1;
    this.#firstFrameMs ??= arrivedMs;
    const intervalMs = arrivedMs - this.#lastArrivedMs;
    if (intervalMs < INTERVAL_MS_MAX) this.#intervalsMs.push(intervalMs);
    this.#lastArrivedMs = arrivedMs;
  }

  played(frame: PlayedFrame, isAudible: boolean): void {
    this.#lastPlayedEndMs = frame.playedMs + frame.durationMs;
    if (!isAudible) return;
    this.#lastAudibleEndMs = frame.playedMs + FRAME_MS;
    this.#answered(frame);
    this.#giveUp(frame.playedMs);
  }

  /** The callee's speech set in; `isInterrupting`: over the agent's. */
  began(turn: number, onsetMs: number, isInterrupting: boolean): void {
    this.#wait = undefined;
    if (isInterrupting) this.#interruption = { turn, onsetMs };
  }

  /** The callee finished speaking or pressing keys: the answer is awaited from here. */
  done(turn: number, kind: "say" | "press", doneMs: number): void {
    // Who is still being talked to does not wait for an answer.
    const isQuiet = this.#lastAudibleEndMs <= doneMs - FRAME_MS;
    this.#wait = isQuiet ? { turn, kind, doneMs } : undefined;
  }

  /** The engine dropped what it was saying. */
  cleared(atMs: number): void {
    const open = this.#interruption;
    if (open === undefined) return;
    this.#interruption = undefined;
    this.#interruptions.push({
      turn: open.turn,
      onsetMs: this.#relative(open.onsetMs),
      isCleared: true,
      clearAfterMs: round(atMs - open.onsetMs),
      silentAfterMs: round(Math.max(0, this.#lastPlayedEndMs - open.onsetMs)),
      inaudibleAfterMs: round(Math.max(0, this.#lastAudibleEndMs - open.onsetMs)),
    });
  }

  /** The figures for the report. */
  finish(): Pick<CalleeReport, "turns" | "interruptions"> &
    Pick<CalleeReport["received"], "frames" | "firstFrameMs" | "intervals"> {
    this.#giveUp(Infinity);
    const first = this.#firstFrameMs;
    return {
      turns: this.#turns,
      interruptions: this.#interruptions,
      frames: this.#frames,
      firstFrameMs: first === undefined ? null : this.#relative(first),
      intervals: spreadOf(this.#intervalsMs),
    };
  }

  #answered({ playedMs, arrivedMs }: PlayedFrame): void {
    const wait = this.#wait;
    if (wait === undefined || playedMs < wait.doneMs) return;
    this.#wait = undefined;
    this.#turns.push({
      turn: wait.turn,
      kind: wait.kind,
      doneMs: this.#relative(wait.doneMs),
      audibleMs: this.#relative(playedMs),
      latencyMs: round(playedMs - wait.doneMs),
      arrivalLatencyMs: round(arrivedMs - wait.doneMs),
    });
  }

  #giveUp(nowMs: number): void {
    const open = this.#interruption;
    if (open === undefined || nowMs - open.onsetMs < GIVE_UP_MS) return;
    this.#interruption = undefined;
    this.#interruptions.push({
      turn: open.turn,
      onsetMs: this.#relative(open.onsetMs),
      isCleared: false,
      clearAfterMs: null,
      silentAfterMs: null,
      inaudibleAfterMs: null,
    });
  }

  #relative(atMs: number): number {
    return round(atMs - this.#answeredAtMs);
  }
}

function round(valueMs: number): number {
  return Math.round(valueMs * 10) / 10;
}
