/**
 * The port of every voice: text in, samples out, as they come. What cannot be spoken is refused
 * with one of the codes below.
 */
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";

/** One text to speak; `language` is a BCP 47 tag such as `en-US`. */
export type SpeechRequest = {
  readonly text: string;
  readonly voice: string;
  readonly language: string;
};

/** Mono samples; whoever receives them owns them. */
export type PcmAudio = { readonly rateHz: number; readonly samples: Int16Array };

export type SpeechEvent =
  /** The next samples, at one of the house's rates. */
  | { readonly kind: "audio"; readonly audio: PcmAudio }
  /** A `mark` of the text: what was given until now lies before it. */
  | { readonly kind: "mark"; readonly name: string }
  /** All of it was given. `isStandIn`: not by the first of the voices that speak it. */
  | { readonly kind: "end"; readonly isStandIn?: boolean }
  /** Nobody can speak it; what was given already stays as it is. */
  | { readonly kind: "failed"; readonly error: ErrorData };

/** Speech that is being made. */
export interface SpeechStream {
  /** Nothing comes any more. Twice, or at the end, does nothing. */
  cancel(): void;
}

/** Turns text into speech. */
export interface Synthesizer {
  /** Begins at once. Never throws, and never calls `listener` before it has returned. */
  open(request: SpeechRequest, listener: (event: SpeechEvent) => void): SpeechStream;
}

/** Why a text was not spoken. Neither message nor detail ever carries the text itself. */
export class SynthesisError extends EngineError {}

/** Why a voice on the network, or one in a process of its own, failed. */
export type SynthesisCode =
  /** No connection: refused, no TLS, no answer in time. */
  | "SYNTHESIS_UNAVAILABLE"
  /** Cut off in the middle of the speech. */
  | "SYNTHESIS_LOST"
  /** No sound in time, or a gap in it. */
  | "SYNTHESIS_STALLED"
  /** What it sent cannot be read. */
  | "SYNTHESIS_PROTOCOL"
  /** It reports an error of its own. */
  | "SYNTHESIS_VENDOR"
  | "SYNTHESIS_DENIED"
  | "SYNTHESIS_QUOTA"
  /** It does not want this request. */
  | "SYNTHESIS_REFUSED"
  /** All that may be spoken at once is. */
  | "SYNTHESIS_BUSY"
  /** More audio than the text could need. */
  | "SYNTHESIS_TOO_LONG"
  /** It ended without any sound. */
  | "SYNTHESIS_SILENT"
  /** None of the voices speaks this language. */
  | "SYNTHESIS_NO_VOICE";

/** `speed` multiplies the pace of the voice; 1 when left out. */
export type RenderRequest = SpeechRequest & { readonly speed?: number };

/** Turns a whole text into samples at once, in this thread: what embedded voices do. */
export interface SpeechRenderer {
  /** For logs and metrics, e.g. `flite`. */
  readonly name: string;
  /** The voices that `synthesize` accepts. */
  readonly voices: readonly string[];
  /**
   * Speaks one text.
   *
   * @throws {SynthesisError} `NOTHING_SPEAKABLE`, `TEXT_TOO_LONG`, `UNKNOWN_VOICE`,
   *   `UNSUPPORTED_LANGUAGE`, or `SYNTHESIS_FAILED` when the engine underneath broke.
   */
  synthesize(request: RenderRequest): Promise<PcmAudio>;
}

/** Whatever went wrong as data of a `failed` event; what is not ours becomes `SYNTHESIS_VENDOR`. */
export function failureData(thrown: unknown): ErrorData {
  if (thrown instanceof EngineError) return toErrorData(thrown);
  const message = thrown instanceof Error ? thrown.message : "unknown";
  return toErrorData(new SynthesisError("SYNTHESIS_VENDOR", message, {}, { cause: thrown }));
}
