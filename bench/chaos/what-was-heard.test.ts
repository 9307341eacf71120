import { expect, test } from "vitest";
import type { HeardCall } from "../load/messages.js";
import { gapsOf, orderOf, skipsOf } from "./what-was-heard.js";

const heard = (prompts: readonly number[], longestGapMs = 20): HeardCall => ({
  callId: "c",
  longestGapMs,
  gapFromEpochMs: 0,
  silentMs: 0,
  resumptions: 0,
  prompts,
  frames: [],
});

test("what follows what is learned from most calls, also where one is said again", () => {
  const order = orderOf([heard([1, 2, 3, 1]), heard([1, 2, 2, 3]), heard([1, 3])]);
  expect([...order]).toEqual([
    [1, 2],
    [2, 3],
    [3, 1],
  ]);
});

test("a prompt that is left out is a skip; one that is said again is not", () => {
  const order = orderOf([heard([1, 2, 3, 4, 1])]);
  expect(skipsOf([heard([2, 3, 3, 4]), heard([4, 1])], order)).toBe(0);
  expect(skipsOf([heard([2, 4]), heard([1, 2, 1])], order)).toBe(2);
});

test("of nearly all calls means of nearly all calls: the worst of a hundred is no p99", () => {
  const calls = Array.from({ length: 100 }, (_, index) => heard([], index + 1));
  expect(gapsOf(calls)).toEqual({ p50: 50, p99: 99, max: 100 });
  expect(gapsOf([])).toEqual({ p50: 0, p99: 0, max: 0 });
});
