/**
 * Media time of what a client sends: it counts what was sent and jumps over pauses, because a
 * caller who is silent for a while sends nothing but time goes on.
 */
export class MediaClock {
  readonly #frameMs: number;
  #startMs: number | undefined;
  #nextMs = 0;

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
  }

  /** Media time of a frame that was due then, in whole frames, as ms since the first frame. */
  take(dueMs: number): number {
    this.#startMs ??= dueMs;
    const wallMs = Math.floor((dueMs - this.#startMs) / this.#frameMs) * this.#frameMs;
    // A frame or two of difference is jitter of the sender's timer, not a pause.
    const atMs = wallMs > this.#nextMs + 2 * this.#frameMs ? wallMs : this.#nextMs;
    this.#nextMs = atMs + this.#frameMs;
    return atMs;
  }
}
