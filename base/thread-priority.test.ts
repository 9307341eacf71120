import { readlinkSync } from "node:fs";
import { getPriority } from "node:os";
import { expect, test } from "vitest";
import { stepBack } from "./thread-priority.js";

test.runIf(process.platform === "linux")("a thread that steps back returns", () => {
  const id = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  const before = getPriority(id);
  const undo = stepBack();
  expect(getPriority(id)).toBeGreaterThanOrEqual(before);
  undo();
  expect(getPriority(id)).toBe(before);
});
