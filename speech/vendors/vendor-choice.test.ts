import { describe, expect, it } from "vitest";
import { chooseVendor, type Standing } from "./vendor-choice.js";

const fresh: Standing = { tries: 0, triableAtMs: 0, isFull: false, costMs: 0, isOut: false };
const at = (given: Partial<Standing>): Standing => ({ ...fresh, ...given });
const inOrder = { nowMs: 1000, choose: "inOrder" } as const;
const healthiest = { nowMs: 1000, choose: "healthiest" } as const;
const tryIt = (index: number) => ({ kind: "try", index });

describe("the next vendor", () => {
  it.each([
    ["the first of the list", [fresh, fresh], inOrder, tryIt(0)],
    ["one that was tried less", [at({ tries: 1 }), fresh], inOrder, tryIt(1)],
    ["none that is full", [at({ isFull: true }), fresh], inOrder, tryIt(1)],
    ["none whose circuit is open", [at({ triableAtMs: 2000 }), fresh], inOrder, tryIt(1)],
    [
      "one whose circuit lets a probe through",
      [at({ triableAtMs: 900 }), fresh],
      inOrder,
      tryIt(0),
    ],
    ["the order, whatever it costs", [at({ costMs: 900 }), fresh], inOrder, tryIt(0)],
    ["the cheapest, if that is wanted", [at({ costMs: 900 }), fresh], healthiest, tryIt(1)],
    ["the order, when costs are much the same", [at({ costMs: 40 }), fresh], healthiest, tryIt(0)],
  ])("is %s", (_, standings, options, choice) => {
    expect(chooseVendor(standings, options)).toEqual(choice);
  });

  it("is waited for when all are full or left out", () => {
    const open = at({ triableAtMs: 1400 });
    expect(chooseVendor([open, at({ triableAtMs: 1300 })], inOrder)).toEqual({
      kind: "wait",
      untilMs: 1300,
    });
    expect(chooseVendor([open, at({ isFull: true })], inOrder)).toMatchObject({ untilMs: 1050 });
    // A probe is running: its end may let us in.
    expect(chooseVendor([at({ triableAtMs: Infinity })], inOrder)).toMatchObject({ untilMs: 1050 });
  });

  it("is nobody when all are out", () => {
    expect(chooseVendor([at({ isOut: true })], inOrder)).toEqual({ kind: "nobody" });
  });
});
