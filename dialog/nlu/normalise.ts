/**
 * Text → the words that are compared: Unicode NFKC, lower case, no punctuation, contractions
 * written out ("don't" and "do not" are one), single digits as words. Han characters are kept and
 * each counts as a word, because Mandarin is written without spaces.
 */
import { flowLimits } from "../limits.js";

/** English contractions by their whole form; the regular endings are in `endings`. */
const contractions: ReadonlyMap<string, string> = new Map([
  ["can't", "can not"],
  ["cannot", "can not"],
  ["won't", "will not"],
  ["shan't", "shall not"],
  ["ain't", "is not"],
  ["let's", "let us"],
  ["gonna", "going to"],
  ["wanna", "want to"],
]);

const endings: readonly (readonly [ending: string, words: string])[] = [
  ["n't", " not"],
  ["'m", " am"],
  ["'re", " are"],
  ["'ve", " have"],
  ["'ll", " will"],
  ["'d", " would"],
];

/** Words after which `'s` is "is"; elsewhere it is a possessive and stays with its word. */
const isWords = new Set(["it", "that", "what", "who", "he", "she", "there", "here", "this"]);

const digitWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

const apostrophes = /[\u2018\u2019\u02bc\u0060\u00b4\u2032]/g;
const han = /(\p{Script=Han}|\u3007)/gu;
const hanOrDigit = /^(?:\p{Script=Han}|\u3007|\d)$/u;

/**
 * The words of `text`, in order. Two texts with equal words mean the same to the matcher.
 * At most `flowLimits.heardCharsMax` characters are looked at.
 */
export function wordsOf(text: string): readonly string[] {
  return spokenWords(text).flatMap((word) => expand(word));
}

/** `wordsOf` as one text: words by one space, Han characters (and digits among them) joined. */
export function normaliseText(text: string): string {
  return joinWords(wordsOf(text));
}

/**
 * A phrase as it is spoken, for a recogniser's grammar: lower case, no punctuation, but the
 * contractions left as people say them. May be empty.
 */
export function spokenForm(text: string): string {
  return joinWords(spokenWords(text));
}

/** True when a synthesizer would have something to say: a letter or a digit of any script. */
export function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function spokenWords(text: string): string[] {
  return text
    .slice(0, flowLimits.heardCharsMax)
    .normalize("NFKC")
    .replace(apostrophes, "'")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}' ]+/gu, " ")
    .replace(han, " $1 ")
    .split(/\s+/)
    .map((word) => word.replace(/^'+|'+$/g, ""))
    .filter((word) => word !== "");
}

function expand(word: string): string[] {
  const whole = contractions.get(word);
  if (whole !== undefined) return whole.split(" ");
  if (/^[0-9]$/.test(word)) return [digitWords[Number(word)] ?? word];
  if (word.endsWith("'s") && isWords.has(word.slice(0, -2))) return [word.slice(0, -2), "is"];
  for (const [ending, words] of endings) {
    if (word.length > ending.length && word.endsWith(ending)) {
      return (word.slice(0, -ending.length) + words).split(" ");
    }
  }
  return [word.replaceAll("'", "")];
}

function joinWords(words: readonly string[]): string {
  let joined = "";
  let previous = "";
  for (const word of words) {
    const isTight = hanOrDigit.test(previous) && hanOrDigit.test(word);
    joined += joined === "" || isTight ? word : ` ${word}`;
    previous = word;
  }
  return joined;
}
