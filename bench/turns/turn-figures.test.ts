import { expect, test } from "vitest";
import { delayOf, shareOf } from "./turn-figures.js";

test("a share comes with Wilson's interval, also when nothing happened", () => {
  expect(shareOf(0, 300)).toEqual({ count: 0, of: 300, pct: 0, ciPct: [0, 1.26] });
  expect(shareOf(6, 300)).toEqual({ count: 6, of: 300, pct: 2, ciPct: [0.92, 4.29] });
  expect(shareOf(0, 0).pct).toBe(0);
});

test("percentiles come with the order statistics around them", () => {
  const delay = delayOf(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(delay).toMatchObject({ count: 100, p50: 50, p95: 95, max: 100 });
  expect(delay.p50Ci).toEqual([41, 60]);
  expect(delay.p95Ci).toEqual([91, 100]);
  expect(delayOf([]).count).toBe(0);
});
