/** Where in a recording the speech begins and ends. Pure; mono samples, in 10 ms windows. */

const WINDOW_MS = 10;
/** A window this far below the loudest is no speech: the level of breath and final consonants. */
const SPEECH_RANGE_DB = 40;
/** Below this a signal is silence, however quiet the rest: the rounding noise of 16 bits. */
const SILENCE_DBFS = -70;

/** Where the speech is, in samples from the start: `start` inclusive, `end` exclusive. */
export type SpeechSpan = { readonly start: number; readonly end: number };

/** The span from the first to the last window with speech, or undefined when all is silence. */
export function findSpeech(samples: Int16Array, rateHz: number): SpeechSpan | undefined {
  const windowSamples = Math.max(1, Math.round((rateHz * WINDOW_MS) / 1000));
  const powers = windowPowers(samples, windowSamples);
  const loudest = powers.reduce((max, power) => Math.max(max, power), 0);
  const threshold = Math.max(loudest * fromDb(-SPEECH_RANGE_DB), fromDb(SILENCE_DBFS));
  const first = powers.findIndex((power) => power >= threshold);
  if (first === -1) return undefined;
  const last = powers.findLastIndex((power) => power >= threshold);
  return {
    start: first * windowSamples,
    end: Math.min(samples.length, (last + 1) * windowSamples),
  };
}

/** Mean square per window, full scale = 1; the last window may be short. */
function windowPowers(samples: Int16Array, windowSamples: number): number[] {
  const powers: number[] = [];
  for (let from = 0; from < samples.length; from += windowSamples) {
    const to = Math.min(samples.length, from + windowSamples);
    let sum = 0;
    for (let i = from; i < to; i += 1) sum += samples[i]! * samples[i]!;
    powers.push(sum / (to - from) / 32768 ** 2);
  }
  return powers;
}

function fromDb(levelDb: number): number {
  return 10 ** (levelDb / 10);
}
