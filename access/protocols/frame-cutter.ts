/**
 * Makes frames of one length from payloads of any length. Payloads that already are whole frames,
 * the usual case, pass through without a copy.
 */
export class FrameCutter {
  readonly #rest: Uint8Array;
  #restBytes = 0;

  constructor(frameBytes: number) {
    this.#rest = new Uint8Array(frameBytes);
  }

  /** Bytes that wait for the rest of their frame. */
  get waitingBytes(): number {
    return this.#restBytes;
  }

  /** Hands on every frame that is complete now, as views valid during the call only. */
  cut(payload: Uint8Array, take: (frame: Uint8Array) => void): void {
    const frameBytes = this.#rest.length;
    let offset = 0;
    if (this.#restBytes > 0) {
      offset = this.#fill(payload, 0);
      if (this.#restBytes < frameBytes) return;
      this.#restBytes = 0;
      take(this.#rest);
    }
    for (; offset + frameBytes <= payload.length; offset += frameBytes) {
      take(payload.subarray(offset, offset + frameBytes));
    }
    this.#fill(payload, offset);
  }

  /** Forgets what waits. */
  reset(): void {
    this.#restBytes = 0;
  }

  /** Copies as much as fits behind what waits; returns the offset after it. */
  #fill(payload: Uint8Array, offset: number): number {
    const end = Math.min(payload.length, offset + this.#rest.length - this.#restBytes);
    this.#rest.set(payload.subarray(offset, end), this.#restBytes);
    this.#restBytes += end - offset;
    return end;
  }
}
