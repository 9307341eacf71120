/** What must hold, and where it did not. */

export type Violation = {
  /** −1: of no call, but of the whole world. */
  readonly callIndex: number;
  readonly world: number;
  readonly atMs: number;
  /** Name of the rule; the list stands in the README. */
  readonly rule: string;
  readonly what: string;
};

const keptMax = 1000;

export class Violations {
  readonly list: Violation[] = [];
  #count = 0;
  #nowMs = (): number => 0;
  #world = 0;
  readonly #seen = new Set<string>();

  /** All of them, also those that are not kept. */
  get count(): number {
    return this.#count;
  }

  /** From now on they happen in this world, by its time. */
  enter(nowMs: () => number, world: number): void {
    this.#nowMs = nowMs;
    this.#world = world;
  }

  /** Notes a broken rule, once per call and rule. */
  add(callIndex: number, rule: string, what: string): void {
    const world = this.#world;
    const key = `${world} ${callIndex} ${rule}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#count += 1;
    if (this.list.length >= keptMax) return;
    this.list.push({ callIndex, world, atMs: this.#nowMs(), rule, what });
  }
}
