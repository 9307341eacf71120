/** Figures of analyzers, by name, since their thread began. */
import type { AnalyzerNotice } from "./analyzer.js";

export type AnalyzerCounters = {
  labels: number;
  /** Pieces of audio and texts that it did not get. */
  dropped: number;
  /** Turns it answered, and how long they took together. */
  answered: number;
  latencyMsTotal: number;
  /** By error code. */
  readonly failures: Record<string, number>;
  circuitOpened: number;
};

export type AnalyzerFigures = Readonly<Record<string, AnalyzerCounters>>;

export class AnalyzerCounts {
  readonly #byName = new Map<string, AnalyzerCounters>();

  /** A copy, safe to send to another thread. */
  get figures(): AnalyzerFigures {
    return structuredClone(Object.fromEntries(this.#byName));
  }

  count(notice: AnalyzerNotice): void {
    const counters = this.#of(notice.analyzer);
    switch (notice.kind) {
      case "label":
        counters.labels += 1;
        return;
      case "dropped":
        counters.dropped += notice.count;
        return;
      case "answered":
        counters.answered += 1;
        counters.latencyMsTotal += notice.latencyMs;
        return;
      case "failed":
        counters.failures[notice.code] = (counters.failures[notice.code] ?? 0) + 1;
        return;
      case "circuit":
        if (notice.change === "opened") counters.circuitOpened += 1;
    }
  }

  #of(name: string): AnalyzerCounters {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const counters = noCounters();
    this.#byName.set(name, counters);
    return counters;
  }
}

export function noCounters(): AnalyzerCounters {
  return {
    labels: 0,
    dropped: 0,
    answered: 0,
    latencyMsTotal: 0,
    failures: {},
    circuitOpened: 0,
  };
}

/** Pure: the figures of several threads together. */
export function addFigures(all: readonly AnalyzerFigures[]): AnalyzerFigures {
  const sum: Record<string, AnalyzerCounters> = {};
  for (const [name, counters] of all.flatMap((figures) => Object.entries(figures))) {
    const into = (sum[name] ??= noCounters());
    into.labels += counters.labels;
    into.dropped += counters.dropped;
    into.answered += counters.answered;
    into.latencyMsTotal += counters.latencyMsTotal;
    into.circuitOpened += counters.circuitOpened;
    for (const [code, count] of Object.entries(counters.failures)) {
      into.failures[code] = (into.failures[code] ?? 0) + count;
    }
  }
  return sum;
}
