import { expect, test } from "vitest";
import { KeptAudio } from "./kept-audio.js";

const visited = (kept: KeptAudio): number[] => {
  const all: number[] = [];
  kept.visit((samples) => all.push(...samples));
  return all;
};

test("keeps copies in order, over the borders of its blocks, up to its bound", () => {
  const kept = new KeptAudio(40_000);
  const frame = new Int16Array(320);
  const expected: number[] = [];
  for (let index = 0; index < 125; index += 1) {
    frame.fill(index);
    kept.add(frame);
    expected.push(...frame);
  }
  frame.fill(-1);
  kept.add(frame);
  expect(visited(kept)).toEqual(expected);
});

test("takes one piece that is longer than a block", () => {
  const kept = new KeptAudio(100_000);
  const samples = Int16Array.from({ length: 50_000 }, (_, index) => index % 3000);
  kept.add(samples);
  expect(visited(kept)).toEqual([...samples]);
  kept.clear();
  expect(visited(kept)).toEqual([]);
});
