/**
 * From a phrase as the flow writes it to the words a caller would say. Uses the same spoken forms
 * as our voices, so that a sentence they speak is the sentence that is listened for. Pure.
 */
import { EngineError } from "../../base/errors.js";
import { cardinalWords, digitWords } from "../tts/number-words.js";
import { speakableText } from "../tts/speakable-text.js";

/** A figure may be read in several ways; a phrase with many of them is not tried in all. */
const variantsMax = 6;

/** Written short, spoken long. */
const abbreviations: Readonly<Record<string, string>> = {
  dr: "doctor",
  mr: "mister",
  mrs: "missus",
  ms: "ms.",
  ok: "okay",
};

/**
 * The ways to say `phrase`, likeliest first, each as lower-case words of letters and apostrophes;
 * none when there is nothing in it that can be spoken in English.
 */
export function phraseWords(phrase: string): readonly (readonly string[])[] {
  let variants: readonly (readonly string[])[] = [[]];
  for (const token of tokensOf(phrase)) {
    const ways = waysToSay(token);
    variants = variants
      .flatMap((words) => ways.map((way) => [...words, ...way]))
      .slice(0, variantsMax);
  }
  return variants.filter((words) => words.length > 0);
}

function tokensOf(phrase: string): readonly string[] {
  return (
    speakable(phrase)
      .toLowerCase()
      .match(/[a-z']+|[0-9]+/g) ?? []
  )
    .map((token) => token.replace(/^'+|'+$/g, ""))
    .filter((token) => token !== "");
}

function speakable(phrase: string): string {
  try {
    return speakableText(phrase, "phrase");
  } catch (error) {
    // Nothing to speak, too long, or another script: such a phrase cannot be heard either.
    if (error instanceof EngineError) return "";
    throw error;
  }
}

function waysToSay(token: string): readonly (readonly string[])[] {
  if (!/^[0-9]/.test(token)) return [[abbreviations[token] ?? token]];
  if (token.length > 4) return [digitWords(token).split(" ")];
  const ways = [cardinalWords(Number(token))];
  if (/^(1[1-9]|20)[0-9]{2}$/.test(token)) ways.unshift(yearWords(token));
  if (token.length > 1) ways.push(digitWords(token));
  return [...new Set(ways)].map((way) => way.split(" "));
}

/** `1999` → nineteen ninety nine, `1905` → nineteen oh five, `2000` as the number it is. */
function yearWords(token: string): string {
  const rest = Number(token.slice(2));
  if (rest === 0 && token !== "2000") return `${cardinalWords(Number(token.slice(0, 2)))} hundred`;
  if (token.startsWith("200")) return cardinalWords(Number(token));
  const second = rest < 10 ? `oh ${cardinalWords(rest)}` : cardinalWords(rest);
  return `${cardinalWords(Number(token.slice(0, 2)))} ${second}`;
}
