/**
 * What must hold where a call is let in or not: a refused one is refused once, and nobody hears of
 * it; and there are never more than the limit.
 */
import type { Violations } from "./violations.js";

export class AdmissionJudge {
  readonly #violated: (rule: string, what: string) => void;
  #refusedAs: string | undefined;

  constructor(violated: (rule: string, what: string) => void) {
    this.#violated = violated;
  }

  /** The node did not take it. */
  refused(code: string, dialledCount: number): void {
    if (this.#refusedAs !== undefined) {
      this.#violated("refused-once", `refused as ${this.#refusedAs}, and again as ${code}`);
    }
    this.#refusedAs = code;
    if (!this.#isRefused || dialledCount === 0) return;
    this.#violated("refused-started", "is refused, and was dialled");
  }

  /** The trunk is asked to dial it. */
  dialled(): void {
    if (this.#isRefused) this.#violated("refused-started", "is dialled, and was refused");
  }

  /** A thread is told to begin with it, or to expect it. */
  told(kind: string): void {
    if (this.#isRefused) this.#violated("refused-started", `${kind} after it was refused`);
  }

  /** Not let in, whatever else may keep a call from beginning. */
  get #isRefused(): boolean {
    return this.#refusedAs === "ADMISSION_REFUSED";
  }
}

/** Looks at the whole engine whenever a call was let in. */
export function judgeLimit(violations: Violations, liveCalls: number, callsMax: number): void {
  if (liveCalls <= callsMax) return;
  violations.add(-1, "admission", `${liveCalls} calls are live, ${callsMax} is the limit`);
}
