import { describe, expect, test } from "vitest";
import { CreditPack } from "./credit-pack.js";

function pack() {
  const told: (readonly [frames: number, utterance: number])[] = [];
  return { told, credits: new CreditPack((...credit) => told.push(credit)) };
}

describe("credits of streamed speech", () => {
  test("go in packs, each of one utterance", () => {
    const { told, credits } = pack();
    for (let frame = 0; frame < 13; frame += 1) credits.add(1, 4);
    credits.add(1, 5);
    credits.add(40, 5);
    expect(told).toEqual([
      [10, 4],
      [3, 4],
      [41, 5],
    ]);
  });

  test("are given once for a frame that is sent twice, also across utterances", () => {
    const { told, credits } = pack();
    for (let frame = 0; frame < 12; frame += 1) credits.add(1, 4);
    // Four frames were lost with a connection; they are sent again, and then eight new ones.
    credits.takeBack(4);
    for (let frame = 0; frame < 2; frame += 1) credits.add(1, 4);
    for (let frame = 0; frame < 10; frame += 1) credits.add(1, 5);
    credits.add(0, 6);
    expect(told.reduce((sum, [frames]) => sum + frames, 0)).toBe(20);
  });

  test("of a shard that is lost are nobody's", () => {
    const { told, credits } = pack();
    credits.add(9, 4);
    credits.forget();
    credits.add(9, 5);
    expect(told).toEqual([]);
  });
});
