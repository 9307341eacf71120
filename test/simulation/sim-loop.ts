/**
 * Virtual time for the whole simulation, one callback after the other. Where a callback may have
 * settled a promise, Node is let run until no continuation waits, at the same virtual instant, so
 * asynchronous code sees the time at which it was woken.
 */
import type { Scheduler, Time, Timer } from "../../base/ports.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";

/** Time as one thread sees it, counted, and gone when the thread is. */
export type ThreadTime = Time & {
  /** Timers that are neither over nor cancelled. */
  readonly liveTimers: number;
  /** False once the thread has ended: nothing of it runs any more. */
  readonly isAlive: boolean;
  /** Nothing of this thread runs for so long. */
  stall(durationMs: number): void;
  /** Wall time jumps; nothing but records may notice. */
  jumpEpoch(byMs: number): void;
  end(): void;
};

export class SimLoop {
  /** The world outside of us: callers, network, vendors. Never stalls. */
  readonly world: VirtualTime = virtualTime();
  #isFlushDue = false;
  #isReady: (() => boolean) | undefined;

  /** Time stands still from now on until `isReady`: for work that takes real time. */
  readonly holdUntil = (isReady: () => boolean): void => {
    this.#isReady = isReady;
    this.flush();
  };

  /** The same, and waits for it. */
  async hold(isReady: () => boolean): Promise<void> {
    while (!isReady()) await settled();
  }

  /** A promise may have been settled: its continuations run before time goes on. */
  readonly flush = (): void => void (this.#isFlushDue = true);

  /** A promise that settles in virtual time. */
  promise<T>(start: (settle: { ok(value: T): void; fail(error: Error): void }) => void) {
    return new Promise<T>((resolve, reject) => {
      start({
        ok: (value) => {
          this.flush();
          resolve(value);
        },
        fail: (error) => {
          this.flush();
          reject(error);
        },
      });
    });
  }

  /** Runs until `isOver`, or to `limitMs`. */
  async run(limitMs: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      if (this.#isFlushDue) {
        this.#isFlushDue = false;
        await settled();
        if (this.#isReady !== undefined) await this.hold(this.#isReady);
        this.#isReady = undefined;
      }
      if (isOver()) return;
      if (this.world.runNext(limitMs)) continue;
      this.world.advance(limitMs - this.world.nowMs());
      if (!this.#isFlushDue) return;
    }
  }

  /**
   * Runs while `promise` is open, at most to `limitMs`; says whether it was kept by then.
   *
   * @throws what it was rejected with
   */
  async runWhile(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
    let isSettled = false;
    const watched = promise.finally(() => (isSettled = true));
    watched.catch(() => undefined);
    this.flush();
    await this.run(limitMs, () => isSettled);
    if (isSettled) await watched;
    return isSettled;
  }

  /** Time of one of our threads. @param hasPromises its code awaits: continuations run at once */
  thread(hasPromises = false): ThreadTime {
    return threadTime(this.world, hasPromises ? this.flush : () => undefined);
  }
}

/** Every continuation that can run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function threadTime(world: VirtualTime, ran: () => void): ThreadTime {
  let liveTimers = 0;
  let stalledUntilMs = 0;
  let epochOffsetMs = 0;
  let isAlive = true;
  const whenAwake = (run: () => void): void => {
    if (!isAlive) return;
    const waitMs = stalledUntilMs - world.nowMs();
    if (waitMs > 0) return void world.after(waitMs, () => whenAwake(run));
    run();
    ran();
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
    end: () => void (isAlive = false),
    get isAlive() {
      return isAlive;
    },
    get liveTimers() {
      return isAlive ? liveTimers : 0;
    },
  };
}
