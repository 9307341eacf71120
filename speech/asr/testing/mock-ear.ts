/** What all mock vendors hear with: tone words, cut into sentences where somebody pauses. */
import { ToneListener, type HeardTone } from "./tone-words.js";

/** A pause this long ends a sentence; the gap between two words is 60 ms. */
const pauseMs = 400;

export class MockEar {
  readonly #listener: ToneListener;
  #first = 0;
  #said = "";

  constructor(rateHz: number) {
    this.#listener = new ToneListener(rateHz);
  }

  get heardMs(): number {
    return this.#listener.heardMs;
  }

  /** Words since the last sentence ended. */
  get words(): readonly HeardTone[] {
    return this.#listener.words.slice(this.#first);
  }

  get text(): string {
    return this.words.map(({ text }) => text).join(" ");
  }

  hear(samples: Int16Array): void {
    this.#listener.hear(samples);
  }

  /** Whether the text differs from that at the last call. */
  isNews(): boolean {
    const { text } = this;
    const isNews = text !== this.#said;
    this.#said = text;
    return isNews;
  }

  /** The sentence that a pause has ended, if one has. */
  takeSentence(): readonly HeardTone[] | undefined {
    const last = this.words.at(-1);
    const isOver = last !== undefined && !this.#listener.isInWord;
    if (!isOver || this.heardMs - last.endMs < pauseMs) return undefined;
    return this.#take();
  }

  /** No more audio: what is left. */
  end(): readonly HeardTone[] {
    this.#listener.end();
    return this.#take();
  }

  #take(): readonly HeardTone[] {
    const { words } = this;
    this.#first += words.length;
    this.#said = "";
    return words;
  }
}

/** 16-bit samples of a binary message; undefined when it is half a sample too long. */
export function pcmSamples(data: Buffer): Int16Array | undefined {
  return data.length % 2 === 0 ? new Int16Array(new Uint8Array(data).buffer) : undefined;
}

/** Words as one text. */
export function textOf(words: readonly HeardTone[]): string {
  return words.map(({ text }) => text).join(" ");
}
