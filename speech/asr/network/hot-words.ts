/** The words that a recogniser should listen for: standing ones, the contact's, the state's. */
import type { Grammar } from "../recognizer.js";

/** Vendors limit the whole list; 500 tokens is the least of them. */
const wordsMax = 100;
const charsMax = 1500;

/** Without duplicates, in that order; what is over the limits is left out. */
export function hotWords(grammar: Grammar, standing: readonly string[] = []): string[] {
  const { phrases, hotWords: ofContact = [] } = grammar;
  const chosen: string[] = [];
  let chars = 0;
  for (const phrase of new Set([...standing, ...ofContact, ...phrases].map(withoutMarks))) {
    chars += phrase.length;
    if (chosen.length >= wordsMax || chars > charsMax) break;
    if (phrase !== "") chosen.push(phrase);
  }
  return chosen;
}

/** A phrase as a vocabulary has it: lower case, without punctuation. */
export function spokenWords(phrase: string): string {
  return withoutMarks(phrase).toLowerCase();
}

function withoutMarks(phrase: string): string {
  return phrase
    .normalize("NFKC")
    .replace(/[^\p{L}\p{N}\p{M}' ]+/gu, " ")
    .trim()
    .replace(/\s+/g, " ");
}
