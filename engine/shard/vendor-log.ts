/**
 * Lines about recognisers and voices that are not ours. A vendor that dies fails a hundred
 * utterances at one instant: one line a second says so, for each kind of failure, with how many
 * there were.
 */
import type { Time } from "../../base/ports.js";
import type { CircuitChange } from "../../speech/vendors/vendor-health.js";
import type { LogReport } from "../control/messages.js";

const quietMs = 1000;
const noFailures = 0;

export type WriteLine = (line: LogReport) => void;

export type Failure = { readonly vendor: string; readonly code: string; readonly reason: string };

export class VendorLog {
  readonly #time: Time;
  readonly #write: WriteLine;
  readonly #what: string;
  /** Failures that were not told yet, by vendor and code. */
  readonly #untold = new Map<string, number>();

  /** @param what what failed, as the lines begin: "a recogniser" */
  constructor(time: Time, write: WriteLine, what: string) {
    this.#time = time;
    this.#write = write;
    this.#what = what;
  }

  failed({ vendor, code, reason }: Failure): void {
    const key = `${vendor} ${code}`;
    const count = this.#untold.get(key);
    if (count !== undefined) return void this.#untold.set(key, count + 1);
    this.line("warn", "failed", { vendor, code, reason });
    this.#untold.set(key, noFailures);
    this.#time.after(quietMs, () => {
      const times = this.#untold.get(key) ?? noFailures;
      this.#untold.delete(key);
      if (times > noFailures) this.line("warn", "failed again", { vendor, code, times });
    });
  }

  circuit(vendor: string, change: CircuitChange): void {
    if (change === "opened") this.line("error", "is left out: it fails too often", { vendor });
    else this.line("info", "is used again", { vendor });
  }

  private line(level: LogReport["level"], message: string, fields: object): void {
    this.#write({ kind: "log", level, message: `${this.#what} ${message}`, fields: { ...fields } });
  }
}
