/**
 * The keys of one leg: counted, and the newest kept for a shard that takes the leg over.
 *
 * A key that is pressed once may be told twice, by the media stream and by the trunk: the second
 * word for it, from the other of the two and soon after, is dropped. Two words from the same one
 * are two presses.
 */
import type { NumberedKey } from "../../actors/call/cast-ports.js";

/** Who tells of a key. */
export type KeySource = "media" | "trunk";

/** As many as anybody presses before a lost shard is replaced. */
const keysKept = 32;
/** Both have told of a press within this: a webhook takes longest. */
const twinMsMax = 2000;

type Told = { readonly digit: string; readonly source: KeySource; readonly atMs: number };

export class LegKeys {
  #count = 0;
  #mediaCount = 0;
  readonly #newest: NumberedKey[] = [];
  /** Told by one, and not by the other yet; oldest first. */
  #single: Told[] = [];

  /** Keys that the peer has sent, for a client that counts its own. */
  get mediaCount(): number {
    return this.#mediaCount;
  }

  /** Oldest first. */
  get newest(): readonly NumberedKey[] {
    return [...this.#newest];
  }

  /** Counts one more; returns it with its number, or nothing when the other source told of it. */
  add(digit: string, source: KeySource, nowMs: number): NumberedKey | undefined {
    if (source === "media") this.#mediaCount += 1;
    if (this.#isTwin(digit, source, nowMs)) return undefined;
    const key = { digit, number: (this.#count += 1) };
    this.#newest.push(key);
    if (this.#newest.length > keysKept) this.#newest.shift();
    return key;
  }

  #isTwin(digit: string, source: KeySource, nowMs: number): boolean {
    this.#single = this.#single.filter(({ atMs }) => nowMs - atMs <= twinMsMax);
    const index = this.#single.findIndex((told) => told.digit === digit && told.source !== source);
    if (index === -1) this.#single.push({ digit, source, atMs: nowMs });
    else this.#single.splice(index, 1);
    return index !== -1;
  }
}
