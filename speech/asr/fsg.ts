/**
 * A grammar as a finite-state graph in the text form that PocketSphinx reads. Pure.
 *
 *               ┌── yes ──────────────────────────┐
 *     0 start ──┼── no ── ○ ── thank ── ○ ── you ─┼──► 2 end      phrases, as a tree of words
 *       │       └── d ── ○ ── d ── ○ ── d ────────┘               digits, each length of its own
 *       └──► 1 ↺ bg_the, bg_of, …  ────────────────►              everything else people say
 *
 * Without the loop of background words every sentence would be pressed into some phrase. A digit
 * loop would generate lengths that nobody asked for, so the lengths are expanded.
 */
import { backgroundWords } from "./background-words.js";
import type { Grammar } from "./recognizer.js";

/** Marks background words, which may sound like words of a phrase but mean "out of grammar". */
export const backgroundPrefix = "bg_";

/**
 * Chance of each background word, raised by the decoder to the power of its language weight. At
 * 1e-3 four times as many foreign sentences are taken for an answer, at 1e-2 answers begin to be
 * rejected over the telephone (measured with this word list).
 */
export const backgroundProbability = 3e-3;

/** Chance of each digit: below 1 in 11, so that none is heard into a pause or a long vowel. */
const digitProbability = 1 / 30;
/** "Oh" is one vowel, and there is one like it in "zero" and "four". */
const ohProbability = 1 / 100;

/** The words of a digit string, with the figures they stand for. */
export const digitByWord: ReadonlyMap<string, string> = new Map([
  ["zero", "0"],
  ["oh", "0"],
  ["one", "1"],
  ["two", "2"],
  ["three", "3"],
  ["four", "4"],
  ["five", "5"],
  ["six", "6"],
  ["seven", "7"],
  ["eight", "8"],
  ["nine", "9"],
]);

const start = 0;
const background = 1;
const end = 2;

type Branch = { readonly next: Map<string, Branch>; isEnd: boolean };

/**
 * Writes the graph.
 *
 * @param phrases word sequences, none empty, all words in the decoder's dictionary
 * @see sphinxbase `fsg_model.c`: `TRANSITION from to probability [word]`, null without a word.
 */
export function writeFsg(
  phrases: readonly (readonly string[])[],
  digits: Grammar["digits"],
  backgroundVocabulary: readonly string[] = backgroundWords,
): string {
  const lines: string[] = [];
  let states = 3;
  const arc = (from: number, to: number, probability: number, word = ""): void =>
    void lines.push(`TRANSITION ${from} ${to} ${probability.toPrecision(6)} ${word}`.trimEnd());
  const alternatives = phrases.length + (digits === undefined ? 0 : 1);
  const share = 1 / Math.max(1, alternatives);

  const grow = (branch: Branch, state: number, probability: number): void => {
    for (const [word, child] of branch.next) {
      const isLeaf = child.next.size === 0;
      const target = isLeaf ? end : states++;
      arc(state, target, probability, word);
      if (isLeaf) continue;
      if (child.isEnd) arc(target, end, 1);
      grow(child, target, 1);
    }
  };
  grow(treeOf(phrases), start, share);

  if (digits !== undefined) {
    let state = start;
    for (let length = 1; length <= digits.max; length += 1) {
      const target = states++;
      const chance = length === 1 ? share : 1;
      for (const word of digitByWord.keys()) {
        arc(state, target, chance * (word === "oh" ? ohProbability : digitProbability), word);
      }
      if (length >= digits.min) arc(target, end, 1);
      state = target;
    }
  }

  arc(start, background, backgroundProbability);
  for (const word of backgroundVocabulary) {
    arc(background, background, backgroundProbability, backgroundPrefix + word);
  }
  arc(background, end, 1);
  return [
    "FSG_BEGIN voxtree",
    `NUM_STATES ${states}`,
    `START_STATE ${start}`,
    `FINAL_STATE ${end}`,
    ...lines,
    "FSG_END",
    "",
  ].join("\n");
}

function treeOf(phrases: readonly (readonly string[])[]): Branch {
  const root: Branch = { next: new Map(), isEnd: false };
  for (const words of phrases) {
    let branch = root;
    for (const word of words) {
      const child = branch.next.get(word) ?? { next: new Map<string, Branch>(), isEnd: false };
      branch.next.set(word, child);
      branch = child;
    }
    branch.isEnd = true;
  }
  return root;
}
