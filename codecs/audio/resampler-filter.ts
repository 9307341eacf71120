/**
 * The low-pass of the resampler, cut into phases. The passband ends at 85 % of the lower Nyquist
 * frequency (3.4 kHz of 4, as the telephone has it); at the Nyquist frequency itself the stopband
 * has begun, so nothing is folded into the audible part, nor into the skirt.
 *
 * @see J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function" (1974)
 */

/** A filter by phases: `taps[phase * tapsPerPhase + i]` weighs the i-th oldest input. */
export type Polyphase = {
  readonly interpolation: number;
  readonly decimation: number;
  readonly taps: Float64Array;
  /** Even; unused places are zero. */
  readonly tapsPerPhase: number;
  readonly delayInputSamples: number;
  readonly delayOutputSamples: number;
  readonly delayMs: number;
};

/** Where the passband ends, as a part of the lower Nyquist frequency. */
export const PASSBAND_PART = 0.85;

/** Design attenuation; 50 dB are promised, the rest is margin for the window's approximation. */
const STOPBAND_DB = 60;

/** 11025 to 48000 has 640 by 147; between our own rates it is 6 at most. */
const CLOSE_PRODUCT_MAX = 100;

const designs = new Map<string, Polyphase>();

/** The filter from one rate to a different one, both in Hz; designed at first use, then shared. */
export function designPolyphase(fromHz: number, toHz: number): Polyphase {
  const key = `${fromHz}/${toHz}`;
  const design = designs.get(key) ?? splitPhases(fromHz, toHz);
  designs.set(key, design);
  return design;
}

function splitPhases(fromHz: number, toHz: number): Polyphase {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const interpolation = toHz / divisor;
  const decimation = fromHz / divisor;
  // Between rates far from one another a delay that is whole on both sides would be half a second.
  const isClose = interpolation * decimation <= CLOSE_PRODUCT_MAX;
  const half = halfLength(fromHz, toHz, isClose ? interpolation * decimation : decimation);
  const prototype = lowPass(fromHz, toHz, half);
  const longest = Math.ceil(prototype.length / interpolation);
  const tapsPerPhase = longest + (longest % 2);
  const taps = new Float64Array(interpolation * tapsPerPhase);
  for (let phase = 0; phase < interpolation; phase += 1) {
    const ofPhase: number[] = [];
    for (let at = phase; at < prototype.length; at += interpolation) ofPhase.push(prototype[at]!);
    // Each phase passes a constant unchanged; else a constant would become a tone.
    const sum = ofPhase.reduce((total, tap) => total + tap, 0);
    ofPhase.forEach((tap, age) => {
      taps[(phase + 1) * tapsPerPhase - 1 - age] = tap / sum;
    });
  }
  const delayInputSamples = half / interpolation;
  const delayOutputSamples = half / decimation;
  const delayMs = (delayInputSamples * 1000) / fromHz;
  return {
    interpolation,
    decimation,
    taps,
    tapsPerPhase,
    delayInputSamples,
    delayOutputSamples,
    delayMs,
  };
}

/** Taps on either side of the middle: Kaiser's estimate, made a multiple so the delay is whole. */
function halfLength(fromHz: number, toHz: number, multiple: number): number {
  const nyquistHz = Math.min(fromHz, toHz) / 2;
  const transition =
    (2 * Math.PI * nyquistHz * (1 - PASSBAND_PART)) / leastCommonMultiple(fromHz, toHz);
  const order = (STOPBAND_DB - 7.95) / (2.285 * transition);
  return Math.ceil(order / 2 / multiple) * multiple;
}

/** The windowed sinc at the common rate, `2 * half + 1` taps around the middle. */
function lowPass(fromHz: number, toHz: number, half: number): Float64Array {
  const nyquistHz = Math.min(fromHz, toHz) / 2;
  const cutoffHz = (nyquistHz * (1 + PASSBAND_PART)) / 2;
  const cutoff = (2 * cutoffHz) / leastCommonMultiple(fromHz, toHz);
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  return Float64Array.from({ length: 2 * half + 1 }, (_, index) => {
    const distance = index - half;
    const part = distance / (half + 1);
    const window = besselI0(beta * Math.sqrt(1 - part * part)) / besselI0(beta);
    return cutoff * sinc(cutoff * distance) * window;
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-16; k += 1) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
