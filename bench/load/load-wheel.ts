/**
 * The clock of the generator: ten slots of 2 ms, every call in one of them. Deadlines are absolute,
 * so a late pass sends what is due and puts nothing off: the load is open loop.
 */
import { performance } from "node:perf_hooks";
import type { Histogram } from "../../base/histogram.js";

/** What sends one frame whenever 20 ms have gone by. */
export interface Paced {
  /** @param nowMs when this pass reached it */
  tick(nowMs: number): void;
}

const slotCount = 10;
const slotMs = 2;

export class LoadWheel {
  readonly #slots: Set<Paced>[] = Array.from({ length: slotCount }, () => new Set());
  readonly #lateness: Histogram;
  readonly #passed: () => void;
  #nextIndex = 0;
  #lastSlot = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param lateness of each frame against its deadline
   * @param passed runs when a pass has sent what was due
   */
  constructor(lateness: Histogram, passed: () => void = () => undefined) {
    this.#lateness = lateness;
    this.#passed = passed;
  }

  /** Seats a call beside as few others as can be; @returns its slot, to take it out again. */
  add(paced: Paced): number {
    const slot = (this.#lastSlot = (this.#lastSlot + 1) % slotCount);
    this.#slots[slot]!.add(paced);
    if (this.#timer === undefined) {
      this.#nextIndex = Math.ceil(performance.now() / slotMs);
      this.#arm();
    }
    return slot;
  }

  remove(slot: number, paced: Paced): void {
    this.#slots[slot]!.delete(paced);
    if (this.#timer === undefined || this.#slots.some(({ size }) => size > 0)) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    const dueMs = this.#nextIndex * slotMs;
    const waitMs = Math.max(0, dueMs - performance.now());
    this.#timer = setTimeout(() => this.#pass(), waitMs);
  }

  #pass(): void {
    let nowMs = performance.now();
    for (; this.#nextIndex * slotMs <= nowMs; this.#nextIndex += 1) {
      const dueMs = this.#nextIndex * slotMs;
      for (const paced of this.#slots[this.#nextIndex % slotCount]!) {
        nowMs = performance.now();
        this.#lateness.recordMs(nowMs - dueMs);
        paced.tick(nowMs);
      }
    }
    this.#passed();
    if (this.#timer !== undefined) this.#arm();
  }
}
