/** The keys of one leg: counted, and the newest kept for a shard that takes the leg over. */
import type { NumberedKey } from "../../actors/call/cast-ports.js";

/** As many as anybody presses before a lost shard is replaced. */
const keysKept = 32;

export class LegKeys {
  #count = 0;
  readonly #newest: NumberedKey[] = [];

  /** Keys so far. */
  get count(): number {
    return this.#count;
  }

  /** Oldest first. */
  get newest(): readonly NumberedKey[] {
    return [...this.#newest];
  }

  /** Counts one more; returns it with its number. */
  add(digit: string): NumberedKey {
    const key = { digit, number: (this.#count += 1) };
    this.#newest.push(key);
    if (this.#newest.length > keysKept) this.#newest.shift();
    return key;
  }
}
