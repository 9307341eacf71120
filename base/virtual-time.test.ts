import fc from "fast-check";
import { expect, test } from "vitest";
import { virtualTime } from "./virtual-time.js";

test("runs callbacks in order of due time, and of arrival within one instant", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 100 }), (delays) => {
      const time = virtualTime();
      const ran: { delay: number; index: number }[] = [];
      delays.forEach((delay, index) => time.after(delay, () => ran.push({ delay, index })));
      time.advance(50);
      const sorted = delays.map((delay, index) => ({ delay, index }));
      sorted.sort((a, b) => a.delay - b.delay || a.index - b.index);
      expect(ran).toEqual(sorted);
    }),
  );
});

test("shows the due time while a callback runs, and skips what was cancelled", () => {
  const time = virtualTime();
  const seen: number[] = [];
  time.after(10, () => {
    seen.push(time.nowMs());
    time.after(5, () => seen.push(time.nowMs()));
  });
  const timer = time.after(12, () => seen.push(-1));
  timer.cancel();
  time.advance(100);
  expect(seen).toEqual([10, 15]);
  expect(time.nowMs()).toBe(100);
  expect(time.pendingCount).toBe(0);
});
