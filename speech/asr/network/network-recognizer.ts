/** The `Recognizer` port over network vendors: what a thread opens its streams on. */
import type { Rng, Time } from "../../../base/ports.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { Grammar, Recognizer, RecognizerEvent, RecognizerStream } from "../recognizer.js";
import { answerMatcher } from "./answer-match.js";
import { Attempt } from "./attempt.js";
import { SocketPool } from "./socket-pool.js";
import type { Vendor } from "./vendor.js";

/** `streamsMax` is this thread's part of it. */
export type VendorLimits = Pick<
  RecognitionVendorConfig,
  "streamsMax" | "warmCount" | "connectMsMax" | "finalMsMax"
>;

export type NetworkRecognizerOptions = {
  readonly vendor: Vendor;
  readonly limits: VendorLimits;
  readonly time: Time;
  readonly rng: Rng;
};

export interface NetworkRecognizer extends Recognizer {
  close(): void;
}

/** A recogniser on one vendor. It connects when the first stream is opened. */
export function createNetworkRecognizer(options: NetworkRecognizerOptions): NetworkRecognizer {
  const { vendor, limits, time, rng } = options;
  const pool = new SocketPool({ ...limits, time, rng, idleMsMax: vendor.idleMsMax });
  return {
    ratesHz: [8000, 16_000],
    open({ grammar, rateHz }, listener) {
      const text = new AnswerText(grammar, listener);
      const { finalMsMax } = limits;
      return new Attempt({ vendor, pool, time, finalMsMax, grammar, rateHz }, (event) =>
        text.take(event),
      ) satisfies RecognizerStream;
    },
    close: () => pool.close(),
  };
}

/** Joins sentences to the text of the utterance, in the words of the grammar. */
class AnswerText {
  readonly #grammar: Grammar;
  readonly #listener: (event: RecognizerEvent) => void;
  #committed = "";

  constructor(grammar: Grammar, listener: (event: RecognizerEvent) => void) {
    this.#grammar = grammar;
    this.#listener = listener;
  }

  take(event: Parameters<ConstructorParameters<typeof Attempt>[1]>[0]): void {
    if (event.kind === "failed") return this.#listener(event);
    const whole = `${this.#committed} ${event.text}`.trim();
    if (event.kind === "committed") this.#committed = whole;
    const answer = answerMatcher(this.#grammar)(whole);
    if (event.kind !== "final") return this.#listener({ kind: "partial", ...answer });
    this.#listener({ kind: "final", text: answer.text, isRejected: answer.text === "" });
  }
}
