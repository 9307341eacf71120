/**
 * What happened, as one number: every message handled and every event outside is stirred in, with
 * its virtual time. Two runs of one seed that differ anywhere differ here.
 */
import { mix } from "./seeded-rng.js";

export type TraceOptions = {
  /** Takes each line of the calls that are being watched; for whoever looks into a failure. */
  readonly write?: ((line: string) => void) | undefined;
};

export class Trace {
  #low = 0x12345678;
  #high = 0x9abcdef0;
  readonly #words = new Map<string, number>();
  readonly #write: TraceOptions["write"];

  constructor(options: TraceOptions = {}) {
    this.#write = options.write;
  }

  /** @param value a number that belongs to it, e.g. an utterance */
  note(atMs: number, callIndex: number, what: string, value = 0): void {
    const word = this.#wordOf(what);
    const time = Math.round(atMs * 1000);
    this.#low = mix(this.#low, time ^ Math.imul(word, 0x01000193));
    this.#high = mix(this.#high ^ this.#low, Math.imul(callIndex + 1, 0x85ebca6b) + value);
    this.#write?.(`${atMs.toFixed(1).padStart(10)} c${callIndex} ${what} ${value}`);
  }

  /** 16 hex digits. */
  get hash(): string {
    const hex = (part: number): string => part.toString(16).padStart(8, "0");
    return hex(this.#high) + hex(this.#low);
  }

  #wordOf(text: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    let word = 0x811c9dc5;
    for (let i = 0; i < text.length; i += 1) word = mix(word, text.charCodeAt(i));
    this.#words.set(text, word);
    return word;
  }
}
