/** Real speech for tests: flite's voices, at 16 kHz or as a telephone would carry it. */
import { describe } from "vitest";
import { decodeMulaw, encodeMulaw } from "../../codecs/audio/g711.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import { createFlite } from "../../speech/tts/flite.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";

/** Voices that a recogniser understands well; `kal` is understood six times of ten. */
export const clearVoices = ["slt", "rms", "awb"] as const;

let flite: Promise<SpeechRenderer> | undefined;
const spoken = new Map<string, Int16Array>();

/** `text` at 16 kHz between 200 ms of a quiet room. Rendered once per process. */
export async function speak(voice: string, text: string): Promise<Int16Array> {
  const known = spoken.get(`${voice} ${text}`);
  if (known !== undefined) return known;
  flite ??= createFlite();
  const pcm = await (await flite).synthesize({ text, voice, language: "en-US" });
  const speech = resampleWhole({ fromHz: pcm.rateHz, toHz: 16_000, samples: pcm.samples });
  const samples = quietRoom(3200 + speech.length + 3200);
  speech.forEach((sample, index) => (samples[3200 + index]! += sample));
  spoken.set(`${voice} ${text}`, samples);
  return samples;
}

/** The same at 8 kHz, through μ-law and back. */
export function throughTelephone(samples: Int16Array): Int16Array {
  const narrow = resampleWhole({ fromHz: 16_000, toHz: 8000, samples }).slice();
  const bytes = new Uint8Array(narrow.length);
  encodeMulaw(narrow, bytes);
  decodeMulaw(bytes, narrow);
  return narrow;
}

/** Noise of a few units, the same in every run: real lines are never at zero. */
export function quietRoom(count: number, loudness = 3): Int16Array {
  let state = 12_345;
  return Int16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.round((state / 0x7fff_ffff - 0.5) * 2 * loudness);
  });
}

/**
 * `describe` for what needs PocketSphinx. Where it is absent the tests are skipped, loudly; where
 * the environment says `VOXTREE_REQUIRE=pocketsphinx` they run, and fail.
 */
export function describeWithPocketSphinx(name: string, body: () => void): void {
  const available = isPocketSphinxAvailable();
  const isRequired = (process.env["VOXTREE_REQUIRE"] ?? "").includes("pocketsphinx");
  if (!available.ok && !isRequired) {
    console.warn(`SKIPPED "${name}": ${available.why}. Install with: ${available.install}`);
  }
  describe.skipIf(!available.ok && !isRequired)(name, body);
}
