/** Figures as results show them: rounded, the median with its spread. Pure. */
import type { HistogramSummary } from "../../base/histogram.js";

/** Milliseconds. */
export type Tail = {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

export function tailOf({ count, p50, p95, p99, p999, max }: HistogramSummary): Tail {
  return {
    count,
    p50: round(p50, 2),
    p95: round(p95, 2),
    p99: round(p99, 2),
    p999: round(p999, 2),
    max: round(max, 2),
  };
}

/** The figure of several windows: what most of them say, and how far they lie apart. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** @throws {Error} without values */
export function spreadOf(values: readonly number[], digits: number): Spread {
  if (values.length === 0) throw new Error("no values, at least one is right");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return {
    median: round(median, digits),
    min: round(sorted[0]!, digits),
    max: round(sorted.at(-1)!, digits),
  };
}

export function round(value: number, digits: number): number {
  const unit = 10 ** digits;
  return Math.round(value * unit) / unit;
}

/** One checksum for a set of contents, whatever their order. FNV-1a over the sorted names. */
export function checksumOf(contents: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const character of [...contents].sort().join(" ")) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
