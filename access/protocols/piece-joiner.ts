/** Joins frames to pieces of a least length, for peers that play shorter ones with gaps. */
export class PieceJoiner {
  readonly #piece: Uint8Array;
  readonly #silence: number;
  #bytes = 0;

  /** @param silence the byte that fills up the last piece */
  constructor(pieceBytes: number, silence: number) {
    this.#piece = new Uint8Array(pieceBytes);
    this.#silence = silence;
  }

  /**
   * Adds a frame; returns a piece when one is full, valid until the next call.
   *
   * @param frame divides a piece's length, or is longer: then it is a piece itself
   */
  add(frame: Uint8Array): Uint8Array | undefined {
    if (frame.length >= this.#piece.length) return frame;
    this.#piece.set(frame, this.#bytes);
    this.#bytes += frame.length;
    if (this.#bytes + frame.length <= this.#piece.length) return undefined;
    return this.#take();
  }

  /** What waits, filled up with silence. */
  rest(): Uint8Array | undefined {
    if (this.#bytes === 0) return undefined;
    this.#piece.fill(this.#silence, this.#bytes);
    this.#bytes = this.#piece.length;
    return this.#take();
  }

  reset(): void {
    this.#bytes = 0;
  }

  #take(): Uint8Array {
    const piece = this.#piece.subarray(0, this.#bytes);
    this.#bytes = 0;
    return piece;
  }
}
