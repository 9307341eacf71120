/** What arrived at the telephones, as figures. Pure. */
import type { LineMeasures } from "./rtp-line.js";

export type Figures = {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export type LineFigures = {
  /** Calls with audio. */
  readonly calls: number;
  readonly packets: number;
  /** Between packets of contiguous audio, ms: 20 is right. */
  readonly gapMs: Figures;
  /** From the answer to the first audible packet, ms. */
  readonly firstAudibleMs: Figures;
};

export function lineFigures(lines: readonly LineMeasures[]): LineFigures {
  const heard = lines.filter(({ packets }) => packets > 0);
  const first = heard.flatMap(({ firstAudibleMs }) =>
    firstAudibleMs === undefined ? [] : [firstAudibleMs],
  );
  return {
    calls: heard.length,
    packets: heard.reduce((sum, { packets }) => sum + packets, 0),
    gapMs: figuresOf(heard.flatMap(({ gapsMs }) => gapsMs)),
    firstAudibleMs: figuresOf(first),
  };
}

/** Rounded to tenths; zeros where there are none. */
export function figuresOf(valuesMs: readonly number[]): Figures {
  if (valuesMs.length === 0) return { count: 0, p50: 0, p95: 0, p99: 0, max: 0 };
  const sorted = Float64Array.from(valuesMs).sort();
  const at = (share: number): number =>
    Math.round(sorted[Math.ceil(sorted.length * share) - 1]! * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
