/**
 * What comes from a vendor → what a call can play: one of the house's rates, without the silence
 * that voices put before their first sound, no longer than the text can need.
 */
import { createResampler, isForeignRateHz } from "../../../codecs/audio/resampler.js";
import { isAudioRateHz } from "../../../codecs/audio/audio-codec.js";
import { SynthesisError, type PcmAudio } from "../synthesizer.js";

/** Whom nobody hears: the level of the rounding noise that vendors send for silence. */
const silencePeak = 64;
/** Kept before the first sound: a soft consonant begins below the threshold. */
const leadMs = 20;
/** Foreign rates become this one. */
const ownRateHz = 16_000;
/** Slow speech with pauses takes 150 ms a letter, a syllable of Mandarin twice as much. */
const msPerCharacter = 400;
const marginMs = 10_000;

export type SpeechShaper = {
  /**
   * @returns samples that are the caller's; undefined while there is no sound
   * @throws {SynthesisError} `SYNTHESIS_PROTOCOL` for a rate nobody has, `SYNTHESIS_TOO_LONG`
   */
  shape(audio: PcmAudio): PcmAudio | undefined;
  /** Whether there was any sound. */
  readonly hasSound: boolean;
  /** Of what was let through. */
  readonly soundMs: number;
};

/** @param characters of the text that is spoken */
export function createShaper(characters: number): SpeechShaper {
  let resampler: ReturnType<typeof createResampler> | undefined;
  let hasSound = false;
  let soundMs = 0;
  let heardMs = 0;
  const msMax = marginMs + characters * msPerCharacter;
  const atOwnRate = ({ rateHz, samples }: PcmAudio): PcmAudio => {
    if (isAudioRateHz(rateHz)) return { rateHz, samples };
    if (!isForeignRateHz(rateHz)) {
      const message = `the vendor speaks at ${rateHz} samples per second, which cannot be converted`;
      throw new SynthesisError("SYNTHESIS_PROTOCOL", message, { rateHz });
    }
    resampler ??= createResampler({ fromHz: rateHz, toHz: ownRateHz });
    return { rateHz: ownRateHz, samples: resampler.process(samples).slice() };
  };
  return {
    shape(audio) {
      const { rateHz, samples } = atOwnRate(audio);
      heardMs += (samples.length * 1000) / rateHz;
      if (heardMs > msMax) {
        const message = `over ${msMax} ms of audio for ${characters} characters`;
        throw new SynthesisError("SYNTHESIS_TOO_LONG", message, { msMax, characters });
      }
      const start = hasSound ? 0 : firstSound(samples);
      if (start === undefined) return undefined;
      const from = hasSound ? 0 : Math.max(0, start - (leadMs * rateHz) / 1000);
      hasSound = true;
      const kept = from === 0 ? samples : samples.slice(from);
      soundMs += (kept.length * 1000) / rateHz;
      return { rateHz, samples: kept };
    },
    get hasSound() {
      return hasSound;
    },
    get soundMs() {
      return soundMs;
    },
  };
}

function firstSound(samples: Int16Array): number | undefined {
  const at = samples.findIndex((sample) => Math.abs(sample) > silencePeak);
  return at === -1 ? undefined : at;
}
