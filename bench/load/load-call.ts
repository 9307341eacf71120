/**
 * One call of the generator: sends a frame every 20 ms, returns marks when they have sounded, and
 * checks what it hears. Whoever speaks is the caller's matter, how it is written the line's.
 */
import type { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import type { Caller } from "./caller.js";
import type { Line, LineEvents } from "./line.js";
import type { LoadStats } from "./load-stats.js";
import type { Paced } from "./load-wheel.js";

const frameMs = 20;
/** Frames on their way at once: twenty seconds. */
const flightMax = 1024;
/** FNV-1a, 32 bits. */
const hashStart = 0x811c9dc5;
const hashPrime = 0x01000193;

type Mark = { readonly name: string; readonly dueMs: number };

export class LoadCall implements Paced, LineEvents {
  /** What the caller said to the end, in order. */
  readonly said: string[] = [];
  readonly #stats: LoadStats;
  readonly #caller: Caller;
  readonly #sentAtMs = new Float64Array(flightMax);
  readonly #marks: Mark[] = [];
  /** Whose audio was counted, and which was returned: after a loss the engine asks again. */
  #heardMark = "";
  #returnedMark = "";
  #line!: Line;
  #utterance = -1;
  #heardInUtterance = 0;
  #hash = hashStart;
  #heardAtMs = 0;
  #playUntilMs = 0;
  /** When the caller did what an answer is awaited to; 0: nothing. */
  #actAtMs = 0;
  #triggerAtMs = 0;

  constructor(stats: LoadStats, caller: Caller) {
    this.#stats = stats;
    this.#caller = caller;
  }

  setLine(line: Line): void {
    this.#line = line;
  }

  tick(nowMs: number): void {
    const sequence = this.#line.sendFrame(this.#caller.next());
    this.#sentAtMs[sequence % flightMax] = nowMs;
    this.#stats.sentFrames += 1;
    if (this.#caller.isTrigger) this.#triggerAtMs = nowMs;
    const { saidNow } = this.#caller;
    if (saidNow !== undefined) {
      this.said.push(saidNow);
      this.#actAtMs = nowMs;
    }
    const mark = this.#marks[0];
    if (mark === undefined || mark.dueMs > nowMs) return;
    this.#marks.shift();
    this.#line.returnMark(mark.name);
    const isRepeated = mark.name === this.#returnedMark;
    this.#returnedMark = mark.name;
    if (isRepeated) return;
    const key = this.#caller.promptEnded();
    if (key === undefined || this.#marks.length > 0) return;
    this.#line.sendKey(key);
    this.#actAtMs = nowMs;
  }

  heardFrame(utterance: number, bytes: Buffer, start: number, end: number): void {
    const nowMs = performance.now();
    this.#stats.heardFrames += 1;
    if (utterance !== this.#utterance) this.#begin(utterance, nowMs);
    else this.#stats.gap.recordMs(nowMs - this.#heardAtMs);
    this.#heardAtMs = nowMs;
    this.#playUntilMs = Math.max(this.#playUntilMs, nowMs) + frameMs;
    let hash = this.#hash;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, hashPrime);
    this.#hash = hash;
    this.#heardInUtterance += 1;
    this.#caller.heard(this.#heardInUtterance);
  }

  heardMark(name: string): void {
    if (name !== this.#heardMark) {
      const content = `${this.#heardInUtterance}:${(this.#hash >>> 0).toString(16)}`;
      if (this.#heardInUtterance > 0) this.#stats.utterance(content);
      this.#heardInUtterance = 0;
    }
    this.#heardMark = name;
    this.#marks.push({ name, dueMs: this.#playUntilMs });
  }

  cleared(): void {
    const nowMs = performance.now();
    this.#marks.length = 0;
    this.#playUntilMs = nowMs;
    this.#heardInUtterance = 0;
    if (this.#triggerAtMs === 0) return;
    this.#stats.roundTrip.recordMs(nowMs - this.#triggerAtMs);
    this.#triggerAtMs = 0;
  }

  returned(sequence: number): void {
    this.#stats.roundTrip.recordMs(performance.now() - this.#sentAtMs[sequence % flightMax]!);
  }

  lost(): void {
    this.#marks.length = 0;
  }

  resumed(awayMs: number): void {
    this.#stats.away.recordMs(awayMs);
  }

  broke(what: string): void {
    this.#stats.broke(what);
  }

  #begin(utterance: number, nowMs: number): void {
    this.#utterance = utterance;
    this.#heardInUtterance = 0;
    this.#hash = hashStart;
    if (this.#actAtMs > 0) this.#stats.answer.recordMs(nowMs - this.#actAtMs);
    this.#actAtMs = 0;
  }
}
