/**
 * Memory for the samples that are looked at just now, of whatever leg: it stays in the cache, where
 * memory of each leg's own would have left it before the leg's next frame.
 */

export class SharedSamples {
  #newest = new Int16Array(0);
  /** There are as many lengths as formats of audio. */
  readonly #byCount = new Map<number, Int16Array<ArrayBuffer>>();

  /** So many samples, with anything in them; they are somebody else's after the next call. */
  of(count: number): Int16Array<ArrayBuffer> {
    if (this.#newest.length === count) return this.#newest;
    this.#newest = this.#byCount.get(count) ?? new Int16Array(count);
    this.#byCount.set(count, this.#newest);
    return this.#newest;
  }
}
