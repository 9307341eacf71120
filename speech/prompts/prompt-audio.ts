/**
 * Speech → what the gateway plays by reference: the bytes of the call's codec, in shared memory, in
 * whole frames. Pure.
 *
 *     rendered   ······silence······|speech speech speech|·········silence·····
 *     prompt                    ····|speech speech speech|······ + silence up to a whole frame
 *                            lead 20 ms                tail 60 ms
 */
import {
  codecOf,
  formatKey,
  frameBytes,
  frameSamples,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import { normaliseLevel } from "../../codecs/audio/level.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { EngineError } from "../../base/errors.js";
import type { PcmAudio } from "../tts/synthesizer.js";
import { findSpeech } from "./speech-edges.js";

/** A prompt is played in frames of this length. */
export const PROMPT_FRAME_MS = 20;

/** Level of the speech in every prompt: the middle of what telephone networks expect. */
export const PROMPT_LEVEL_DBFS = -20;

/** Kept before the first speech window: onsets of consonants are quieter than the threshold. */
const LEAD_MS = 20;
/** Kept after the last one: the end of a vowel or an "s" fades below the threshold. */
const TAIL_MS = 60;
/** Both ends fade over this, so that a cut never clicks. */
const FADE_MS = 5;

/** A prompt that can not be made. */
export class PromptError extends EngineError {}

export type EncodeOptions = {
  /** Silence after the speech, for a piece that another piece follows. Default 0. */
  readonly pauseAfterMs?: number;
};

/**
 * Encodes speech for playing: edge silence trimmed, speech set to −20 dBFS RMS with peaks held
 * below −1 dBFS, resampled, encoded, filled up with silence to whole 20 ms frames.
 *
 * @param pcm any of the house's rates; it is not changed
 * @returns shared memory that nobody writes again; `frameBytes(format, 20)` divides its length
 * @throws {PromptError} `PROMPT_SILENT` when there is no sound in `pcm`
 * @throws {AudioError} `UNKNOWN_RATE`, `UNKNOWN_CODEC`
 */
export function encodePrompt(
  pcm: PcmAudio,
  format: AudioFormat,
  options: EncodeOptions = {},
): Uint8Array<SharedArrayBuffer> {
  const { rateHz } = format;
  const trimmed = trim(pcm, format);
  const resampled = resampleWhole({ fromHz: pcm.rateHz, toHz: rateHz, samples: trimmed });
  // Levelled last: resampling may raise a peak, and fewer samples are levelled at 8 kHz.
  const speech = normaliseLevel({ samples: resampled, rateHz }, { targetDbfs: PROMPT_LEVEL_DBFS });
  const codec = codecOf(format.codec);
  const pauseSamples = Math.round((format.rateHz * (options.pauseAfterMs ?? 0)) / 1000);
  const frameCount = Math.ceil(
    (speech.length + pauseSamples) / frameSamples(format.rateHz, PROMPT_FRAME_MS),
  );
  const bytes = new Uint8Array(
    new SharedArrayBuffer(frameCount * frameBytes(format, PROMPT_FRAME_MS)),
  ).fill(codec.silence);
  codec.encode(speech, bytes);
  return bytes;
}

/** How long an encoded prompt plays, in ms. */
export function promptDurationMs(audio: Uint8Array, format: AudioFormat): number {
  return (audio.length / frameBytes(format, PROMPT_FRAME_MS)) * PROMPT_FRAME_MS;
}

/** A copy of the speech alone, with its margins and fades. */
function trim({ rateHz, samples }: PcmAudio, format: AudioFormat): Int16Array {
  const span = findSpeech(samples, rateHz);
  if (span === undefined) {
    throw new PromptError(
      "PROMPT_SILENT",
      `prompt for ${formatKey(format)}: ${samples.length} samples at ${rateHz} Hz without any sound; speech is needed`,
      { samples: samples.length, rateHz },
    );
  }
  const perMs = rateHz / 1000;
  const speech = samples.slice(
    Math.max(0, span.start - LEAD_MS * perMs),
    span.end + TAIL_MS * perMs,
  );
  const fadeSamples = Math.min(FADE_MS * perMs, speech.length / 2);
  for (let i = 0; i < fadeSamples; i += 1) {
    const factor = (i + 1) / (fadeSamples + 1);
    const last = speech.length - 1 - i;
    speech[i] = speech[i]! * factor;
    speech[last] = speech[last]! * factor;
  }
  return speech;
}
