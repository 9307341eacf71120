/** The vendors of one call: a recogniser that hears the coded speech, a voice, and a store. */
import { EngineError } from "../../base/errors.js";
import type { Grammar, Recognizer, RecognizerEvent } from "../../speech/asr/recognizer.js";
import { RecognitionError, failureData } from "../../speech/asr/recognizer.js";
import type { PcmAudio, SpeechRequest } from "../../speech/tts/synthesizer.js";
import type { ThreadTime, SimLoop } from "./sim-loop.js";
import { readSpeech } from "./spoken-code.js";
import type { Fault, FaultDesk } from "./fault-plan.js";
import type { SeededRng } from "./seeded-rng.js";

/** What a caller says, by its code. */
export type Speech = { readonly text: string; readonly frames: number };

export type VendorOptions = {
  readonly loop: SimLoop;
  /** Of the shard: its callbacks wait while it is stalled. */
  readonly time: ThreadTime;
  readonly rng: SeededRng;
  readonly faults: FaultDesk;
  readonly speechOf: (code: number) => Speech | undefined;
};

/** Speaks fast, so that a call is short: milliseconds of audio per letter. */
const msPerLetter = 25;

/** How long `text` takes in our simulated voice. */
export function spokenMs(text: string): number {
  return Math.max(200, Math.ceil((text.length * msPerLetter) / 20) * 20);
}

/** The recogniser of one call. */
export function simRecognizer(options: VendorOptions): Recognizer {
  return {
    ratesHz: [8000, 16000],
    open({ grammar }, listener) {
      return new SimStream(options, grammar, options.faults.pass("asr"), listener);
    },
  };
}

class SimStream {
  readonly #options: VendorOptions;
  readonly #grammar: Grammar;
  readonly #fault: Fault | undefined;
  readonly #listener: (event: RecognizerEvent) => void;
  /** Frames heard by code, in the order of the speech. */
  readonly #heard = new Map<number, number>();
  #partial = "";
  #isOver = false;
  #isFinished = false;

  constructor(
    options: VendorOptions,
    grammar: Grammar,
    fault: Fault | undefined,
    listener: (event: RecognizerEvent) => void,
  ) {
    this.#options = options;
    this.#grammar = grammar;
    this.#fault = fault;
    this.#listener = listener;
    if (fault?.mode === "busy") this.#fail("RECOGNITION_BUSY", 0);
    if (fault?.mode === "lost") this.#fail("RECOGNITION_LOST", fault.durationMs);
  }

  write(samples: Int16Array): void {
    if (this.#fault?.mode === "throws") throw new Error("simulated: the recogniser throws");
    readSpeech(samples, (code) => this.#heard.set(code, (this.#heard.get(code) ?? 0) + 1));
    const text = this.#text();
    if (text === this.#partial || this.#isFinished) return;
    this.#partial = text;
    const event = { kind: "partial", text, isComplete: this.#isInGrammar(text) } as const;
    this.#later(this.#options.rng.int(20, 150), () => this.#listener(event));
  }

  finish(): void {
    this.#isFinished = true;
    const { rng } = this.#options;
    switch (this.#fault?.mode) {
      case "never":
        return;
      case "broken":
        return this.#fail("RECOGNITION_BROKEN", rng.int(0, 300));
      case "late":
        return this.#final(this.#text(), rng.int(1500, 6000));
      case "rejected":
        return this.#final("", rng.int(20, 300));
      case "wrong":
        return this.#final(this.#grammar.phrases[0] ?? "", rng.int(20, 300));
      default:
        return this.#final(this.#text(), rng.int(20, 300));
    }
  }

  cancel(): void {
    this.#isOver = true;
  }

  #final(text: string, delayMs: number): void {
    const isRejected = !this.#isInGrammar(text);
    const event = { kind: "final", text: isRejected ? "" : text, isRejected } as const;
    this.#later(delayMs, () => {
      this.#isOver = true;
      this.#listener(event);
    });
  }

  #fail(code: "RECOGNITION_BUSY" | "RECOGNITION_LOST" | "RECOGNITION_BROKEN", delayMs: number) {
    this.#later(delayMs, () => {
      this.#isOver = true;
      const error = failureData(new RecognitionError(code, "simulated"));
      this.#listener({ kind: "failed", error });
    });
  }

  #later(delayMs: number, run: () => void): void {
    const { loop, time } = this.#options;
    loop.world.after(delayMs, () =>
      time.soon(() => {
        if (!this.#isOver) run();
      }),
    );
  }

  /** What was said, of all that was heard by more than half. */
  #text(): string {
    const texts: string[] = [];
    for (const [code, frames] of this.#heard) {
      const speech = this.#options.speechOf(code);
      if (speech !== undefined && frames * 2 > speech.frames) texts.push(speech.text);
    }
    return this.#grammar.digits === undefined ? texts.join(" ") : joinDigits(texts);
  }

  #isInGrammar(text: string): boolean {
    const { phrases, digits } = this.#grammar;
    if (phrases.includes(text)) return true;
    if (digits === undefined || !/^\d+$/.test(text)) return false;
    return text.length >= digits.min && text.length <= digits.max;
  }
}

function joinDigits(texts: readonly string[]): string {
  return texts.every((text) => /^\d+$/.test(text)) ? texts.join("") : texts.join(" ");
}

/** Speech synthesis of one call. */
export function simSynthesize(
  { loop, rng, faults }: VendorOptions,
  { text }: SpeechRequest,
): Promise<PcmAudio> {
  const fault = faults.pass("tts");
  const delayMs = fault?.mode === "slow" ? fault.durationMs : rng.int(10, 250);
  return loop.promise((settle) => {
    if (fault?.mode === "hang") return;
    loop.world.after(delayMs, () => {
      if (fault?.mode === "fail") {
        settle.fail(new EngineError("SYNTHESIS_FAILED", "simulated: the voice fails"));
      } else settle.ok({ rateHz: 8000, samples: new Int16Array(spokenMs(text) * 8).fill(3000) });
    });
  });
}

/** The recording of one call. */
export class SimStore {
  readonly #options: VendorOptions;
  readonly #violated: (rule: string, what: string) => void;
  #chunks = 0;
  #isComplete = false;

  constructor(options: VendorOptions, violated: (rule: string, what: string) => void) {
    this.#options = options;
    this.#violated = violated;
  }

  get chunks(): number {
    return this.#chunks;
  }

  record({ index, isLast }: { readonly index: number; readonly isLast: boolean }): Promise<void> {
    return this.#answer("store", () => {
      if (this.#isComplete) this.#violated("recording", `chunk ${index} after the last`);
      if (index > this.#chunks) this.#violated("recording", `chunk ${index} of ${this.#chunks}`);
      this.#chunks = Math.max(this.#chunks, index + 1);
      this.#isComplete ||= isLast;
    });
  }

  recordedChunks(): Promise<number> {
    return this.#answer("cursor", () => this.#chunks);
  }

  #answer<T>(site: "store" | "cursor", take: () => T): Promise<T> {
    const { loop, rng, faults } = this.#options;
    const fault = faults.pass(site);
    const delayMs = fault?.mode === "slow" ? fault.durationMs : rng.int(1, 30);
    return loop.promise((settle) => {
      if (fault?.mode === "hang") return;
      loop.world.after(delayMs, () => {
        if (fault?.mode === "fail") settle.fail(new EngineError("STORE_FAILED", "simulated"));
        else settle.ok(take());
      });
    });
  }
}
