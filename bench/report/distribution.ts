/** Distributions as percentile curves: how much of it lies between two values. Pure. */

/** Percentile and value in ms, both ascending. */
export type Curve = readonly (readonly [percentile: number, ms: number])[];

/** The target of a frame at p99.9, in ms. */
export const frameMsMax = 20;

/** The share of all values that are at most `ms`, straight between the points of the curve. */
export function shareUpTo(curve: Curve, ms: number): number {
  let [before, value] = [0, 0];
  for (const [percentile, next] of curve) {
    if (next > ms) {
      const part = next === value ? 0 : (ms - value) / (next - value);
      return (before + Math.max(0, part) * (percentile - before)) / 100;
    }
    [before, value] = [percentile, next];
  }
  return 1;
}

/** The share of values over `from` and up to `to`. */
export function shareBetween(curve: Curve, from: number, to: number): number {
  if (curve.length === 0) return 0;
  const upTo = to === Infinity ? 1 : shareUpTo(curve, to);
  return Math.max(0, upTo - shareUpTo(curve, from));
}
