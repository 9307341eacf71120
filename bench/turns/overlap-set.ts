/** What is heard over our own prompts, drawn by a fixed seed; half of each kind held out. */
import { chanceOf, type Chance } from "./chance.js";
import { coughSounds } from "./cough.js";
import type { Overlap, OverlapScript } from "./script.js";
import { backchannels, interruptions } from "./words.js";

type Draft = Pick<OverlapScript, "text" | "pace" | "afterMs" | "attenuationDb">;
type Recipe = {
  readonly overlap: Overlap;
  readonly count: number;
  readonly draw: (chance: Chance, index: number) => Draft;
};

const recipes: readonly Recipe[] = [
  { overlap: "interruption", count: 60, draw: (chance, at) => spoken(chance, interruptions, at) },
  { overlap: "backchannel", count: 60, draw: (chance, at) => spoken(chance, backchannels, at) },
  {
    overlap: "cough",
    count: 40,
    draw: (chance, at) => ({
      ...spoken(chance, coughSounds, at),
      // Most people turn away from the telephone.
      attenuationDb: chance.between(-3, 10),
    }),
  },
  {
    overlap: "echo",
    count: 40,
    draw: (chance) => ({
      text: "",
      pace: 1,
      afterMs: Math.round(chance.between(60, 400) / 10) * 10,
      attenuationDb: chance.between(8, 24),
    }),
  },
];

function spoken(chance: Chance, words: readonly string[], index: number): Draft {
  return {
    text: words[index % words.length]!,
    pace: chance.between(0.9, 1.25),
    afterMs: Math.round(chance.between(600, 2600) / 10) * 10,
    attenuationDb: 0,
  };
}

export function allOverlaps(): readonly OverlapScript[] {
  return recipes.flatMap(({ overlap, count, draw }) => {
    const chance = chanceOf(`overlaps of ${overlap}`);
    const drafts = Array.from({ length: count }, (_, index) => draw(chance, index));
    const places = chanceOf(`split of ${overlap}`).shuffled(drafts.map((_, index) => index));
    const heldOut = new Set(places.slice(0, count / 2));
    return drafts.map((draft, index) => ({
      ...draft,
      overlap,
      id: `${overlap} ${index + 1}`,
      isHeldOut: heldOut.has(index),
    }));
  });
}
