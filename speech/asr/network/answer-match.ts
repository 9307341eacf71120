/**
 * From what a recogniser of free speech wrote to what the grammar asked for: the phrase as the
 * flow writes it, digits as figures. Case, punctuation and width do not matter. A text that is
 * neither stays as it is: the dialog may still find its meaning inside. Pure.
 */
import { comparable } from "../comparable.js";
import type { Grammar } from "../recognizer.js";

export type MatchedAnswer = {
  readonly text: string;
  /** A whole phrase of the grammar, or as many digits as it allows. */
  readonly isComplete: boolean;
};

export type AnswerMatcher = (text: string) => MatchedAnswer;

const digitByWord: ReadonlyMap<string, string> = new Map(
  [
    "zero one two three four five six seven eight nine".split(" "),
    [..."零一二三四五六七八九"],
    ["oh", "幺", "两"],
    ["o"],
  ].flatMap((words, row) => words.map((word, digit) => [word, digitAt(row, digit)] as const)),
);

function digitAt(row: number, place: number): string {
  return row < 2 ? String(place) : row === 2 ? ["0", "1", "2"][place]! : "0";
}

const matchers = new WeakMap<Grammar, AnswerMatcher>();

/** The matcher of a grammar; the same grammar has the same one. */
export function answerMatcher(grammar: Grammar): AnswerMatcher {
  const known = matchers.get(grammar);
  if (known !== undefined) return known;
  const matcher = createMatcher(grammar);
  matchers.set(grammar, matcher);
  return matcher;
}

function createMatcher({ phrases, digits }: Grammar): AnswerMatcher {
  const byWords = new Map(phrases.map((phrase) => [comparable(phrase), phrase]));
  return (text) => {
    const words = comparable(text);
    if (words === "") return { text: "", isComplete: false };
    const phrase = byWords.get(words);
    if (phrase !== undefined) return { text: phrase, isComplete: true };
    const figures = digits === undefined ? undefined : figuresOf(words);
    if (digits === undefined || figures === undefined) return { text, isComplete: false };
    return { text: figures, isComplete: figures.length === digits.max };
  };
}

function figuresOf(words: string): string | undefined {
  const figures = words
    .split(" ")
    .map((word) => (/^\d+$/.test(word) ? word : digitByWord.get(word)));
  return figures.includes(undefined) ? undefined : figures.join("");
}
