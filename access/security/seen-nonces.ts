/**
 * Nonces of signatures that were used: each is good once, for as long as its signature could be.
 * Bounded: where too many come in that time, no further one is taken.
 */
import type { Clock } from "../../base/ports.js";

export class SeenNonces {
  /** By when they were seen, oldest first. */
  readonly #seen = new Map<string, number>();
  readonly #keptMs: number;
  readonly #countMax: number;
  readonly #clock: Pick<Clock, "nowMs">;

  /** @param options.keptMs no signature is good for longer */
  constructor(options: {
    readonly keptMs: number;
    readonly countMax?: number;
    readonly clock: Pick<Clock, "nowMs">;
  }) {
    this.#keptMs = options.keptMs;
    this.#countMax = options.countMax ?? 100_000;
    this.#clock = options.clock;
  }

  /** Takes one; false when it came before, or there is no room to remember it. */
  take(nonce: string): boolean {
    const nowMs = this.#clock.nowMs();
    for (const [old, seenMs] of this.#seen) {
      if (nowMs - seenMs <= this.#keptMs) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(nonce) || this.#seen.size >= this.#countMax) return false;
    this.#seen.set(nonce, nowMs);
    return true;
  }
}
