/**
 * The port of every voice: text in, samples out. Adapters declare their voices; what they can not
 * speak they refuse with one of the codes below, before any sound is made.
 */
import { EngineError } from "../../base/errors.js";

/** One text to speak; `language` is a BCP 47 tag such as `en-US`. */
export type SpeechRequest = {
  readonly text: string;
  readonly voice: string;
  readonly language: string;
};

/** Mono samples; whoever receives them owns them. */
export type PcmAudio = { readonly rateHz: number; readonly samples: Int16Array };

/** Why a text was not spoken. Neither message nor detail ever carries the text itself. */
export class SynthesisError extends EngineError {}

/** Turns text into speech. */
export interface Synthesizer {
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
  synthesize(request: SpeechRequest): Promise<PcmAudio>;
}
