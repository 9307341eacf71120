/** Figures of a network recogniser, by vendor, since its thread began. */
import type { RecognitionNotice } from "./resilient.js";

export type VendorCounters = {
  finals: number;
  /** Of all finals, from the end of the audio. */
  latencyMsTotal: number;
  /** By error code. */
  readonly failures: Record<string, number>;
  /** Utterances that went on here after another attempt was lost. */
  takenOver: number;
  replayedMs: number;
  /** Utterances asked here as well, because another vendor was slow. */
  hedged: number;
  circuitOpened: number;
};

export class RecognitionCounters {
  readonly #byVendor = new Map<string, VendorCounters>();

  /** A copy, safe to send to another thread. */
  get byVendor(): Readonly<Record<string, VendorCounters>> {
    return structuredClone(Object.fromEntries(this.#byVendor));
  }

  count(notice: RecognitionNotice): void {
    switch (notice.kind) {
      case "final": {
        const counters = this.#of(notice.vendor);
        counters.finals += 1;
        counters.latencyMsTotal += notice.latencyMs;
        return;
      }
      case "attemptFailed": {
        const { failures } = this.#of(notice.vendor);
        failures[notice.code] = (failures[notice.code] ?? 0) + 1;
        return;
      }
      case "movedOn": {
        const counters = this.#of(notice.to);
        counters.takenOver += 1;
        counters.replayedMs += notice.replayedMs;
        return;
      }
      case "hedged":
        this.#of(notice.to).hedged += 1;
        return;
      case "circuit":
        if (notice.change === "opened") this.#of(notice.vendor).circuitOpened += 1;
    }
  }

  #of(vendor: string): VendorCounters {
    const known = this.#byVendor.get(vendor);
    if (known !== undefined) return known;
    const counters: VendorCounters = {
      finals: 0,
      latencyMsTotal: 0,
      failures: {},
      takenOver: 0,
      replayedMs: 0,
      hedged: 0,
      circuitOpened: 0,
    };
    this.#byVendor.set(vendor, counters);
    return counters;
  }
}
