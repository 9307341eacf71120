/**
 * Whether what the caller's line brings is our own voice coming back. Both are compared sample by
 * sample, at every delay that an echo may have; telephone and room change the tone of an echo, but
 * the course of its wave stays like ours, which the wave of somebody else never is. Pure.
 */

const rateHz = 4000;
/** An echo comes back within this: network and playout buffers both ways. */
export const lagMsMax = 640;
/** How far the delay of a line's echo wanders. */
const slackMs = 12;
/** The filter that colours an echo, in samples: 6 ms, a little of it ahead of the best delay. */
const taps = 24;
const aheadTaps = 6;
/** Keeps the filter from following noise. */
const ridge = 1e-3;
/** Compared at once: two syllables. */
export const echoPieceMs = 320;

export type EchoMatch = {
  /** 0 to 1: how much of it is ours, at the best delay. */
  readonly likeness: number;
  readonly lagMs: number;
};

/**
 * Compares the newest sound of the line with what we played.
 *
 * @param heard `echoPieceMs` of the line, as `thinned` makes it
 * @param played what we played up to the same moment, `echoPieceMs + lagMsMax` of it
 * @param lagMs how late this line's echo is, where that is known: a hundredth of the work
 */
export function findEcho(
  heard: Float32Array,
  played: Float32Array,
  lagMs: number | undefined,
): EchoMatch {
  const perMs = rateHz / 1000;
  const latest = Math.max(0, played.length - heard.length);
  const first = lagMs === undefined ? 0 : Math.max(0, (lagMs - slackMs) * perMs);
  const last = lagMs === undefined ? latest : Math.min(latest, (lagMs + slackMs) * perMs);
  let power = powerOf(played, latest - first, heard.length);
  let best = { found: 0, lag: first };
  for (let lag = first; lag <= last; lag += 1) {
    const from = latest - lag;
    const found = Math.abs(productOf(heard, played, from)) / Math.sqrt(power + 1);
    if (found > best.found) best = { found, lag };
    if (from === 0) break;
    const [leaves, comes] = [played[from + heard.length - 1]!, played[from - 1]!];
    power = Math.max(0, power + comes * comes - leaves * leaves);
  }
  const { lag } = best;
  return { likeness: explained(heard, played, latest - lag), lagMs: lag / perMs };
}

/**
 * How much of `heard` is `played` from there on as a short filter has coloured it: the share of its
 * power, 0 to 1. The filter is the best there is, by least squares.
 */
function explained(heard: Float32Array, played: Float32Array, from: number): number {
  const start = Math.max(0, Math.min(from + aheadTaps, played.length - heard.length));
  const count = heard.length;
  const column = (tap: number): number => Math.max(0, start - tap);
  const matrix = Array.from({ length: taps }, () => new Float64Array(taps));
  const right = new Float64Array(taps);
  for (let row = 0; row < taps; row += 1) {
    right[row] = productOf(heard, played, column(row));
    for (let other = 0; other <= row; other += 1) {
      let sum = 0;
      const [one, two] = [column(row), column(other)];
      for (let at = 0; at < count; at += 1) sum += played[one + at]! * played[two + at]!;
      matrix[row]![other] = sum;
    }
    matrix[row]![row]! *= 1 + ridge;
    matrix[row]![row]! += 1;
  }
  return Math.min(1, fitted(matrix, right) / (powerOf(heard, 0, count) + 1));
}

/** `right · matrix⁻¹ · right` of a symmetric matrix, given its lower half; by Cholesky. */
function fitted(matrix: readonly Float64Array[], right: Float64Array): number {
  let power = 0;
  for (let row = 0; row < taps; row += 1) {
    const line = matrix[row]!;
    for (let other = 0; other <= row; other += 1) {
      const above = matrix[other]!;
      let sum = line[other]!;
      for (let at = 0; at < other; at += 1) sum -= line[at]! * above[at]!;
      line[other] = other === row ? Math.sqrt(Math.max(sum, 1e-9)) : sum / above[other]!;
    }
    let rest = right[row]!;
    for (let at = 0; at < row; at += 1) rest -= line[at]! * right[at]!;
    right[row] = rest / line[row]!;
    power += right[row]! * right[row]!;
  }
  return power;
}

function productOf(heard: Float32Array, played: Float32Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < heard.length; at += 1) sum += heard[at]! * played[from + at]!;
  return sum;
}

function powerOf(samples: Float32Array, from: number, count: number): number {
  let sum = 0;
  for (let at = from; at < from + count; at += 1) sum += samples[at]! * samples[at]!;
  return sum;
}

/**
 * Fewer samples, and their differences: the weak upper tones, which tell voices apart, count as
 * much as the loud bass.
 *
 * @param fromHz a multiple of 4000
 */
export function thinned(samples: Int16Array, fromHz: number): Float32Array {
  const step = fromHz / rateHz;
  const out = new Float32Array(Math.floor(samples.length / step));
  let before = 0;
  for (let at = 0; at < out.length; at += 1) {
    let sum = 0;
    for (let part = 0; part < step; part += 1) sum += samples[at * step + part]!;
    out[at] = (sum - before) / step;
    before = 0.9 * sum;
  }
  return out;
}
