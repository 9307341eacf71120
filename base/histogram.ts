/**
 * Latency histograms (HDR, three significant figures, microsecond resolution).
 *
 * Node's `RecordableHistogram` keeps its counts outside the JavaScript heap, and posting it to
 * another thread shares them: the shard records, the node reads and adds up, nothing is copied.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Longest value kept apart, one minute; longer ones count as this. */
const valueUsMax = 60_000_000;

/** A histogram as `postMessage` carries it. */
export type HistogramHandle = RecordableHistogram;

/** What a report shows. `count` 0 gives zeros. */
export type HistogramSummary = {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

export class Histogram {
  readonly handle: HistogramHandle;

  /** @param handle counts to go on with, e.g. those of another thread; new ones by default */
  constructor(handle?: HistogramHandle) {
    this.handle = handle ?? createHistogram({ lowest: 1, highest: valueUsMax, figures: 3 });
  }

  /** Records a duration in milliseconds; negative ones (clock noise) count as zero. */
  recordMs(durationMs: number): void {
    const valueUs = Math.round(durationMs * 1e3);
    this.handle.record(valueUs < 1 ? 1 : valueUs > valueUsMax ? valueUsMax : valueUs);
  }

  /** Adds the counts of another histogram to these. */
  add(other: Histogram): void {
    this.handle.add(other.handle);
  }

  get count(): number {
    return this.handle.count;
  }

  /** Forgets all values, in every thread that shares them. */
  reset(): void {
    this.handle.reset();
  }

  /** How many values lie over the limit: exact at 0, else to within the figures kept. */
  countOverMs(limitMs: number): number {
    const limitUs = limitMs * 1e3;
    if (this.count === 0 || this.handle.max <= limitUs) return 0;
    let [below, above] = [0, 100];
    for (let step = 0; step < 40; step += 1) {
      const middle = (below + above) / 2;
      if (middle > 0 && this.handle.percentile(middle) > limitUs) above = middle;
      else below = middle;
    }
    return Math.max(1, Math.round(((100 - below) / 100) * this.count));
  }

  /**
   * The distribution as points of percentile and milliseconds, both ascending, ever finer towards
   * the end. Empty without values.
   */
  curve(): readonly (readonly [percentile: number, ms: number])[] {
    if (this.count === 0) return [];
    return [...this.handle.percentiles].map(([percentile, valueUs]) => [percentile, valueUs / 1e3]);
  }

  /** All figures in milliseconds. */
  summary(): HistogramSummary {
    if (this.count === 0) return { count: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 };
    const atMs = (percentile: number): number => this.handle.percentile(percentile) / 1e3;
    return {
      count: this.count,
      p50: atMs(50),
      p95: atMs(95),
      p99: atMs(99),
      p999: atMs(99.9),
      max: this.handle.max / 1e3,
    };
  }
}
