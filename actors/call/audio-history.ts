/** The last moments of a stream, for the recogniser: speech is known to be speech a little late. */

export class AudioHistory {
  readonly #ring: Int16Array;
  /** Where the next sample goes. */
  #at = 0;
  /** Samples held, up to the capacity. */
  #held = 0;

  /** @param capacitySamples how far back `last` can reach */
  constructor(capacitySamples: number) {
    this.#ring = new Int16Array(capacitySamples);
  }

  /** Copies `samples` in; the oldest go. */
  push(samples: Int16Array): void {
    const capacity = this.#ring.length;
    if (this.#at + samples.length <= capacity) {
      this.#ring.set(samples, this.#at);
      return this.#advance(samples.length);
    }
    const kept = samples.subarray(Math.max(0, samples.length - capacity));
    const first = Math.min(kept.length, capacity - this.#at);
    this.#ring.set(kept.subarray(0, first), this.#at);
    this.#ring.set(kept.subarray(first), 0);
    this.#advance(kept.length);
  }

  /** The newest `count` samples, fewer when there are not so many; a copy. */
  last(count: number): Int16Array {
    const out = new Int16Array(Math.max(0, Math.min(Math.round(count), this.#held)));
    this.copyLast(out);
    return out;
  }

  /** Fills `out` with the newest samples; there must be so many. */
  copyLast(out: Int16Array): void {
    const size = out.length;
    const from = (this.#at - size + this.#ring.length) % this.#ring.length;
    const first = Math.min(size, this.#ring.length - from);
    out.set(this.#ring.subarray(from, from + first), 0);
    if (first < size) out.set(this.#ring.subarray(0, size - first), first);
  }

  #advance(count: number): void {
    const capacity = this.#ring.length;
    this.#at = (this.#at + count) % capacity;
    this.#held = Math.min(capacity, this.#held + count);
  }
}
