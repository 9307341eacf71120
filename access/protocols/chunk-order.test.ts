import { describe, expect, it } from "vitest";
import { ChunkOrder } from "./chunk-order.js";

function ordered() {
  const order = new ChunkOrder<number>();
  const handed: number[] = [];
  const take = (...numbers: readonly number[]): void => {
    for (const number of numbers) order.take(number, number, (one) => handed.push(one));
  };
  /** So many in their turn, from this one on. */
  const row = (from: number, count: number): void =>
    take(...Array.from({ length: count }, (_, index) => from + index));
  return { order, handed, take, row };
}

describe("chunks out of order", () => {
  it("are put back, each once, and counted", () => {
    const { order, handed, take } = ordered();
    take(1, 3, 2, 2, 4, 6, 5, 1);
    expect(handed).toEqual([1, 2, 3, 4, 5, 6]);
    expect(order.counters).toMatchObject({ early: 2, late: 2, lost: 0 });
  });

  it("are waited for longer after one was given up too soon, to a bound", () => {
    const { order, handed, take, row } = ordered();
    take(1, 3, 4, 5, 6, 7, 8, 2);
    expect(handed).toEqual([1, 3, 4, 5, 6, 7, 8]);
    expect(order.counters).toMatchObject({ late: 1, lost: 1, window: 6 });
    // The same delay once more is no loss now.
    take(10, 11, 12, 13, 14, 15, 9);
    expect(order.counters).toMatchObject({ late: 1, lost: 1 });
    row(16, 100);
    for (let index = 0; index < 50; index++) take(1);
    expect(order.counters.window).toBe(12);
  });

  it("cost less delay on a line that keeps order", () => {
    const { order, handed, take, row } = ordered();
    row(1, 1500);
    expect(order.counters).toEqual({ early: 0, late: 0, lost: 0, window: 2 });
    // A loss is given up after two.
    take(1502, 1503);
    expect(handed).toHaveLength(1500);
    take(1504);
    expect(handed.slice(-3)).toEqual([1502, 1503, 1504]);
  });

  it("hold no more than their window, whatever numbers come", () => {
    const { order, handed, take } = ordered();
    for (let index = 0; index < 5000; index++) take((index * 7919) % 100_003);
    expect(order.counters.window).toBeLessThanOrEqual(12);
    expect([...handed].sort((a, b) => a - b)).toEqual(handed);
  });
});
