/** The set is fixed: who tunes by it must not change it, and half of it is not looked at. */
import { expect, test } from "vitest";
import { checksumOf } from "../support/figures.js";
import { allOverlaps } from "./overlap-set.js";
import { scenarios } from "./script.js";
import { allUtterances } from "./utterances.js";

test("there are 352 utterances of eight kinds, the same ones for ever", () => {
  const all = allUtterances();
  expect(all).toHaveLength(352);
  expect(new Set(all.map(({ scenario }) => scenario))).toEqual(new Set(scenarios));
  expect(checksumOf(all.map((one) => JSON.stringify(one)))).toBe("5111b5f3");
});

test("half of each kind is held out", () => {
  for (const scenario of scenarios) {
    const ones = allUtterances().filter((one) => one.scenario === scenario);
    expect(ones.filter(({ isHeldOut }) => isHeldOut)).toHaveLength(ones.length / 2);
  }
});

test("what is heard over our prompts stays the same, too", () => {
  const all = allOverlaps();
  expect(all.filter(({ isHeldOut }) => isHeldOut)).toHaveLength(all.length / 2);
  expect(checksumOf(all.map((one) => JSON.stringify(one)))).toBe("bec319f9");
});
