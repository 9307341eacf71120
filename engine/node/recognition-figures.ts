/** The counters of all shards' recognisers, added up, those of threads that are gone included. */
import type { VendorCounters } from "../../speech/asr/network/recognition-counters.js";

export type RecognitionFiguresByVendor = Readonly<Record<string, VendorCounters>>;

export class RecognitionFigures {
  readonly #byThread = new Map<object, RecognitionFiguresByVendor>();

  /** The newest counters of a thread's life replace those before. */
  take(thread: object, figures: RecognitionFiguresByVendor): void {
    this.#byThread.set(thread, figures);
  }

  get sum(): RecognitionFiguresByVendor {
    const sum: Record<string, VendorCounters> = {};
    for (const figures of this.#byThread.values()) {
      for (const [vendor, counters] of Object.entries(figures)) {
        const before = sum[vendor];
        sum[vendor] = before === undefined ? counters : added(before, counters);
      }
    }
    return sum;
  }
}

function added(a: VendorCounters, b: VendorCounters): VendorCounters {
  const codes = new Set([...Object.keys(a.failures), ...Object.keys(b.failures)]);
  const failures = [...codes].map((code) => {
    return [code, (a.failures[code] ?? 0) + (b.failures[code] ?? 0)] as const;
  });
  return {
    finals: a.finals + b.finals,
    latencyMsTotal: a.latencyMsTotal + b.latencyMsTotal,
    failures: Object.fromEntries(failures),
    takenOver: a.takenOver + b.takenOver,
    replayedMs: a.replayedMs + b.replayedMs,
    hedged: a.hedged + b.hedged,
    circuitOpened: a.circuitOpened + b.circuitOpened,
  };
}
