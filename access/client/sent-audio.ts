/**
 * The newest frames of a caller, kept in case they are lost with the connection: those that were on
 * their way, and those spoken while there was none. One ring of memory, made once.
 */
export class SentAudio {
  readonly #frameBytes: number;
  readonly #framesMax: number;
  readonly #memory: Uint8Array;
  readonly #samples: Float64Array;
  /** Frames ever added. */
  #added = 0;
  /** How many of them were sent once. */
  #sent = 0;

  constructor(frameBytes: number, framesMax: number) {
    this.#frameBytes = frameBytes;
    this.#framesMax = framesMax;
    this.#memory = new Uint8Array(frameBytes * framesMax);
    this.#samples = new Float64Array(framesMax);
  }

  /** Keeps a copy of a frame; the oldest makes room. */
  add(payload: Uint8Array, mediaSamples: number, isSent: boolean): void {
    if (this.#framesMax > 0) {
      const index = this.#added % this.#framesMax;
      this.#memory.set(payload, index * this.#frameBytes);
      this.#samples[index] = mediaSamples;
    }
    this.#added += 1;
    if (isSent) this.#sent = this.#added;
  }

  /** Visits the frames that were never sent, oldest first; they count as sent then. */
  takeUnsent(visit: (payload: Uint8Array, mediaSamples: number) => void): void {
    this.#visit(this.#sent, () => true, visit);
  }

  /**
   * Visits the frames that did not arrive, oldest first.
   *
   * @param receivedTime media time up to which they did, its lowest 32 bits; undefined: none did
   */
  takeFrom(
    receivedTime: number | undefined,
    visit: (payload: Uint8Array, mediaSamples: number) => void,
  ): void {
    const isMissing = (samples: number): boolean =>
      receivedTime === undefined || isAtOrAfter(samples, receivedTime);
    this.#visit(0, isMissing, visit);
  }

  #visit(
    from: number,
    isWanted: (samples: number) => boolean,
    visit: (payload: Uint8Array, mediaSamples: number) => void,
  ): void {
    const first = Math.max(from, this.#added - this.#framesMax);
    for (let number = first; number < this.#added; number += 1) {
      const index = number % this.#framesMax;
      const samples = this.#samples[index]!;
      if (!isWanted(samples)) continue;
      const offset = index * this.#frameBytes;
      visit(this.#memory.subarray(offset, offset + this.#frameBytes), samples);
    }
    this.#sent = this.#added;
  }
}

/** Compares full media time with the lowest 32 bits of another, which lies near it. */
function isAtOrAfter(samples: number, time: number): boolean {
  const ahead = (((samples - time) % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000;
  return ahead < 0x8000_0000;
}
