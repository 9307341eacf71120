/**
 * Audio of one stretch of speech, kept in case the recogniser must hear it again. It grows by
 * blocks, so that a frame costs a copy and no array of its own.
 */

/** A second at 16 kHz. */
const blockSamples = 16_000;

export class KeptAudio {
  readonly #samplesMax: number;
  #blocks: Int16Array[] = [];
  #sampleCount = 0;

  /** @param samplesMax what would go beyond is not kept */
  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax;
  }

  /** Copies `samples` behind the others. */
  add(samples: Int16Array): void {
    if (this.#sampleCount + samples.length > this.#samplesMax) return;
    let taken = 0;
    while (taken < samples.length) {
      const at = this.#sampleCount % blockSamples;
      if (at === 0) this.#blocks.push(new Int16Array(blockSamples));
      const count = Math.min(samples.length - taken, blockSamples - at);
      // Nearly every frame fits whole, and needs no view.
      const isWhole = count === samples.length;
      this.#blocks.at(-1)!.set(isWhole ? samples : samples.subarray(taken, taken + count), at);
      this.#sampleCount += count;
      taken += count;
    }
  }

  /** Visits all of it, in order; the views are valid during the visit. */
  visit(see: (samples: Int16Array) => void): void {
    let left = this.#sampleCount;
    for (const block of this.#blocks) {
      see(block.subarray(0, left));
      left -= Math.min(left, blockSamples);
    }
  }

  clear(): void {
    this.#blocks = [];
    this.#sampleCount = 0;
  }
}
