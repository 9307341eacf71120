/**
 * Text → intent, by phrases alone: the same text always gives the same answer, in microseconds.
 *
 * 1. The whole text is a phrase (fillers aside): confidence 1.
 * 2. The text contains phrases of exactly one intent: confidence by how much of the text they are.
 *    A phrase inside a longer found phrase does not count ("today" in "not today"), neither does
 *    one that is negated ("not sure I agree") or asked back ("好不好").
 * 3. Anything else is no match: phrases of two intents ("yes, no, yes") are not guessed between.
 */
import { wordsOf } from "./normalise.js";

/** What is looked for: an intent and the phrases that mean it. */
export type IntentPhrases = { readonly name: string; readonly phrases: readonly string[] };

/** What was found; `confidence` from `confidenceMin` to 1. */
export type IntentMatch = { readonly intent: string; readonly confidence: number };

export type PhraseMatcher = {
  /** The intent that `text` means, or undefined. `isWhole`: only rule 1. */
  match(text: string, options?: { readonly isWhole?: boolean }): IntentMatch | undefined;
};

/** Below this share of understood words the rest of the sentence may well say something else. */
export const confidenceMin = 0.6;

/** A sentence that begins or ends with the phrase most likely answers with it. */
const edgeBonus = 0.1;

const fillers = new Set(["um", "uh", "er", "erm", "ah", "嗯", "呃", "啊"]);
const negators = new Set(["not", "never", "nor", "neither", "without", "hardly"]);
const hanNegators = new Set(["不", "没", "别", "未", "非", "勿"]);
const hanQuestions = new Set(["不", "没", "吗", "么"]);

/** How far before a phrase a negation still reaches: "not really sure yes". */
const negationReach = { words: 3, han: 2 };

type Phrase = { readonly intent: string; readonly words: readonly string[] };
type Found = { readonly phrase: Phrase; readonly from: number; readonly to: number };

/** Prepares the phrases of one state. Of equal phrases the first intent has it. */
export function createPhraseMatcher(intents: readonly IntentPhrases[]): PhraseMatcher {
  const whole = new Map<string, string>();
  const byFirstWord = new Map<string, Phrase[]>();
  for (const { name, phrases } of intents) {
    for (const phrase of phrases) {
      const words = wordsOf(phrase);
      const [first] = words;
      if (first === undefined || whole.has(words.join(" "))) continue;
      whole.set(words.join(" "), name);
      byFirstWord.set(first, [...(byFirstWord.get(first) ?? []), { intent: name, words }]);
    }
  }
  return {
    match: (text, { isWhole = false } = {}) => {
      const all = wordsOf(text);
      const words = all.filter((word) => !fillers.has(word));
      const intent = whole.get(all.join(" ")) ?? whole.get(words.join(" "));
      if (intent !== undefined) return { intent, confidence: 1 };
      return isWhole ? undefined : matchInside(words, byFirstWord);
    },
  };
}

/** One-off form of `createPhraseMatcher`. */
export function matchIntent(
  text: string,
  intents: readonly IntentPhrases[],
): IntentMatch | undefined {
  return createPhraseMatcher(intents).match(text);
}

function matchInside(
  words: readonly string[],
  byFirstWord: ReadonlyMap<string, readonly Phrase[]>,
): IntentMatch | undefined {
  const found = outermost(findAll(words, byFirstWord));
  const [first] = found;
  if (first === undefined || found.some((span) => isTurned(words, span))) return undefined;
  if (found.some((span) => span.phrase.intent !== first.phrase.intent)) return undefined;
  const covered = new Set(found.flatMap(({ from, to }) => indexes(from, to))).size;
  const atEdge = found.some(({ from, to }) => from === 0 || to === words.length);
  const confidence = 0.5 + (0.5 * covered) / words.length + (atEdge ? edgeBonus : 0);
  if (confidence < confidenceMin) return undefined;
  return { intent: first.phrase.intent, confidence: Math.min(confidence, 0.99) };
}

function findAll(
  words: readonly string[],
  byFirstWord: ReadonlyMap<string, readonly Phrase[]>,
): Found[] {
  return words.flatMap((word, from) =>
    (byFirstWord.get(word) ?? [])
      .filter((phrase) => phrase.words.every((expected, i) => words[from + i] === expected))
      .map((phrase) => ({ phrase, from, to: from + phrase.words.length })),
  );
}

/** Without those that lie inside a longer one. */
function outermost(found: readonly Found[]): Found[] {
  return found.filter(
    (inner) =>
      !found.some(
        (outer) =>
          outer.from <= inner.from &&
          outer.to >= inner.to &&
          outer.to - outer.from > inner.to - inner.from,
      ),
  );
}

/** Negated or asked back: the words around the phrase turn its meaning. */
function isTurned(words: readonly string[], { from, to }: Found): boolean {
  const before = words.slice(Math.max(0, from - negationReach.words), from);
  const next = words[to];
  return (
    before.some((word) => negators.has(word)) ||
    before.slice(-negationReach.han).some((word) => hanNegators.has(word)) ||
    (next !== undefined && hanQuestions.has(next))
  );
}

function indexes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
