import { expect, test } from "vitest";
import { cpuWaitMs, ownThreadId } from "./cpu-wait.js";

test.skipIf(process.platform !== "linux")("a thread knows its number, and what it waited", () => {
  const id = ownThreadId();
  expect(id).toBeGreaterThan(0);
  expect(cpuWaitMs(id)).toBeGreaterThan(0);
});

test("a thread that is not known, or no more, has not waited", () => {
  expect(cpuWaitMs(0)).toBe(0);
  expect(cpuWaitMs(2 ** 30)).toBe(0);
});
