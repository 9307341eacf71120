/**
 * How far an answer has come, by its words: could it be all, is it surely all, or is somebody in
 * the middle of it? So silence behind it means more or less. Pure.
 */
import { comparable } from "../asr/comparable.js";
import { backchannels, danglers, openers } from "./small-words.js";

/**
 * `whole`: an answer that people hardly ever go on from. `answer`: it could be all. `unfinished`:
 * more must come: a phrase that has begun, too few digits, "um", "and". `unknown`: the words say
 * nothing, or there are none.
 */
export type Standing = "whole" | "answer" | "unfinished" | "unknown";

/** What the dialog waits for, as far as it matters here. */
export type AwaitedAnswer = {
  readonly kind: "choice" | "digits" | "free" | "none";
  readonly phrases?: readonly string[];
  readonly digits?: { readonly min: number; readonly max: number };
};

export type AnswerJudge = (text: string) => Standing;

/**
 * Short answers are gone on from: "yes, but …", "billing, please". One of so many words, or Han
 * characters, is a sentence of its own.
 */
const wholeWordsMin = 3;
const wholeHanMin = 4;

const digitWords = new Set(
  "zero oh o one two three four five six seven eight nine 零 〇 一 二 三 四 五 六 七 八 九 幺 两".split(
    " ",
  ),
);

const judges = new WeakMap<AwaitedAnswer, AnswerJudge>();

/** The judge of an expectation; the same expectation has the same one. */
export function answerJudge(awaited: AwaitedAnswer): AnswerJudge {
  const known = judges.get(awaited) ?? createJudge(awaited);
  judges.set(awaited, known);
  return known;
}

function createJudge({ kind, phrases = [], digits }: AwaitedAnswer): AnswerJudge {
  const whole = new Set(phrases.map(comparable));
  const begins = beginsOf(whole);
  return (text) => {
    const heard = comparable(text);
    if (heard === "") return "unknown";
    if (whole.has(heard)) return isSentence(heard) && !begins.has(heard) ? "whole" : "answer";
    const words = withoutOpeners(heard);
    if (words === "") return "unfinished";
    if (whole.has(words)) return isSentence(words) && !begins.has(words) ? "whole" : "answer";
    if (kind === "digits" && digits !== undefined) {
      const count = digitCountOf(words);
      if (count !== undefined) return standingOfDigits(count, digits);
    }
    if (begins.has(words)) return "unfinished";
    return danglers.has(words.slice(words.lastIndexOf(" ") + 1)) ? "unfinished" : "unknown";
  };
}

function standingOfDigits(count: number, { min, max }: { min: number; max: number }): Standing {
  if (count < min) return "unfinished";
  return count < max ? "answer" : "whole";
}

/** Every begin of a phrase that is not the whole of it. */
function beginsOf(phrases: ReadonlySet<string>): ReadonlySet<string> {
  const begins = new Set<string>();
  for (const phrase of phrases) {
    const words = phrase.split(" ");
    for (let count = 1; count < words.length; count += 1) {
      begins.add(words.slice(0, count).join(" "));
    }
  }
  return begins;
}

/** Longest first: "uh huh" is more than "uh". */
const small = [...new Set([...openers, ...backchannels])].sort((a, b) => b.length - a.length);

function withoutOpeners(words: string): string {
  for (const opener of small) {
    if (words === opener) return "";
    if (words.startsWith(`${opener} `)) return withoutOpeners(words.slice(opener.length + 1));
  }
  return words;
}

function isSentence(words: string): boolean {
  const parts = words.split(" ");
  const isHan = /\p{Script=Han}/u.test(words);
  return parts.length >= (isHan ? wholeHanMin : wholeWordsMin);
}

/** Undefined when there is anything else in it. */
function digitCountOf(words: string): number | undefined {
  let count = 0;
  for (const word of words.split(" ")) {
    if (digitWords.has(word)) count += 1;
    else if (/^\d+$/.test(word)) count += word.length;
    else return undefined;
  }
  return count;
}
