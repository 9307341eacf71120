/**
 * A grammar made ready for a decoder: its graph, the words it needs, and the way back from what
 * the decoder heard to the phrase as the flow wrote it. Pure, but for what the pronunciations read.
 */
import { z } from "zod";
import { backgroundPrefix, digitByWord, writeFsg } from "./fsg.js";
import { phraseWords } from "./phrase-words.js";
import type { Pronunciations } from "./pronunciations.js";
import { RecognitionError, type Grammar, type GrammarWarning } from "./recognizer.js";

/** More phrases than this are no question that can be asked on the phone. */
export const phrasesMax = 1000;
const digitsMax = 32;

const digitCount = z.int().min(1).max(digitsMax);
const grammarSchema = z.object({
  language: z.string().max(35),
  phrases: z.array(z.string().max(2000)).max(phrasesMax),
  digits: z.object({ min: digitCount, max: digitCount }).optional(),
});

export type CompiledGrammar = {
  /** The same for grammars that ask for the same. */
  readonly key: string;
  /** In the form of `writeFsg`. */
  readonly fsg: string;
  /** Words of phrases and digits, all with a pronunciation. */
  readonly words: readonly string[];
  readonly warnings: readonly GrammarWarning[];
  /** What a hypothesis of the decoder means. */
  read(hypothesis: string | undefined): Reading;
};

/** `isComplete`: no more words can belong to it. `isRejected`: it is no answer. */
export type Reading = {
  readonly text: string;
  readonly isComplete: boolean;
  readonly isRejected: boolean;
};

/** The same for grammars that ask for the same, whatever the order of their fields. */
export function grammarKey({ language, phrases, digits }: Grammar): string {
  return JSON.stringify([language, phrases, digits?.min, digits?.max]);
}

/**
 * Checks what came from another process.
 *
 * @throws {RecognitionError} `RECOGNITION_REFUSED`; the message names fields, never the phrases.
 */
export function parseGrammar(value: unknown): Grammar {
  const { success, data, error } = grammarSchema.safeParse(value);
  if (!success) {
    const mistakes = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw refused(mistakes.join("; "), { mistakes });
  }
  const { language, phrases, digits } = data;
  if (digits !== undefined && digits.min > digits.max) {
    throw refused(`digits.min ${digits.min} is above digits.max ${digits.max}`, { digits });
  }
  return { language, phrases, ...(digits === undefined ? {} : { digits }) };
}

/**
 * Phrases with words that nobody can pronounce are left out and reported.
 *
 * @throws {RecognitionError} `RECOGNITION_REFUSED` when the language is not English.
 */
export function compileGrammar(grammar: Grammar, sounds: Pronunciations): CompiledGrammar {
  if (!/^en(?:[-_]|$)/i.test(grammar.language)) {
    const { language } = grammar;
    throw refused(`language "${language}": the embedded recogniser knows "en" only`, { language });
  }
  const phraseByWords = new Map<string, string>();
  const warnings: GrammarWarning[] = [];
  for (const phrase of grammar.phrases) {
    const variants = phraseWords(phrase);
    const unknown = [...new Set(variants.flat())].filter((word) => sounds.of(word).length === 0);
    const usable = variants.filter((words) => words.every((word) => !unknown.includes(word)));
    for (const words of usable) {
      const key = words.join(" ");
      if (!phraseByWords.has(key)) phraseByWords.set(key, phrase.trim());
    }
    if (usable.length === 0) warnings.push(warningOf(phrase, unknown));
  }
  const sequences = [...phraseByWords.keys()].map((key) => key.split(" "));
  const digitWords = grammar.digits === undefined ? [] : [...digitByWord.keys()];
  return {
    key: grammarKey(grammar),
    fsg: writeFsg(sequences, grammar.digits),
    words: [...new Set([...sequences.flat(), ...digitWords])],
    warnings,
    read: (hypothesis) => read(hypothesis, phraseByWords, grammar.digits),
  };
}

function read(
  hypothesis: string | undefined,
  phraseByWords: ReadonlyMap<string, string>,
  digits: Grammar["digits"],
): Reading {
  if (hypothesis === undefined || hypothesis === "" || hypothesis.includes(backgroundPrefix)) {
    return { text: "", isComplete: false, isRejected: true };
  }
  const phrase = phraseByWords.get(hypothesis);
  if (phrase !== undefined) return { text: phrase, isComplete: true, isRejected: false };
  const figures = hypothesis.split(" ").map((word) => digitByWord.get(word));
  if (digits !== undefined && figures.every((figure) => figure !== undefined)) {
    const isAnswer = figures.length >= digits.min && figures.length <= digits.max;
    const isComplete = figures.length === digits.max;
    return { text: figures.join(""), isComplete, isRejected: !isAnswer };
  }
  return { text: hypothesis, isComplete: false, isRejected: true };
}

function warningOf(phrase: string, words: readonly string[]): GrammarWarning {
  if (words.length === 0) {
    const message = `phrase "${phrase}" has no English word; it is left out`;
    return { code: "NOTHING_SPEAKABLE", phrase, words, message };
  }
  const list = words.map((word) => `"${word}"`).join(", ");
  const message = `phrase "${phrase}" is left out: nobody knows how ${list} sounds`;
  return { code: "WORDS_UNKNOWN", phrase, words, message };
}

function refused(message: string, detail: Readonly<Record<string, unknown>>): RecognitionError {
  return new RecognitionError("RECOGNITION_REFUSED", `grammar: ${message}`, detail);
}
