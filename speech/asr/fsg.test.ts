import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backgroundWords } from "./background-words.js";
import { digitByWord, writeFsg } from "./fsg.js";

type Arc = { from: number; to: number; probability: number; word: string | undefined };

function parse(text: string): { states: number; arcs: readonly Arc[] } {
  const lines = text.trimEnd().split("\n");
  expect([lines[0], lines.at(-1)]).toEqual(["FSG_BEGIN voxtree", "FSG_END"]);
  const states = Number(/^NUM_STATES (\d+)$/.exec(lines[1]!)![1]);
  const arcs = lines.slice(4, -1).map((line) => {
    const [keyword, from, to, probability, word] = line.split(" ");
    expect(keyword).toBe("TRANSITION");
    return { from: Number(from), to: Number(to), probability: Number(probability), word };
  });
  return { states, arcs };
}

/** All sentences from start to end that do not pass the background. */
function sentences(text: string): Set<string> {
  const { arcs } = parse(text);
  const found = new Set<string>();
  const walk = (state: number, words: readonly string[]): void => {
    if (state === 2) found.add(words.join(" "));
    for (const arc of arcs.filter((each) => each.from === state && each.to !== 1)) {
      walk(arc.to, arc.word === undefined ? words : [...words, arc.word]);
    }
  };
  walk(0, []);
  return found;
}

const word = fc.constantFrom("yes", "no", "please", "thank", "you", "it", "is");
const phrasesArb = fc.uniqueArray(fc.array(word, { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 12,
  selector: (words) => words.join(" "),
});

describe("the graph of a grammar", () => {
  test("accepts exactly the phrases, also where one begins another", () => {
    fc.assert(
      fc.property(phrasesArb, (phrases) => {
        const expected = new Set(phrases.map((words) => words.join(" ")));
        expect(sentences(writeFsg(phrases, undefined))).toEqual(expected);
      }),
    );
  });

  test("accepts digit strings of the lengths asked for and no other", () => {
    const lengths = new Map<number, number>();
    for (const sentence of sentences(writeFsg([], { min: 2, max: 3 }))) {
      const count = sentence.split(" ").length;
      lengths.set(count, (lengths.get(count) ?? 0) + 1);
    }
    const perDigit = digitByWord.size;
    expect([...lengths]).toEqual(
      expect.arrayContaining([
        [2, perDigit ** 2],
        [3, perDigit ** 3],
      ]),
    );
    expect(lengths.size).toBe(2);
  });

  test("has no digits unless they are asked for", () => {
    const words = parse(writeFsg([["yes"]], undefined)).arcs.map((arc) => arc.word);
    expect(words).not.toContain("seven");
    expect(words).toContain("bg_seven");
  });

  test("loops over every background word, at a small probability", () => {
    const { arcs } = parse(writeFsg([["yes"]], undefined));
    const loop = arcs.filter((arc) => arc.from === 1 && arc.to === 1);
    expect(loop.map((arc) => arc.word)).toEqual(backgroundWords.map((each) => `bg_${each}`));
    expect(loop.every((arc) => arc.probability > 0 && arc.probability < 0.02)).toBe(true);
  });

  test("numbers its states without gaps and keeps probabilities in (0, 1]", () => {
    fc.assert(
      fc.property(phrasesArb, fc.integer({ min: 1, max: 8 }), (phrases, max) => {
        const { states, arcs } = parse(writeFsg(phrases, { min: 1, max }));
        const used = new Set(arcs.flatMap((arc) => [arc.from, arc.to]));
        expect([...used].sort((a, b) => a - b)).toEqual(
          Array.from({ length: states }, (_, i) => i),
        );
        expect(arcs.every((arc) => arc.probability > 0 && arc.probability <= 1)).toBe(true);
      }),
    );
  });
});

test("background words are about five hundred, each once, in plain letters", () => {
  expect(backgroundWords.length).toBeGreaterThan(450);
  expect(new Set(backgroundWords).size).toBe(backgroundWords.length);
  expect(backgroundWords.filter((each) => !/^[a-z]+$/.test(each))).toEqual([]);
});
