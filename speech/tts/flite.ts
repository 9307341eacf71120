/**
 * The embedded English voices: CMU flite as a WebAssembly program, inside this thread, without a
 * network and without a file. It blocks its thread while it speaks, so it belongs in a pool worker
 * or in a process of its own.
 */
import { FLITE_VOICES } from "./flite-voices.js";
import { loadFlite } from "./flite-program.js";
import { packSentences } from "./sentences.js";
import { speakableText } from "./speakable-text.js";
import { SynthesisError, type PcmAudio, type SpeechRenderer } from "./synthesizer.js";

export { FLITE_VOICES };

/** Longer texts are rendered in pieces: memory then stays at that of one piece. */
const RENDER_CHARACTERS_MAX = 300;
/**
 * The longest speech of one request. Plain words never reach it, but letters and digits that are
 * spoken one by one do: 3000 of them in one piece took 28 s and 574 MB.
 */
const SPEECH_S_MAX = 180;

/**
 * Loads flite: 17 ms and 21 MB of code, once per thread that calls it.
 *
 * @throws {SynthesisError} `FLITE_UNAVAILABLE`
 */
export async function createFlite(): Promise<SpeechRenderer> {
  const speak = await loadFlite();
  return {
    name: "flite",
    voices: FLITE_VOICES,
    async synthesize({ text, voice, language, speed = 1 }) {
      requireVoice(voice);
      requireEnglish(language);
      const parts: PcmAudio[] = [];
      let durationS = 0;
      for (const part of packSentences(speakableText(text), RENDER_CHARACTERS_MAX)) {
        const pcm = await speak(part, { voice, speed });
        durationS += pcm.samples.length / pcm.rateHz;
        requireDuration(durationS, text.length);
        parts.push(pcm);
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

function requireDuration(durationS: number, characters: number): void {
  if (durationS <= SPEECH_S_MAX) return;
  throw new SynthesisError(
    "TEXT_TOO_LONG",
    `text to speak: ${characters} characters take over ${SPEECH_S_MAX} s to say, at most that is right`,
    { characters, durationSMax: SPEECH_S_MAX },
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
