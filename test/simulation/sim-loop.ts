/**
 * Virtual time for the whole simulation. Promises that the ports give to the cast are real ones:
 * after each of them settled, Node is let run until no continuation waits, at the same virtual
 * instant.
 */
import type { Scheduler, Time, Timer } from "../../base/ports.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";

/** The loop moves in steps of this; continuations of promises run at their ends. */
const stepMs = 1;
/** Continuations that nobody announced run at least this often. */
const flushEveryMs = 50;

/** Time as one thread sees it, counted. */
export type ThreadTime = Time & {
  /** Timers that are neither over nor cancelled. */
  readonly liveTimers: number;
  /** Nothing of this thread runs for so long. */
  stall(durationMs: number): void;
  /** Wall time jumps; nothing but records may notice. */
  jumpEpoch(byMs: number): void;
};

export class SimLoop {
  /** The world outside of us: callers, network, vendors. Never stalls. */
  readonly world: VirtualTime = virtualTime();
  #isFlushDue = false;

  /** A promise that settles in virtual time. */
  promise<T>(start: (settle: { ok(value: T): void; fail(error: Error): void }) => void) {
    return new Promise<T>((resolve, reject) => {
      start({
        ok: (value) => {
          this.#isFlushDue = true;
          resolve(value);
        },
        fail: (error) => {
          this.#isFlushDue = true;
          reject(error);
        },
      });
    });
  }

  /** Runs until `isOver`, or to `limitMs`. */
  async run(limitMs: number, isOver: () => boolean): Promise<void> {
    let flushAtMs = this.world.nowMs() + flushEveryMs;
    while (!isOver() && this.world.nowMs() < limitMs) {
      this.world.advance(stepMs);
      if (!this.#isFlushDue && this.world.nowMs() < flushAtMs) continue;
      flushAtMs = this.world.nowMs() + flushEveryMs;
      this.#isFlushDue = false;
      await new Promise<void>((resolve) => void setImmediate(resolve));
      this.world.settle();
    }
  }

  /** Time of one of our threads. */
  thread(): ThreadTime {
    return threadTime(this.world);
  }
}

function threadTime(world: VirtualTime): ThreadTime {
  let liveTimers = 0;
  let stalledUntilMs = 0;
  let epochOffsetMs = 0;
  const whenAwake = (run: () => void): void => {
    const waitMs = stalledUntilMs - world.nowMs();
    if (waitMs <= 0) return run();
    world.after(waitMs, () => whenAwake(run));
  };
  const after: Scheduler["after"] = (delayMs, run): Timer => {
    let isLive = true;
    liveTimers += 1;
    const end = (): boolean => {
      if (!isLive) return false;
      isLive = false;
      liveTimers -= 1;
      return true;
    };
    const timer = world.after(delayMs, () =>
      whenAwake(() => {
        if (end()) run();
      }),
    );
    return {
      cancel() {
        if (end()) timer.cancel();
      },
    };
  };
  return {
    nowMs: () => world.nowMs(),
    epochMs: () => world.epochMs() + epochOffsetMs,
    after,
    soon: (run) => world.soon(() => whenAwake(run)),
    stall: (durationMs) =>
      void (stalledUntilMs = Math.max(stalledUntilMs, world.nowMs() + durationMs)),
    jumpEpoch: (byMs) => void (epochOffsetMs += byMs),
    get liveTimers() {
      return liveTimers;
    },
  };
}
