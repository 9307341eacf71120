/**
 * Where the callee's audio lies on the timeline of the recording. Media time says it, sample by
 * sample; but a client that pauses without counting falls behind the wall clock for good, and its
 * offset is then moved. A network that stalled looks the same at first, and catches up in a burst:
 * so what is off by too much is held until it is clear which of the two it is.
 */

/** Off by more than this is no jitter. */
const offMsMax = 500;
/** Still off after so long: the network would have caught up. */
const holdMs = 200;
/** Held at most: what comes in one burst may be long. */
const heldMsMax = 4000;

/** A frame with its place by media time and the instant it was read, both in samples. */
type Held = {
  readonly position: number;
  readonly clockSample: number;
  readonly payload: Uint8Array;
};

export class CalleeClock {
  readonly #samplesPerMs: number;
  readonly #place: (position: number, payload: Uint8Array) => void;
  #shift = 0;
  #held: Held[] = [];

  /** @param place is given every frame once, with its final position; it must copy the payload */
  constructor(rateHz: number, place: (position: number, payload: Uint8Array) => void) {
    this.#samplesPerMs = rateHz / 1000;
    this.#place = place;
  }

  /**
   * One frame; it may be held until a later one comes, then as a copy.
   *
   * @param mediaSample its position by media time
   * @param clockSample the position of the instant at which it was read
   */
  hear(mediaSample: number, clockSample: number, payload: Uint8Array): void {
    const position = mediaSample + this.#shift;
    const isOff = Math.abs(clockSample - position) > offMsMax * this.#samplesPerMs;
    if (!isOff) {
      this.#release(0);
      return this.#place(position, payload);
    }
    this.#held.push({ position, clockSample, payload: payload.slice() });
    const first = this.#held[0]!;
    const heldSamples = Math.abs(position - first.position);
    if (clockSample - first.clockSample >= holdMs * this.#samplesPerMs) this.settle();
    else if (heldSamples >= heldMsMax * this.#samplesPerMs) this.settle();
  }

  /** Decides about what is held: its client paused. */
  settle(): void {
    const newest = this.#held.at(-1);
    if (newest !== undefined) this.#release(newest.clockSample - newest.position);
  }

  #release(moreShift: number): void {
    this.#shift += moreShift;
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const { position, payload } of held) this.#place(position + moreShift, payload);
  }
}
