/**
 * The watchdog: finds threads whose loop is blocked, by a counter in shared memory that each of
 * them moves. It judges only while its own loop was on time, since a machine that stalls as a
 * whole makes everybody look dead, and does not count the time in which a thread was given no CPU.
 */
import type { Time, Timer } from "../../base/ports.js";
import { beatMs } from "./loop-beat.js";

export type WatchdogLimits = {
  /** A loop blocked this long is reported. */
  readonly reportMs: number;
  /** A loop blocked this long is ended. */
  readonly endMs: number;
  /** The watchdog judges only while its own lag was less. */
  readonly ownLagMsMax: number;
};

export const watchdogLimits: WatchdogLimits = { reportMs: 250, endMs: 1000, ownLagMsMax: 100 };

/** What happens to a watched thread. Each is called at most once per stall. */
export type Watched = {
  /** Shared with the thread: it adds one every `beatMs`. */
  readonly beat: Int32Array;
  /** How long it waited for a CPU since it began; asked only of a thread that missed a beat. */
  readonly waitedMs?: () => number;
  blocked(blockedMs: number): void;
  end(blockedMs: number): void;
};

type Seat = {
  readonly watched: Watched;
  count: number;
  sinceMs: number;
  isReported: boolean;
  /** `waitedMs` at the first look at which it had not moved. */
  waitedMs: number | undefined;
};

/** What is known of a thread that has just moved. */
const moved = { isReported: false, waitedMs: undefined };

export class Watchdog {
  readonly #time: Time;
  readonly #limits: WatchdogLimits;
  readonly #seats = new Map<Watched, Seat>();
  #lastMs: number;
  #timer: Timer | undefined;

  constructor(time: Time, limits: WatchdogLimits = watchdogLimits) {
    this.#time = time;
    this.#limits = limits;
    this.#lastMs = time.nowMs();
    this.#arm();
  }

  /** Watches a thread from its first beat on: starting up is not being blocked. */
  watch(watched: Watched): void {
    const sinceMs = this.#time.nowMs();
    const count = Atomics.load(watched.beat, 0);
    this.#seats.set(watched, { watched, count, sinceMs, ...moved });
  }

  unwatch(watched: Watched): void {
    this.#seats.delete(watched);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#seats.clear();
  }

  #arm(): void {
    this.#timer = this.#time.after(beatMs, () => {
      this.#arm();
      this.#look();
    });
  }

  #look(): void {
    const nowMs = this.#time.nowMs();
    const ownLagMs = nowMs - this.#lastMs - beatMs;
    this.#lastMs = nowMs;
    for (const seat of [...this.#seats.values()]) {
      const count = Atomics.load(seat.watched.beat, 0);
      const hasMoved = count !== seat.count || count === 0;
      if (hasMoved || ownLagMs >= this.#limits.ownLagMsMax) {
        Object.assign(seat, { count, sinceMs: nowMs, ...moved });
      } else this.#judge(seat, nowMs - seat.sinceMs);
    }
  }

  #judge(seat: Seat, stillMs: number): void {
    const { reportMs, endMs } = this.#limits;
    const waitedMs = seat.watched.waitedMs?.() ?? 0;
    seat.waitedMs ??= waitedMs;
    const blockedMs = stillMs - (waitedMs - seat.waitedMs);
    if (blockedMs >= endMs) {
      this.unwatch(seat.watched);
      return seat.watched.end(blockedMs);
    }
    if (blockedMs < reportMs || seat.isReported) return;
    seat.isReported = true;
    seat.watched.blocked(blockedMs);
  }
}
