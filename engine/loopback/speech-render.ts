/**
 * Text → the callee's speech, levelled and trimmed, with the exact place of its first and last
 * spoken sample: what turn latencies and interruptions are measured from. Blocks for tens of
 * milliseconds, so it runs in the voice thread.
 */
import { EngineError } from "../../base/errors.js";
import { normaliseLevel } from "../../codecs/audio/level.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { findSpeech } from "../../speech/prompts/speech-edges.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";
import type { CalleeVoice } from "./callee-script.js";

export type RenderRequest = {
  readonly text: string;
  readonly voice: CalleeVoice;
  readonly rateHz: number;
};

/** Speech at the asked rate; `[startSample, endSample)` is what is spoken. */
export type RenderedSpeech = {
  readonly samples: Int16Array;
  readonly startSample: number;
  readonly endSample: number;
};

/** A usual level on telephone lines. */
const LEVEL_DBFS = -20;
/** Kept around the speech, so that soft edges are not cut off. */
const MARGIN_MS = 40;

/**
 * Renders one text.
 *
 * @throws {EngineError} `CALLEE_SILENT` when the voice made no sound of it, and the synthesizer's
 */
export async function renderSpeech(
  synthesizer: SpeechRenderer,
  { text, voice, rateHz }: RenderRequest,
): Promise<RenderedSpeech> {
  const spoken = await synthesizer.synthesize({ text, voice, language: "en-US" });
  const resampled = resampleWhole({ fromHz: spoken.rateHz, toHz: rateHz, samples: spoken.samples });
  const whole = normaliseLevel({ samples: resampled, rateHz }, { targetDbfs: LEVEL_DBFS });
  const span = findSpeech(whole, rateHz);
  if (span === undefined) {
    throw new EngineError("CALLEE_SILENT", `voice ${voice} makes no sound of a text to say`, {
      voice,
      characters: text.length,
    });
  }
  const margin = (MARGIN_MS * rateHz) / 1000;
  const from = Math.max(0, span.start - margin);
  return {
    samples: whole.slice(from, span.end + margin),
    startSample: span.start - from,
    endSample: span.end - from,
  };
}
