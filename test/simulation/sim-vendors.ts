/** The vendors of one call: a recogniser that hears the coded speech, a voice, and a store. */
import { EngineError } from "../../base/errors.js";
import type { Grammar, RecognizerEvent, RecognizerStream } from "../../speech/asr/recognizer.js";
import { RecognitionError, failureData } from "../../speech/asr/recognizer.js";
import type { PcmAudio, SpeechRequest } from "../../speech/tts/synthesizer.js";
import type { ThreadTime, SimLoop } from "./sim-loop.js";
import { readSpeech, voiceOf } from "./spoken-code.js";
import type { Fault, FaultDesk } from "./fault-plan.js";
import type { SeededRng } from "./seeded-rng.js";

/** What a caller says, by its code. */
export type Speech = { readonly text: string; readonly frames: number };

export type VendorOptions = {
  readonly loop: SimLoop;
  readonly rng: SeededRng;
  readonly faults: FaultDesk;
  readonly speechOf: (code: number) => Speech | undefined;
};

export type StreamOptions = {
  /** Of the shard: callbacks wait while it is stalled, and die with it. */
  readonly time: ThreadTime;
  readonly grammar: Grammar;
  readonly listener: (event: RecognizerEvent) => void;
};

/** A stream of the recogniser. */
export function openStream(vendors: VendorOptions, options: StreamOptions): RecognizerStream {
  return new SimStream(vendors, options);
}

class SimStream implements RecognizerStream {
  readonly #vendors: VendorOptions;
  readonly #options: StreamOptions;
  readonly #fault: Fault | undefined;
  /** Frames heard by code, in the order of the speech. */
  readonly #heard = new Map<number, number>();
  #partial = "";
  #isOver = false;
  #isFinished = false;

  constructor(vendors: VendorOptions, options: StreamOptions) {
    this.#vendors = vendors;
    this.#options = options;
    const fault = (this.#fault = vendors.faults.pass("asr"));
    if (fault?.mode === "busy") this.#fail("RECOGNITION_BUSY", 0);
    if (fault?.mode === "lost") this.#fail("RECOGNITION_LOST", fault.durationMs);
  }

  write(samples: Int16Array): void {
    if (this.#fault?.mode === "throws") throw new Error("simulated: the recogniser throws");
    readSpeech(samples, (code) => this.#heard.set(code, (this.#heard.get(code) ?? 0) + 1));
    const text = this.#text();
    if (text === this.#partial || this.#isFinished) return;
    this.#partial = text;
    if (this.#fault?.mode === "garbage") return this.#chatter();
    const event = { kind: "partial", text, isComplete: this.#isInGrammar(text) } as const;
    this.#later(this.#vendors.rng.int(20, 150), event);
  }

  finish(): void {
    this.#isFinished = true;
    const { rng } = this.#vendors;
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
        return this.#final(this.#options.grammar.phrases[0] ?? "", rng.int(20, 300));
      case "garbage":
        return this.#final("\u0000\ufffd ".repeat(rng.int(1, 4000)), rng.int(20, 300));
      default:
        return this.#final(this.#text(), rng.int(20, 300));
    }
  }

  cancel(): void {
    this.#isOver = true;
  }

  /** Partials without sense, more than anybody could use. */
  #chatter(): void {
    for (let count = 0; count < 50; count += 1) {
      this.#later(count, { kind: "partial", text: `noise ${count}`, isComplete: count % 2 === 0 });
    }
  }

  #final(text: string, delayMs: number): void {
    const isRejected = !this.#isInGrammar(text) && this.#fault?.mode !== "garbage";
    this.#later(delayMs, { kind: "final", text: isRejected ? "" : text, isRejected });
  }

  #fail(code: "RECOGNITION_BUSY" | "RECOGNITION_LOST" | "RECOGNITION_BROKEN", delayMs: number) {
    const error = failureData(new RecognitionError(code, "simulated"));
    this.#later(delayMs, { kind: "failed", error });
  }

  #later(delayMs: number, event: RecognizerEvent): void {
    const { time, listener } = this.#options;
    this.#vendors.loop.world.after(delayMs, () =>
      time.soon(() => {
        if (this.#isOver) return;
        this.#isOver = event.kind !== "partial";
        listener(event);
      }),
    );
  }

  /** What was said, of all that was heard by more than half. */
  #text(): string {
    const texts: string[] = [];
    for (const [code, frames] of this.#heard) {
      const speech = this.#vendors.speechOf(code);
      if (speech !== undefined && frames * 2 > speech.frames) texts.push(speech.text);
    }
    return this.#options.grammar.digits === undefined ? texts.join(" ") : joinDigits(texts);
  }

  #isInGrammar(text: string): boolean {
    const { phrases, digits } = this.#options.grammar;
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
      } else settle.ok(fault?.mode === "garbage" ? noise(text) : voiceOf(text));
    });
  });
}

/** Audio of another rate, none, or the half of a frame: all of it may come from a vendor. */
function noise(text: string): PcmAudio {
  const rateHz = [8000, 16_000, 24_000][text.length % 3]!;
  const samples = text.length % 4 === 0 ? 0 : text.length * 113;
  return { rateHz, samples: new Int16Array(samples).fill(3000) };
}
