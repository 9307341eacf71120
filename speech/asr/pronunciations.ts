/**
 * How words sound, from the dictionary beside the acoustic model. It is read once per process and
 * shared by all decoders: a decoder with its own copy starts in 160 ms instead of 10 and takes
 * five times the memory.
 */
import { readFileSync } from "node:fs";

/** Looks words up. */
export type Pronunciations = {
  /** Phone strings such as `Y EH S`, likeliest first; none when nobody knows. */
  of(word: string): readonly string[];
};

/** Parts of a compound have to be long enough to be words in their own right. */
const partLettersMin = 3;

/**
 * Reads a dictionary in the form of CMUdict: `word phones` a line, further ways to say a word as
 * `word(2) phones`. Words that are not in it are put together from those that are: compounds
 * (`voicemail`) and regular endings (`reschedules`).
 *
 * @throws what `readFileSync` throws
 */
export function loadPronunciations(path: string): Pronunciations {
  return createPronunciations(readFileSync(path, "latin1"));
}

/** The same from the dictionary's text. */
export function createPronunciations(text: string): Pronunciations {
  const offsetOf = indexLines(text);
  const listed = (word: string): readonly string[] => {
    const found: string[] = [];
    for (let count = 1; ; count += 1) {
      const offset = offsetOf.get(count === 1 ? word : `${word}(${count})`);
      if (offset === undefined) return found;
      const lineEnd = text.indexOf("\n", offset);
      found.push(text.slice(offset, lineEnd < 0 ? undefined : lineEnd).trim());
    }
  };
  const built = new Map<string, readonly string[]>();
  return {
    of(word) {
      const found = listed(word);
      if (found.length > 0) return found;
      let guess = built.get(word);
      if (guess === undefined) built.set(word, (guess = buildWord(word, listed)));
      return guess;
    },
  };
}

function indexLines(text: string): ReadonlyMap<string, number> {
  const offsetOf = new Map<string, number>();
  for (let line = 0; line >= 0 && line < text.length;) {
    const space = text.indexOf(" ", line);
    if (space < 0) break;
    offsetOf.set(text.slice(line, space), space + 1);
    const lineEnd = text.indexOf("\n", space);
    line = lineEnd < 0 ? -1 : lineEnd + 1;
  }
  return offsetOf;
}

type Lookup = (word: string) => readonly string[];

function buildWord(word: string, listed: Lookup): readonly string[] {
  return firstFound([
    () => withEnding(word, /'?s$/, listed, pluralSound),
    () => withEnding(word, /ed$/, listed, pastSound),
    () => withEnding(word, /ing$/, listed, () => "IH NG"),
    () => compound(word, listed),
  ]);
}

function firstFound(attempts: readonly (() => readonly string[])[]): readonly string[] {
  for (const attempt of attempts) {
    const found = attempt();
    if (found.length > 0) return found;
  }
  return [];
}

function withEnding(
  word: string,
  ending: RegExp,
  listed: Lookup,
  sound: (lastPhone: string) => string,
): readonly string[] {
  const stem = word.replace(ending, "");
  if (stem === word || stem.length < partLettersMin) return [];
  return (
    [stem, `${stem}e`, stem.replace(/e$/, ""), stem.replace(/(.)\1$/, "$1")]
      .map(listed)
      .find((found) => found.length > 0)
      ?.map((phones) => `${phones} ${sound(phones.split(" ").at(-1)!)}`) ?? []
  );
}

function pluralSound(lastPhone: string): string {
  if (/^(S|Z|SH|ZH|CH|JH)$/.test(lastPhone)) return "IH Z";
  return /^(P|T|K|F|TH)$/.test(lastPhone) ? "S" : "Z";
}

function pastSound(lastPhone: string): string {
  if (/^(T|D)$/.test(lastPhone)) return "IH D";
  return /^(P|K|F|S|SH|CH|TH)$/.test(lastPhone) ? "T" : "D";
}

/** Two words in one, the split nearest to the middle. */
function compound(word: string, listed: Lookup): readonly string[] {
  const splits = Array.from({ length: word.length }, (_, at) => at)
    .filter((at) => at >= partLettersMin && word.length - at >= partLettersMin)
    .sort((a, b) => Math.abs(2 * a - word.length) - Math.abs(2 * b - word.length));
  for (const at of splits) {
    const [head] = listed(word.slice(0, at));
    const [tail] = listed(word.slice(at));
    if (head !== undefined && tail !== undefined) return [`${head} ${tail}`];
  }
  return [];
}
