/**
 * The callee's understanding: which of the prompts it knows was just heard. It chooses among all
 * prompts of its script and the decoys; what is none of them is rejected.
 */
import { createResampler } from "../../codecs/audio/resampler.js";
import type { Grammar, Recognizer, RecognizerStream } from "../../speech/asr/recognizer.js";
import { DECOYS } from "./decoys.js";

/** What was understood of one prompt. */
export type Understood = {
  /** The prompt as the script writes it; null when it was none of them, or none can be told. */
  readonly text: string | null;
  readonly isRejected: boolean;
  /** Why nothing could be told. */
  readonly note?: string;
};

/** One prompt being listened to. */
export interface PromptListening {
  /** The next samples at the ear's rate; the caller keeps the buffer. */
  write(samples: Int16Array): void;
  /** The prompt is over; `understood` follows once, now or later. */
  finish(understood: (result: Understood) => void): void;
  /** Gives up: nothing follows. */
  cancel(): void;
}

/** What is told while a prompt is still being listened to. */
export type EarSink = {
  /** The newest hypothesis: whether it is a whole prompt. */
  partial(isComplete: boolean): void;
};

/** The prompts to choose from are at least these many, and these of them are decoys. */
export const CANDIDATES_MIN = 20;
const DECOYS_MIN = 8;

export class PromptEar {
  readonly #recognizer: Recognizer;
  readonly #grammar: Grammar;
  readonly #rateHz: number;
  readonly #promptOf: ReadonlyMap<string, string>;

  /** @param prompts those of the script; decoys are added */
  constructor(recognizer: Recognizer, prompts: readonly string[], rateHz: number) {
    this.#recognizer = recognizer;
    this.#rateHz = rateHz;
    const decoys = DECOYS.slice(0, Math.max(DECOYS_MIN, CANDIDATES_MIN - prompts.length));
    const candidates = [...new Set([...prompts, ...decoys])];
    const phrases = candidates.map(comparable);
    this.#promptOf = new Map(phrases.map((phrase, index) => [phrase, candidates[index]!]));
    this.#grammar = { language: "en-US", phrases };
  }

  /** Begins to listen to a prompt. */
  open(sink: EarSink): PromptListening {
    let result: Understood | undefined;
    let told: ((result: Understood) => void) | undefined;
    const settle = (understood: Understood): void => {
      if (result !== undefined) return;
      result = understood;
      told?.(understood);
    };
    const stream = this.#openStream((event) => {
      if (event.kind === "partial") sink.partial(event.isComplete);
      else if (event.kind === "failed") settle({ ...nothing, note: event.error.code });
      else settle(this.#judge(event.text, event.isRejected));
    });
    return {
      write: (samples) => stream.write(samples),
      cancel: () => stream.cancel(),
      finish(understood) {
        told = understood;
        if (result === undefined) stream.finish();
        else understood(result);
      },
    };
  }

  #judge(text: string, isRejected: boolean): Understood {
    const prompt = isRejected ? undefined : this.#promptOf.get(comparable(text));
    return prompt === undefined
      ? { text: null, isRejected: true }
      : { text: prompt, isRejected: false };
  }

  /** At the recogniser's own rate, or resampled to its highest. */
  #openStream(listener: Parameters<Recognizer["open"]>[1]): RecognizerStream {
    const { ratesHz } = this.#recognizer;
    const grammar = this.#grammar;
    if (ratesHz.includes(this.#rateHz)) {
      return this.#recognizer.open({ grammar, rateHz: this.#rateHz }, listener);
    }
    const rateHz = Math.max(...ratesHz);
    const stream = this.#recognizer.open({ grammar, rateHz }, listener);
    const resampler = createResampler({ fromHz: this.#rateHz, toHz: rateHz });
    return {
      write: (samples) => stream.write(resampler.process(samples)),
      finish: () => stream.finish(),
      cancel: () => stream.cancel(),
    };
  }
}

const nothing: Understood = { text: null, isRejected: false };

/** Two texts with the same words are the same prompt. */
export function comparable(text: string): string {
  return text
    .toLowerCase()
    .replace(/[’`]/g, "'")
    .replace(/[^\p{L}\p{N}' ]+/gu, " ")
    .replace(/\d/g, (digit) => ` ${digitWords[Number(digit)]!} `)
    .replace(/\s+/g, " ")
    .trim();
}

const digitWords = "zero one two three four five six seven eight nine".split(" ");
