/**
 * Latency histograms: microseconds in counters that are as wide as 0.1 % of their value (the layout
 * of HdrHistogram, three significant figures).
 *
 * ```
 *   0 … 2047     one counter per µs
 *   2048 …       1024 counters per doubling:  [2048, 4096) in steps of 2, [4096, 8192) of 4, …
 * ```
 *
 * The counters lie in shared memory, so that posting a histogram to another thread shares them: the
 * shard records, the node reads and adds up, nothing is copied. One thread records into each; it
 * does so twice per frame, which is why this is not Node's own histogram behind a native call.
 */

/** Longest value kept apart, one minute; longer ones count as this. */
const valueUsMax = 60_000_000;
const stepBits = 10;
const stepsPerDoubling = 2 ** stepBits;
const linearUs = 2 * stepsPerDoubling;

/** Which counter a value belongs to. */
function counterOf(valueUs: number): number {
  if (valueUs < linearUs) return valueUs;
  const doublings = 31 - Math.clz32(valueUs) - stepBits;
  return (doublings << stepBits) + (valueUs >> doublings);
}

/** The longest value that belongs to a counter. */
function longestUs(counter: number): number {
  if (counter < linearUs) return counter;
  const doublings = (counter >> stepBits) - 1;
  const step = counter - (doublings << stepBits);
  return (step + 1) * 2 ** doublings - 1;
}

const counters = counterOf(valueUsMax) + 1;

/** A histogram as `postMessage` carries it. */
export type HistogramHandle = SharedArrayBuffer;

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
  readonly #counts: Uint32Array;

  /** @param handle counts to go on with, e.g. those of another thread; new ones by default */
  constructor(handle?: HistogramHandle) {
    this.handle = handle ?? new SharedArrayBuffer(counters * Uint32Array.BYTES_PER_ELEMENT);
    this.#counts = new Uint32Array(this.handle);
  }

  /** Records a duration in milliseconds; negative ones (clock noise) count as zero. */
  recordMs(durationMs: number): void {
    const valueUs = Math.round(durationMs * 1e3);
    const kept = valueUs < 1 ? 1 : valueUs > valueUsMax ? valueUsMax : valueUs;
    this.#counts[counterOf(kept)]! += 1;
  }

  /** Adds the counts of another histogram to these. */
  add(other: Histogram): void {
    const theirs = other.#counts;
    for (let index = 0; index < counters; index += 1) this.#counts[index]! += theirs[index]!;
  }

  get count(): number {
    let sum = 0;
    for (let index = 0; index < counters; index += 1) sum += this.#counts[index]!;
    return sum;
  }

  /** Forgets all values, in every thread that shares them. */
  reset(): void {
    this.#counts.fill(0);
  }

  /** How many values lie over the limit: exact to within the figures kept. */
  countOverMs(limitMs: number): number {
    const limitUs = Math.min(limitMs * 1e3, valueUsMax);
    const last = counterOf(Math.floor(limitUs));
    let sum = 0;
    // The limit's own counter holds what is over it, unless it ends there.
    for (let index = longestUs(last) > limitUs ? last : last + 1; index < counters; index += 1) {
      sum += this.#counts[index]!;
    }
    return sum;
  }

  /**
   * The distribution as points of percentile and milliseconds, both ascending, ever finer towards
   * the end. Empty without values.
   */
  curve(): readonly (readonly [percentile: number, ms: number])[] {
    const { count } = this;
    if (count === 0) return [];
    // Each point halves what lies beyond it, down to a single value.
    const shares = [0];
    for (let beyond = 0.5; beyond * count >= 1; beyond /= 2) shares.push(1 - beyond);
    shares.push(1);
    const valuesMs = this.#valuesMs(shares, count);
    return shares.map((share, index) => [share * 100, valuesMs[index]!]);
  }

  /** All figures in milliseconds. */
  summary(): HistogramSummary {
    const { count } = this;
    if (count === 0) return { count: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 };
    const [p50, p95, p99, p999, max] = this.#valuesMs([0.5, 0.95, 0.99, 0.999, 1], count);
    return { count, p50: p50!, p95: p95!, p99: p99!, p999: p999!, max: max! };
  }

  /** The values below which these shares of all lie, ascending. */
  #valuesMs(shares: readonly number[], count: number): number[] {
    let [index, seen] = [-1, 0];
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * count));
      while (seen < rank && index < counters - 1) seen += this.#counts[(index += 1)]!;
      return longestUs(index) / 1e3;
    });
  }
}
