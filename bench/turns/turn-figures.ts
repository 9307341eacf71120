/**
 * Outcomes → figures with 95 % confidence intervals: Wilson's for shares, order statistics for
 * percentiles. Pure.
 *
 * @see Wilson, "Probable inference" (1927); Conover, "Practical Nonparametric Statistics", 3.2.
 */
import { round } from "../support/figures.js";

const z = 1.96;

/** In percent. */
export type Share = {
  readonly count: number;
  readonly of: number;
  readonly pct: number;
  readonly ciPct: readonly [low: number, high: number];
};

export type Percentile = { readonly value: number; readonly ci: readonly [number, number] };

/** Milliseconds; zeros when there are none. */
export type Delay = {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p50Ci: readonly [number, number];
  readonly p95Ci: readonly [number, number];
  readonly max: number;
};

export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, pct: 0, ciPct: [0, 0] };
  const share = count / of;
  const centre = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half =
    (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const low = Math.max(0, centre - half);
  return {
    count,
    of,
    pct: round(100 * share, 2),
    ciPct: [round(100 * low, 2), round(100 * Math.min(1, centre + half), 2)],
  };
}

export function delayOf(valuesMs: readonly number[]): Delay {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return { count, p50: 0, p95: 0, p50Ci: [0, 0], p95Ci: [0, 0], max: 0 };
  const at = (rank: number): number =>
    round(sorted[Math.min(count, Math.max(1, Math.ceil(rank))) - 1]!, 1);
  const ci = (share: number): [number, number] => {
    const half = z * Math.sqrt(count * share * (1 - share));
    return [at(count * share - half), at(count * share + half)];
  };
  return {
    count,
    p50: at(count * 0.5),
    p95: at(count * 0.95),
    p50Ci: ci(0.5),
    p95Ci: ci(0.95),
    max: round(sorted.at(-1)!, 1),
  };
}
