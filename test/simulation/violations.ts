/** What must hold, and where it did not. */

export type Violation = {
  readonly callIndex: number;
  readonly atMs: number;
  /** Name of the rule; the list stands in the README. */
  readonly rule: string;
  readonly what: string;
};

export class Violations {
  readonly list: Violation[] = [];
  #count = 0;
  readonly #nowMs: () => number;
  readonly #seen = new Set<string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** All of them, also those that are not kept. */
  get count(): number {
    return this.#count;
  }

  /** Notes a broken rule, once per call and rule. */
  add(callIndex: number, rule: string, what: string): void {
    const key = `${callIndex} ${rule}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#count += 1;
    if (this.list.length < 1000) this.list.push({ callIndex, atMs: this.#nowMs(), rule, what });
  }
}
