import fc from "fast-check";
import { expect, test } from "vitest";
import { createDeadLetterLog, type DeadLetter, type DeadLetterLine } from "./index.js";

const letter: DeadLetter = { kind: "frame", to: "/t/a", incarnation: 2, reason: "full" };

test("says at most so many lines a second, and with the next one how many were left out", () => {
  let nowMs = 0;
  const lines: DeadLetterLine[] = [];
  const log = createDeadLetterLog({
    clock: { nowMs: () => nowMs },
    linesPerSecondMax: 2,
    write: (line) => lines.push(line),
  });
  for (let count = 0; count < 10; count += 1) log.take(letter);
  expect(lines).toHaveLength(2);
  expect(log.leftOut).toBe(8);
  nowMs = 1000;
  log.take(letter);
  expect(lines[2]).toEqual({ ...letter, leftOut: 8 });
  expect(log.leftOut).toBe(0);
});

test("no second holds more lines than allowed, and every letter is written or counted", () => {
  const gaps = fc.array(fc.nat(400), { maxLength: 200 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 5 }), (gapsMs, linesPerSecondMax) => {
      let nowMs = 0;
      let counted = 0;
      const writtenMs: number[] = [];
      const log = createDeadLetterLog({
        clock: { nowMs: () => nowMs },
        linesPerSecondMax,
        write(line) {
          writtenMs.push(nowMs);
          counted += 1 + line.leftOut;
        },
      });
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        log.take(letter);
      }
      expect(counted + log.leftOut).toBe(gapsMs.length);
      for (const atMs of writtenMs) {
        const within = writtenMs.filter((other) => other >= atMs && other < atMs + 1000);
        expect(within.length).toBeLessThanOrEqual(linesPerSecondMax);
      }
    }),
  );
});
