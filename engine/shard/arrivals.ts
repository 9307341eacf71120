/**
 * Calls of a lost shard come all at once, and each takes a millisecond or two to begin. One begins
 * in each turn of the loop, so that the frames of those that are here go on between them.
 */
import type { Scheduler } from "../../base/ports.js";

export class Arrivals {
  readonly #scheduler: Pick<Scheduler, "soon">;
  readonly #waiting: (() => void)[] = [];

  constructor(scheduler: Pick<Scheduler, "soon">) {
    this.#scheduler = scheduler;
  }

  /** Begins one now, or after those that came before it. */
  add(begin: () => void): void {
    this.#waiting.push(begin);
    if (this.#waiting.length === 1) this.#next();
  }

  #next(): void {
    this.#waiting[0]!();
    this.#scheduler.soon(() => {
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#next();
    });
  }
}
