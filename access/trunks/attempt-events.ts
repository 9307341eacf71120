/**
 * What an attempt tells its listener, in the order that the port promises, whatever the order in
 * which a network sends it: ringing and early media only before the answer and once, nothing after
 * the end, the end once.
 */
import type { AnsweredBy, TrunkEvent, TrunkOutcome } from "./trunk.js";

/** A key as the port has it: DTMF events of networks may hold anything. */
export const keyPattern = /^[0-9*#A-D]$/;

export class AttemptEvents {
  readonly #listener: (event: TrunkEvent) => void;
  readonly #told = new Set<TrunkEvent["kind"]>();

  constructor(listener: (event: TrunkEvent) => void) {
    this.#listener = listener;
  }

  get isAnswered(): boolean {
    return this.#told.has("answered");
  }

  get isOver(): boolean {
    return this.#told.has("ended");
  }

  ringing(): void {
    if (!this.isAnswered) this.#once({ kind: "ringing" });
  }

  earlyMedia(): void {
    if (!this.isAnswered) this.#once({ kind: "earlyMedia" });
  }

  /** @returns whether this is news */
  answered(): boolean {
    return this.#once({ kind: "answered" });
  }

  transferred(): void {
    this.#once({ kind: "transferred" });
  }

  key(digit: string): void {
    const key = digit.toUpperCase();
    if (this.isAnswered && !this.isOver && keyPattern.test(key)) {
      this.#listener({ kind: "dtmf", digit: key });
    }
  }

  answeredBy(who: AnsweredBy, cause: string): void {
    if (!this.isOver) this.#listener({ kind: "answeredBy", who, cause });
  }

  /** @returns whether this is news */
  ended(outcome: TrunkOutcome, cause: string): boolean {
    return this.#once({ kind: "ended", outcome, cause });
  }

  #once(event: TrunkEvent): boolean {
    if (this.isOver || this.#told.has(event.kind)) return false;
    this.#told.add(event.kind);
    this.#listener(event);
    return true;
  }
}
