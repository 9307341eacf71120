/** The text of an utterance as it grows: sentences that are done, and one that still changes. */
import type { WordTime } from "../recognizer.js";
import { joinTexts } from "./joined-text.js";

/** A sentence of one attempt; its times count from the attempt's first sample. */
type Sentence = {
  readonly text: string;
  readonly endMs?: number;
  readonly words?: readonly WordTime[];
  readonly confidence?: number;
  readonly language?: string;
};

export class Transcript {
  /** Where in the utterance the attempt's first sample lies. */
  readonly #baseMs: number;
  #done = "";
  #open = "";
  #words: readonly WordTime[] = [];
  /** Each with the characters it speaks for. */
  #confidences: readonly { readonly value: number; readonly weight: number }[] = [];
  #settledMs: number;
  #language: string | undefined;

  constructor(baseMs = 0) {
    this.#baseMs = this.#settledMs = baseMs;
  }

  /** Where an attempt begins that goes on from here. */
  get settledMs(): number {
    return this.#settledMs;
  }

  get done(): string {
    return this.#done;
  }

  get open(): string {
    return this.#open;
  }

  /** Times count from the first sample of the utterance. */
  get words(): readonly WordTime[] {
    return this.#words;
  }

  /** Mean of the sentences by their length; undefined when the recogniser had none. */
  get confidence(): number | undefined {
    const weight = this.#confidences.reduce((sum, one) => sum + one.weight, 0);
    if (weight === 0) return undefined;
    return this.#confidences.reduce((sum, one) => sum + one.value * one.weight, 0) / weight;
  }

  /** Of the newest sentence whose language is known. */
  get language(): string | undefined {
    return this.#language;
  }

  /** The sentence that still changes. */
  replace(text: string): void {
    this.#open = text;
  }

  commit({ text, endMs, words = [], confidence, language }: Sentence): void {
    this.#open = "";
    this.#done = joinTexts(this.#done, text);
    const shifted = words.map((word) => ({
      ...word,
      startMs: word.startMs + this.#baseMs,
      endMs: word.endMs + this.#baseMs,
    }));
    this.#words = [...this.#words, ...shifted];
    if (confidence !== undefined && text !== "") {
      this.#confidences = [...this.#confidences, { value: confidence, weight: text.length }];
    }
    if (language !== undefined && text !== "") this.#language = language;
    if (endMs !== undefined) this.#settledMs = this.#baseMs + endMs;
  }

  /** What an attempt starts from that begins at `settledMs`. */
  fork(): Transcript {
    const fork = new Transcript(this.#settledMs);
    fork.#done = this.#done;
    fork.#words = this.#words;
    fork.#confidences = this.#confidences;
    fork.#language = this.#language;
    return fork;
  }
}

/** All of it. */
export function textOf({ done, open }: Transcript): string {
  return joinTexts(done, open);
}
