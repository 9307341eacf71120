/**
 * Calls of a lost shard come all at once, and each takes a millisecond or two to begin. One begins
 * in each turn of the loop, so that the frames of those that are here go on between them.
 *
 * What was said goes on without a shard. So the callee who hears nothing more has waited longest,
 * and whoever will be the next to hear nothing is the next to begin; of whom the gateway has not
 * told yet comes behind them, in the order of coming.
 */
import type { Scheduler } from "../../base/ports.js";

type Arrival = { readonly callId: string; readonly begin: () => void };

export class Arrivals {
  readonly #scheduler: Pick<Scheduler, "soon">;
  readonly #waiting: Arrival[] = [];
  /** Monotonic time from which a callee hears nothing more; also of calls that come later. */
  readonly #silentAtMs = new Map<string, number>();
  #isTurning = false;

  constructor(scheduler: Pick<Scheduler, "soon">) {
    this.#scheduler = scheduler;
  }

  /** Begins one now, or when its turn comes. */
  add(callId: string, begin: () => void): void {
    this.#waiting.push({ callId, begin });
    if (!this.#isTurning) this.#next();
  }

  /** What its callee hears ends then. It may be said before the call is added, or never. */
  willBeSilent(callId: string, atMs: number): void {
    this.#silentAtMs.set(callId, atMs);
  }

  #next(): void {
    const { begin } = this.#takeMostUrgent();
    this.#isTurning = true;
    begin();
    this.#scheduler.soon(() => {
      this.#isTurning = false;
      if (this.#waiting.length > 0) this.#next();
      else this.#silentAtMs.clear();
    });
  }

  #takeMostUrgent(): Arrival {
    let [index, earliestMs] = [0, Infinity];
    this.#waiting.forEach(({ callId }, at) => {
      const atMs = this.#silentAtMs.get(callId) ?? Infinity;
      if (atMs < earliestMs) [index, earliestMs] = [at, atMs];
    });
    return this.#waiting.splice(index, 1)[0]!;
  }
}
