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
    const none = { late: 0, lost: 0 };
    expect(order.counters).toMatchObject({ early: 2, reordered: 2, duplicated: 2, ...none });
  });

  it("are waited for longer after one was given up too soon, to a bound", () => {
    const { order, handed, take, row } = ordered();
    take(1, 3, 4, 5, 6, 7, 8, 2);
    expect(handed).toEqual([1, 3, 4, 5, 6, 7, 8]);
    expect(order.counters).toMatchObject({ late: 1, lost: 1, window: 6 });
    // The same delay once more is no loss now.
    take(10, 11, 12, 13, 14, 15, 9);
    expect(order.counters).toMatchObject({ late: 1, lost: 1 });
    // Ever later.
    for (let from = 16; from < 1000; from += 40) {
      row(from + 1, 39);
      take(from);
    }
    expect(order.counters).toMatchObject({ late: 26, lost: 26, duplicated: 0, window: 12 });
    // What came twice is nobody's delay.
    const calm = ordered();
    calm.row(1, 10);
    calm.take(9, 8, 7);
    expect(calm.order.counters).toMatchObject({ duplicated: 3, late: 0, window: 5 });
  });

  it("cost less delay on a line that keeps order", () => {
    const { order, handed, take, row } = ordered();
    row(1, 1500);
    expect(order.counters).toEqual({
      ...{ early: 0, reordered: 0, late: 0, duplicated: 0, lost: 0, window: 2 },
    });
    // A loss is given up after two.
    take(1502, 1503);
    expect(handed).toHaveLength(1500);
    take(1504);
    expect(handed.slice(-3)).toEqual([1502, 1503, 1504]);
  });

  it("hold no more than their window, whatever numbers come", () => {
    const { order, handed, take } = ordered();
    for (let index = 0; index < 5000; index++) take((index * 7919) % 2003);
    expect(order.counters.window).toBeLessThanOrEqual(12);
    const falls = handed.filter((number, index) => number < (handed[index - 1] ?? 0));
    // Only where so many in a row were behind that a new count was taken to have begun.
    expect(falls.length).toBeLessThanOrEqual(5000 / 50);
  });

  it("go on where a peer begins to count anew, forwards or back", () => {
    const { handed, take, row } = ordered();
    row(10_000, 20);
    take(10_021);
    row(1, 3);
    expect(handed.slice(-4)).toEqual([10_021, 1, 2, 3]);
    // Back by less than anything strays: so many in a row are no stragglers.
    row(500, 500);
    row(1, 60);
    expect(handed.at(-1)).toBe(60);
  });
});
