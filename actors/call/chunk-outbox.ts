/**
 * Chunks of a recording on their way to the store, in order. A chunk that is lost leaves silence of
 * its length: what comes after stays where it belongs.
 */

/** Chunks whose audio waits for the store, so that a store that hangs costs a bounded memory. */
export const backlogMax = 10;
/** How often one chunk is offered to a store that fails, before its audio is given up. */
const attemptsMax = 3;

type Waiting = {
  /** Undefined: silence in its place. */
  samples: Int16Array | undefined;
  readonly sampleCount: number;
  readonly isLast: boolean;
};

export class ChunkOutbox {
  readonly #waiting: Waiting[] = [];
  #attempts = 0;
  #nextIndex = 0;
  #storedSamples = 0;

  /** The number of the first chunk that waits. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Interleaved samples that this life stored, silence for lost ones included. */
  get storedSamples(): number {
    return this.#storedSamples;
  }

  /** So many chunks are stored already. */
  goOnBehind(chunks: number): void {
    this.#nextIndex = chunks;
  }

  /** @returns false when the backlog is full: silence takes its place */
  add(samples: Int16Array, isLast: boolean): boolean {
    const held = this.#waiting.filter((waiting) => waiting.samples !== undefined).length;
    const isKept = held < backlogMax || isLast;
    const kept = isKept ? samples : undefined;
    this.#waiting.push({ samples: kept, sampleCount: samples.length, isLast });
    return isKept;
  }

  /** What the store gets next: a copy, so that it can be sent again. */
  next(): { readonly samples: Int16Array; readonly isLast: boolean } | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    const { samples, sampleCount, isLast } = first;
    return { samples: samples?.slice() ?? new Int16Array(sampleCount), isLast };
  }

  /** The first chunk is stored; returns whether it was the last of the recording. */
  stored(): boolean {
    const first = this.#waiting.shift();
    if (first === undefined) return false;
    this.#nextIndex += 1;
    this.#attempts = 0;
    this.#storedSamples += first.sampleCount;
    return first.isLast;
  }

  /** The store refused the first chunk; returns whether to try again at once. */
  failed(): boolean {
    this.#attempts += 1;
    if (this.#attempts < attemptsMax) return true;
    const first = this.#waiting[0];
    if (first !== undefined) first.samples = undefined;
    return false;
  }

  /** The end of the call: whatever waits is tried anew. */
  tryAnew(): void {
    this.#attempts = 0;
  }
}
