/**
 * The embedded English voices: CMU flite as a WebAssembly program, inside this thread, without a
 * network and without a file. It blocks its thread while it speaks, so it belongs in a pool worker
 * or in a process of its own.
 */
import { loadFlite } from "./flite-program.js";
import { packSentences } from "./sentences.js";
import { speakableText } from "./speakable-text.js";
import { SynthesisError, type PcmAudio, type Synthesizer } from "./synthesizer.js";

/** slt is a woman, the others are men; kal is the smallest and oldest, at 8 kHz. */
export const FLITE_VOICES = ["slt", "rms", "awb", "kal"] as const;

/** Longer texts are rendered sentence by sentence: memory then stays at that of one sentence. */
const RENDER_CHARACTERS_MAX = 300;

/**
 * Loads flite: 17 ms and 21 MB of code, once per thread that calls it.
 *
 * @throws {SynthesisError} `FLITE_UNAVAILABLE`
 */
export async function createFlite(): Promise<Synthesizer> {
  const speak = await loadFlite();
  return {
    name: "flite",
    voices: FLITE_VOICES,
    async synthesize({ text, voice, language }) {
      requireVoice(voice);
      requireEnglish(language);
      const parts: PcmAudio[] = [];
      for (const part of packSentences(speakableText(text), RENDER_CHARACTERS_MAX)) {
        parts.push(await speak(part, voice));
      }
      return concatenate(parts);
    },
  };
}

function requireVoice(voice: string): void {
  if ((FLITE_VOICES as readonly string[]).includes(voice)) return;
  // flite itself would answer an unknown name with its default voice.
  throw new SynthesisError(
    "UNKNOWN_VOICE",
    `voice "${voice}" is not one of flite's: ${FLITE_VOICES.join(", ")}`,
    { voice, voices: FLITE_VOICES },
  );
}

function requireEnglish(language: string): void {
  if (/^en(?:-|$)/i.test(language)) return;
  throw new SynthesisError(
    "UNSUPPORTED_LANGUAGE",
    `language "${language}" is not spoken by flite, "en" (also "en-US" and the like) is`,
    { language, languages: ["en"] },
  );
}

function concatenate(parts: readonly PcmAudio[]): PcmAudio {
  const samples = new Int16Array(parts.reduce((total, part) => total + part.samples.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part.samples, at);
    at += part.samples.length;
  }
  return { rateHz: parts[0]!.rateHz, samples };
}
