/** What callers sound like: synthesized speech on a telephone line, prepared before the run. */
import { encodeMulaw } from "../../codecs/audio/g711.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { createFlite } from "../../speech/tts/flite.js";
import type { Clip } from "../load/messages.js";

const rateHz = 8000;
const frameSamples = 160;
/** A line is never at zero: noise of a few units. */
const noiseLoudness = 3;

/** One second of a line on which nobody speaks. */
export function silenceClip(): Clip {
  return { name: "silence", audio: toMulaw(new Int16Array(rateHz)) };
}

const sentences = [
  ["rms", "I would like to know what it costs before I decide."],
  ["slt", "Could you call me again tomorrow, after lunch?"],
  ["awb", "Yes, that is fine with me, thank you very much."],
  ["rms", "No, I never ordered that, and I told your colleague so."],
  ["slt", "My sister lives there, she can take it in."],
] as const;

/** Sentences of two to three seconds, in different voices. */
export async function speechClips(): Promise<Clip[]> {
  const flite = await createFlite();
  const clips: Clip[] = [];
  for (const [voice, text] of sentences) {
    const pcm = await flite.synthesize({ text, voice, language: "en-US" });
    const samples = resampleWhole({ fromHz: pcm.rateHz, toHz: rateHz, samples: pcm.samples });
    clips.push({ name: text, audio: toMulaw(samples) });
  }
  return clips;
}

/** Samples at 8 kHz over the noise of the line, as whole frames of μ-law. */
export function toMulaw(samples: Int16Array): Uint8Array {
  const whole = Math.ceil(samples.length / frameSamples) * frameSamples;
  const noisy = new Int16Array(whole);
  let state = 12_345;
  for (let at = 0; at < whole; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const noise = Math.round((state / 0x7fff_ffff - 0.5) * 2 * noiseLoudness);
    noisy[at] = Math.max(-32_768, Math.min(32_767, (samples[at] ?? 0) + noise));
  }
  const audio = new Uint8Array(whole);
  encodeMulaw(noisy, audio);
  return audio;
}
