/**
 * Mel-frequency cepstra of the voiced parts of speech at 8 kHz: the shape of a vocal tract, 100
 * times a second.
 *
 *     25 ms window → spectrum → 24 mel bands → log → cosine transform → 19 coefficients
 *
 * @see Davis and Mermelstein 1980
 */
import { createResampler } from "../../codecs/audio/resampler.js";

export const cepstraRateHz = 8000;
export const cepstraCount = 19;
const windowSamples = 200;
const hopSamples = 80;
export const hopMs = 10;
const fftSize = 256;
const bandCount = 24;
const lowHz = 150;
/** The telephone's own edge is above: what lies there is the line. */
const highHz = 3600;
/** Voice is what is within this of the loudest, and above the floor by some. */
const belowLoudestDb = 30;
const aboveFloorDb = 6;

const hamming = Float64Array.from({ length: windowSamples }, (_, index) => {
  return 0.54 - 0.46 * Math.cos((2 * Math.PI * index) / (windowSamples - 1));
});
const bands = melBands();
const cosines = Array.from({ length: cepstraCount }, (_, row) =>
  Float64Array.from({ length: bandCount }, (_band, band) =>
    Math.cos((Math.PI * (row + 1) * (band + 0.5)) / bandCount),
  ),
);

export type VoicedCepstra = {
  /** One row of coefficients for every 10 ms with voice. */
  readonly rows: readonly Float64Array[];
  /** From the pauses to the loud parts. */
  readonly snrDb: number;
};

export function voicedCepstra(samples: Int16Array, rateHz: number): VoicedCepstra {
  const narrow = rateHz === cepstraRateHz ? samples : resampled(samples, rateHz);
  const frames: { readonly levelDb: number; readonly row: Float64Array }[] = [];
  for (let at = 0; at + windowSamples <= narrow.length; at += hopSamples) {
    frames.push(cepstraAt(narrow, at));
  }
  const levels = frames.map(({ levelDb }) => levelDb).sort((a, b) => a - b);
  const loudest = levels[Math.floor(levels.length * 0.95)] ?? 0;
  const floor = levels[Math.floor(levels.length * 0.1)] ?? 0;
  const least = Math.max(loudest - belowLoudestDb, Math.min(floor + aboveFloorDb, loudest - 10));
  const rows = frames.filter(({ levelDb }) => levelDb >= least).map(({ row }) => row);
  return { rows, snrDb: loudest - floor };
}

function resampled(samples: Int16Array, rateHz: number): Int16Array {
  const resampler = createResampler({ fromHz: rateHz, toHz: cepstraRateHz });
  return resampler.process(samples).slice();
}

function cepstraAt(samples: Int16Array, at: number) {
  const real = new Float64Array(fftSize);
  const imaginary = new Float64Array(fftSize);
  let energy = 1;
  for (let index = 0; index < windowSamples; index += 1) {
    const sample = samples[at + index] ?? 0;
    energy += sample * sample;
    // High frequencies are faint in speech: they are lifted.
    const lifted = sample - 0.97 * (samples[at + index - 1] ?? 0);
    real[index] = lifted * (hamming[index] ?? 0);
  }
  transform(real, imaginary);
  const logs = bands.map((band) => {
    let sum = 1;
    for (const [bin, weight] of band) {
      sum += weight * ((real[bin] ?? 0) ** 2 + (imaginary[bin] ?? 0) ** 2);
    }
    return Math.log(sum);
  });
  const row = Float64Array.from(cosines, (cosine) =>
    cosine.reduce((sum, value, band) => sum + value * (logs[band] ?? 0), 0),
  );
  return { levelDb: 10 * Math.log10(energy / windowSamples), row };
}

/** Triangles, evenly spaced on the mel scale: the bins of each with their weights. */
function melBands(): [bin: number, weight: number][][] {
  const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
  const hertz = (at: number): number => 700 * (10 ** (at / 2595) - 1);
  const [low, high] = [mel(lowHz), mel(highHz)];
  const step = (high - low) / (bandCount + 1);
  const edge = (index: number): number => (hertz(low + index * step) * fftSize) / cepstraRateHz;
  return Array.from({ length: bandCount }, (_, band) => {
    const [from, peak, to] = [edge(band), edge(band + 1), edge(band + 2)];
    const bins: [number, number][] = [];
    for (let bin = Math.ceil(from); bin < to; bin += 1) {
      const weight = bin <= peak ? (bin - from) / (peak - from) : (to - bin) / (to - peak);
      bins.push([bin, weight]);
    }
    return bins;
  });
}

/** Fast Fourier transform in place, radix 2. @see Cooley and Tukey 1965 */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let index = 1, swapped = 0; index < size; index += 1) {
    let bit = size >> 1;
    for (; (swapped & bit) !== 0; bit >>= 1) swapped ^= bit;
    swapped ^= bit;
    if (index >= swapped) continue;
    [real[index], real[swapped]] = [real[swapped]!, real[index]!];
    [imaginary[index], imaginary[swapped]] = [imaginary[swapped]!, imaginary[index]!];
  }
  for (let half = 1; half < size; half *= 2) {
    for (let start = 0; start < size; start += 2 * half) {
      for (let offset = 0; offset < half; offset += 1) {
        const angle = (-Math.PI * offset) / half;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        const [one, other] = [start + offset, start + offset + half];
        const re = real[other]! * cos - imaginary[other]! * sin;
        const im = real[other]! * sin + imaginary[other]! * cos;
        real[other] = real[one]! - re;
        imaginary[other] = imaginary[one]! - im;
        real[one]! += re;
        imaginary[one]! += im;
      }
    }
  }
}
