/**
 * Cuts decoded audio of any size into frames of one size: peers send 10, 20 or 60 ms, and the VAD
 * wants 20. A payload that is one frame passes without a copy.
 */

export class FrameCutter {
  readonly #frame: Int16Array;
  readonly #size: number;
  #filled = 0;

  /** @param frameSamples samples of one frame */
  constructor(frameSamples: number) {
    this.#frame = new Int16Array(frameSamples);
    this.#size = frameSamples;
  }

  /**
   * Visits every whole frame, oldest first; the rest waits for the next call.
   *
   * @param samples the caller's; visited frames are views, valid during the visit
   */
  cut(samples: Int16Array, visit: (frame: Int16Array) => void): void {
    const size = this.#size;
    if (samples.length === size && this.#filled === 0) return visit(samples);
    let offset = 0;
    if (this.#filled > 0) {
      offset = Math.min(size - this.#filled, samples.length);
      this.#frame.set(samples.subarray(0, offset), this.#filled);
      this.#filled += offset;
      if (this.#filled < size) return;
      this.#filled = 0;
      visit(this.#frame);
    }
    for (; offset + size <= samples.length; offset += size) {
      visit(samples.subarray(offset, offset + size));
    }
    this.#frame.set(samples.subarray(offset));
    this.#filled = samples.length - offset;
  }
}
