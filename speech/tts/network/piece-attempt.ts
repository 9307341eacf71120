/**
 * One attempt to have one piece spoken by one voice: its segments one after the other, each shaped,
 * watched and made louder or softer; pauses are silence of ours.
 *
 *     line ─▶ shaper (rate, leading silence) ─▶ gain ─▶ listener       deadlines: first sound, gap
 */
import type { ErrorData } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import type { Segment } from "../ssml/speech-piece.js";
import {
  failureData,
  SynthesisError,
  type PcmAudio,
  type SpeechStream,
  type SynthesisCode,
} from "../synthesizer.js";
import { createShaper, type SpeechShaper } from "./speech-shaper.js";
import type { PieceSink, SpokenPiece, VoiceLine } from "./voice-line.js";

export type AttemptEvent =
  | { readonly kind: "audio"; readonly audio: PcmAudio }
  | { readonly kind: "end"; readonly firstSoundMs: number }
  | { readonly kind: "failed"; readonly error: ErrorData };

export type AttemptOptions = {
  readonly line: VoiceLine;
  readonly segments: readonly Segment[];
  /** The vendor's name of the voice. */
  readonly voice: string;
  readonly language: string;
  /** Of the vendor's configuration; multiplies that of the segments. */
  readonly speed: number;
  readonly firstSoundMsMax: number;
  readonly stallMsMax: number;
  readonly time: Time;
};

/** A pause in the rate of the speech beside it, or in this one. */
const pauseRateHz = 16_000;

export class PieceAttempt implements SpeechStream {
  readonly #options: AttemptOptions;
  readonly #listener: (event: AttemptEvent) => void;
  readonly #beganAtMs: number;
  #index = 0;
  #spoken: SpokenPiece | undefined;
  #deadline: Timer | undefined;
  #rateHz = pauseRateHz;
  #firstSoundMs: number | undefined;
  #isOver = false;

  /** Never throws, and never calls `listener` before it has returned. */
  constructor(options: AttemptOptions, listener: (event: AttemptEvent) => void) {
    this.#options = options;
    this.#listener = listener;
    this.#beganAtMs = options.time.nowMs();
    const [first] = options.segments;
    if (first?.kind === "speech") this.#next();
    else options.time.soon(() => this.#next());
  }

  /** Whether anything was given that can be heard. */
  get hasSound(): boolean {
    return this.#firstSoundMs !== undefined;
  }

  cancel(): void {
    this.#end();
  }

  #next(): void {
    if (this.#isOver) return;
    const { segments } = this.#options;
    const segment = segments[this.#index];
    this.#index += 1;
    if (segment === undefined) {
      this.#end();
      return this.#listener({ kind: "end", firstSoundMs: this.#firstSoundMs ?? 0 });
    }
    if (segment.kind === "speech") return this.#speak(segment);
    this.#pause(segment.pauseMs);
    this.#next();
  }

  #pause(pauseMs: number): void {
    const samples = new Int16Array(Math.round((this.#rateHz * pauseMs) / 1000));
    this.#listener({ kind: "audio", audio: { rateHz: this.#rateHz, samples } });
  }

  #speak(segment: Extract<Segment, { kind: "speech" }>): void {
    const { line, voice, language, speed, firstSoundMsMax } = this.#options;
    const { text, ssml } = segment;
    const shaper = createShaper(text.length);
    this.#arm(firstSoundMsMax, "no sound");
    const sink: PieceSink = {
      audio: (audio) => this.#guard(() => this.#hear(audio, shaper, segment.gain)),
      end: () => this.#segmentEnded(shaper),
      fail: (code, message, detail) => this.#fail(new SynthesisError(code, message, detail)),
    };
    const piece = { text, voice, language: segment.language ?? language, pitch: segment.pitch };
    const asked = { ...piece, speed: speed * segment.speed };
    this.#spoken = line.speak(ssml === undefined ? asked : { ...asked, ssml }, sink);
  }

  #hear(audio: PcmAudio, shaper: SpeechShaper, gain: number): void {
    if (this.#isOver) return;
    const { time, stallMsMax } = this.#options;
    const shaped = shaper.shape(audio);
    if (shaped === undefined) return;
    this.#firstSoundMs ??= time.nowMs() - this.#beganAtMs;
    this.#arm(stallMsMax, "a gap in the speech");
    this.#rateHz = shaped.rateHz;
    if (gain !== 1) amplify(shaped.samples, gain);
    this.#listener({ kind: "audio", audio: shaped });
  }

  #segmentEnded(shaper: SpeechShaper): void {
    if (this.#isOver) return;
    this.#spoken = undefined;
    if (shaper.hasSound) return this.#next();
    const message = "the voice ended without any sound";
    this.#fail(new SynthesisError("SYNTHESIS_SILENT", message));
  }

  /** From now on: something within so long. */
  #arm(msMax: number, what: string): void {
    this.#deadline?.cancel();
    this.#deadline = this.#options.time.after(msMax, () => {
      const message = `${what} for ${msMax} ms`;
      this.#fail(
        new SynthesisError("SYNTHESIS_STALLED" satisfies SynthesisCode, message, { msMax }),
      );
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#listener({ kind: "failed", error: failureData(thrown) });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#spoken?.cancel();
    this.#spoken = undefined;
  }
}

/** In place; peaks are cut at full scale. */
function amplify(samples: Int16Array, gain: number): void {
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i]! * gain)));
  }
}
