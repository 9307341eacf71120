/** Whether a peer sends more audio than time passes. */
export class FloodMeter {
  readonly #rateHz: number;
  #openedAtMs: number | undefined;
  /** Its clock may begin anywhere. */
  #firstSamples = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** @param floodMs of audio that may come ahead of its time */
  isFlooding(mediaSamples: number, nowMs: number, floodMs: number): boolean {
    if (this.#openedAtMs === undefined) {
      this.#openedAtMs = nowMs;
      this.#firstSamples = mediaSamples;
    }
    const receivedMs = ((mediaSamples - this.#firstSamples) * 1000) / this.#rateHz;
    return receivedMs > nowMs - this.#openedAtMs + floodMs;
  }
}
