/** Whether a stretch of sound has a pitch: vowels have one, coughs, breath and doors have none. */

/** From 75 to 400 Hz. */
const pitchHzMin = 75;
const pitchHzMax = 400;
/** Of the best lag; noise alone mostly stays below in 40 ms, vowels over noise come above. */
const voicedMin = 0.45;

/**
 * Normalised autocorrelation at the lags of a human pitch; about 30 µs for 40 ms at 8 kHz.
 *
 * @param samples 40 ms or so, at `rateHz`
 * @see Rabiner, "On the use of autocorrelation analysis for pitch detection" (1977)
 */
export function isVoiced(samples: Int16Array, rateHz: number): boolean {
  // Every second sample of wide-band audio is enough to find a pitch.
  const step = rateHz > 8000 ? 2 : 1;
  const count = Math.floor(samples.length / step);
  const lagMin = Math.floor(rateHz / step / pitchHzMax);
  const lagMax = Math.min(Math.ceil(rateHz / step / pitchHzMin), Math.floor(count / 2));
  for (let lag = lagMin; lag <= lagMax; lag += 1) {
    let product = 0;
    let first = 1;
    let second = 1;
    for (let at = 0; at + lag < count; at += 1) {
      const x = samples[at * step]!;
      const y = samples[(at + lag) * step]!;
      product += x * y;
      first += x * x;
      second += y * y;
    }
    if (product > 0 && product * product >= voicedMin * voicedMin * first * second) return true;
  }
  return false;
}
