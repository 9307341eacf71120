/**
 * Levels, for prompts and for what tests hear. 0 dBFS is a full-scale square wave, so a full-scale
 * sine is at −3.01 dBFS. Not for the frame path: `normaliseLevel` works on whole recordings.
 */
import { AudioError } from "./audio-error.js";

const FULL_SCALE = 32768;
/** Frames in which the level of speech is measured. */
const GATE_FRAME_MS = 20;
/** A frame this much below the loudest one is a pause, not speech. */
const GATE_DB = 30;
/** The limiter begins to turn down this long before a peak, and turns up as long after it. */
const LIMITER_MS = 5;

/** Root mean square of all samples in dBFS; −Infinity for silence and for no samples. */
export function rmsDbfs(samples: Int16Array): number {
  return toDb(meanSquare(samples, 0, samples.length));
}

/**
 * Level of speech in dBFS: the root mean square of those 20 ms frames that are within 30 dB of the
 * loudest, so pauses do not count. −Infinity for silence.
 */
export function speechLevelDbfs(audio: { samples: Int16Array; rateHz: number }): number {
  const frameSamples = Math.max(1, Math.round((audio.rateHz * GATE_FRAME_MS) / 1000));
  const frames: number[] = [];
  let loudest = 0;
  for (let from = 0; from < audio.samples.length; from += frameSamples) {
    const to = Math.min(from + frameSamples, audio.samples.length);
    const frame = meanSquare(audio.samples, from, to);
    frames.push(frame);
    loudest = Math.max(loudest, frame);
  }
  const gate = loudest / 10 ** (GATE_DB / 10);
  const speech = frames.filter((frame) => frame > 0 && frame >= gate);
  return toDb(speech.reduce((sum, frame) => sum + frame, 0) / Math.max(1, speech.length));
}

/** How loud something shall become. */
export type LevelTarget = {
  /** Level of speech aimed at, e.g. −20. */
  readonly targetDbfs: number;
  /** No sample goes beyond this; default −1. */
  readonly peakDbfsMax?: number;
  /** Quiet recordings are not raised by more, so that noise stays noise; default 24. */
  readonly gainDbMax?: number;
};

/**
 * Brings speech to a level. Peaks that would go beyond the limit are turned down smoothly by a
 * look-ahead limiter instead of being cut. Silence stays silence.
 *
 * @returns new samples, as many as before.
 * @throws {AudioError} `LEVEL_OUT_OF_RANGE` when a target is above 0 dBFS or no finite number.
 */
export function normaliseLevel(
  audio: { samples: Int16Array; rateHz: number },
  target: LevelTarget,
): Int16Array {
  const { targetDbfs, peakDbfsMax = -1, gainDbMax = 24 } = target;
  requireLevel("targetDbfs", targetDbfs);
  requireLevel("peakDbfsMax", peakDbfsMax);
  const levelDbfs = speechLevelDbfs(audio);
  if (levelDbfs === -Infinity) return audio.samples.slice();
  const gain = 10 ** (Math.min(targetDbfs - levelDbfs, gainDbMax) / 20);
  const peakMax = 10 ** (peakDbfsMax / 20) * (FULL_SCALE - 1);
  const reachSamples = Math.max(1, Math.round((audio.rateHz * LIMITER_MS) / 1000));
  return limit(audio.samples, gain, peakMax, reachSamples);
}

/**
 * Applies `gain` and keeps below `peakMax`. The reduction of a sample is the mean, over one reach,
 * of the smallest reduction needed within the following reach; every term of that mean has seen
 * this sample, so the mean never exceeds what this sample needs.
 */
function limit(samples: Int16Array, gain: number, peakMax: number, reach: number): Int16Array {
  const needed = Float64Array.from(samples, (sample) =>
    Math.min(1, peakMax / Math.max(1, Math.abs(sample * gain))),
  );
  const minima = followingMinima(needed, reach);
  const output = new Int16Array(samples.length);
  const before = minima[0] ?? 1; // As if the first reach had been foreseen.
  let sum = reach * before;
  for (let i = 0; i < samples.length; i += 1) {
    sum += minima[i]! - (i >= reach ? minima[i - reach]! : before);
    const reduction = Math.min(sum / reach, needed[i]!); // Guards against rounding of the sum.
    const level = samples[i]! * gain * reduction; // May round to just above the limit.
    output[i] = Math.trunc(Math.max(-peakMax, Math.min(peakMax, level)));
  }
  return output;
}

/** For each place the smallest of the next `reach` values, by a queue of candidates. */
function followingMinima(values: Float64Array, reach: number): Float64Array {
  const minima = new Float64Array(values.length);
  const queue = new Int32Array(values.length); // Places by falling value: the smallest is last.
  let first = values.length;
  let last = values.length - 1;
  // From the end: places come in at `first`, which moves down, and leave at `last` when too far.
  for (let i = values.length - 1; i >= 0; i -= 1) {
    while (first <= last && values[queue[first]!]! >= values[i]!) first += 1;
    first -= 1;
    queue[first] = i;
    while (queue[last]! >= i + reach) last -= 1;
    minima[i] = values[queue[last]!]!;
  }
  return minima;
}

function meanSquare(samples: Int16Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += samples[i]! * samples[i]!;
  return to > from ? sum / (to - from) / (FULL_SCALE * FULL_SCALE) : 0;
}

function toDb(power: number): number {
  return power > 0 ? 10 * Math.log10(power) : -Infinity;
}

function requireLevel(name: string, levelDbfs: number): void {
  if (Number.isFinite(levelDbfs) && levelDbfs <= 0) return;
  throw new AudioError("LEVEL_OUT_OF_RANGE", `${name} is ${levelDbfs}, at most 0 dBFS is right`, {
    [name]: levelDbfs,
  });
}
