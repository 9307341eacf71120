/**
 * Small words that may stand in front of an answer, or be all that is said: "um", "well", "mhm".
 * They are heard as such instead of as the nearest phrase, so that a pause behind them is told from
 * the end of an answer, and "um, yes" is understood as "yes".
 */
import { backchannels, openers } from "../turn/small-words.js";

/** Marks them in a graph: a phrase may have the same word in it. */
export const smallPrefix = "sm_";

/** Sounds that no dictionary has right: nasal, with the mouth closed. */
const ownSounds: Readonly<Record<string, readonly string[]>> = {
  mhm: ["M HH M", "AH M HH AH M", "HH M", "HH AH M"],
  mm: ["M", "M M", "AH M"],
  um: ["AH M", "AH M M"],
  uh: ["AH", "AA", "AH AH"],
  er: ["ER", "AH"],
  huh: ["HH AH"],
};

/** The dictionary's way to say the others. */
export function soundsOfSmallWord(
  word: string,
  listed: (word: string) => readonly string[],
): readonly string[] {
  return ownSounds[word] ?? listed(word);
}

/** Each a row of words. Only what is written in Latin letters: the decoder knows English. */
export const smallPhrases: readonly (readonly string[])[] = [
  ...new Set([...openers, ...backchannels, "uh huh", "mhm"]),
]
  .filter((phrase) => /^[a-z ]+$/.test(phrase) && !/^(erm|hm|mm h|ok$|all right)/.test(phrase))
  .map((phrase) => phrase.split(" "));

const smallWords = new Set(smallPhrases.flat());

/** Whether `text` has nothing else in it. */
export function isOnlySmallWords(text: string): boolean {
  return text !== "" && text.split(" ").every((word) => smallWords.has(word));
}
