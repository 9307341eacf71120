/**
 * The beat of the callee's phone: one call every 20 ms at `t0 + n·20 ms`. A late timer makes up for
 * what it missed at once, unless that is too old to be of use; how late it was is kept.
 */
import type { Time, Timer } from "../../base/ports.js";
import { spreadOf, type Spread } from "./callee-report.js";

const BEAT_MS = 20;
/** Beats that are made up for; older ones are skipped. */
const CATCH_UP_MAX = 10;

export class Pacer {
  readonly #time: Time;
  readonly #beat: (deadlineMs: number) => void;
  readonly #latenessMs: number[] = [];
  #timer: Timer | undefined;
  #nextMs = 0;
  #isRunning = false;
  #skipped = 0;

  /** @param beat called with the instant for which it is meant */
  constructor(time: Time, beat: (deadlineMs: number) => void) {
    this.#time = time;
    this.#beat = beat;
  }

  /** Beats never made, because they were too late. */
  get skipped(): number {
    return this.#skipped;
  }

  /** How late the beats were. */
  get lateness(): Spread {
    return spreadOf(this.#latenessMs);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#nextMs = this.#time.nowMs();
    this.#run();
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
  }

  #run(): void {
    const nowMs = this.#time.nowMs();
    const behind = Math.floor((nowMs - this.#nextMs) / BEAT_MS) - CATCH_UP_MAX;
    if (behind > 0) {
      this.#skipped += behind;
      this.#nextMs += behind * BEAT_MS;
    }
    while (this.#isRunning && this.#nextMs <= nowMs) {
      const deadlineMs = this.#nextMs;
      this.#nextMs += BEAT_MS;
      this.#latenessMs.push(nowMs - deadlineMs);
      this.#beat(deadlineMs);
    }
    if (!this.#isRunning) return;
    this.#timer = this.#time.after(this.#nextMs - this.#time.nowMs(), () => this.#run());
  }
}
