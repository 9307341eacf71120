/**
 * Credits of streamed speech on their way back to the shard. They go in packs, so that they cost a
 * message per 200 ms, not per frame; a pack is of one utterance, so that whoever begins anew takes
 * no credit for what it has not sent.
 */
const packFrames = 10;

export class CreditPack {
  readonly #tell: (frames: number, utterance: number) => void;
  #frames = 0;
  #utterance = 0;

  constructor(tell: (frames: number, utterance: number) => void) {
    this.#tell = tell;
  }

  /** So many frames of the utterance were played, or dropped. */
  add(frames: number, utterance: number): void {
    if (utterance !== this.#utterance) this.#send();
    this.#utterance = utterance;
    this.#frames += frames;
    if (this.#frames >= packFrames) this.#send();
  }

  /** So many frames will be sent once more: their credits were given already. */
  takeBack(frames: number): void {
    this.#frames -= frames;
  }

  /** Nobody is there any more to whom they could be given. */
  forget(): void {
    this.#frames = 0;
  }

  #send(): void {
    const frames = this.#frames;
    if (frames <= 0) return;
    this.#frames = 0;
    this.#tell(frames, this.#utterance);
  }
}
