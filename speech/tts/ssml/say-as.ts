/** `say-as` for voices that know nothing of markup: written forms → words. Pure. */
import { cardinalWords, digitWords, ordinalWords } from "../number-words.js";

const months =
  "January February March April May June July August September October November December".split(
    " ",
  );
const cardinalMax = 1e15;

/** The text of a `say-as` element as it is said; what is not understood stays as it is. */
export function sayAs(
  text: string,
  attributes: Readonly<Record<string, string>>,
  language: string,
): string {
  const isEnglish = /^en(-|$)/i.test(language);
  const plain = text.trim();
  switch (attributes["interpret-as"]) {
    case "characters":
    case "spell-out":
    case "verbatim":
      return [...plain.replace(/\s+/g, "")].join(isEnglish ? ", " : " ");
    case "digits":
      return isEnglish ? spokenDigits(plain) : [...plain.replace(/\s+/g, "")].join(" ");
    case "telephone":
      return isEnglish ? telephone(plain) : [...plain.replace(/[\s()-]+/g, "")].join(" ");
    case "cardinal":
    case "number":
      return isEnglish ? whole(plain, cardinalWords) : plain;
    case "ordinal":
      return isEnglish ? whole(plain, ordinalWords) : plain;
    case "date":
      return isEnglish ? date(plain, attributes["format"] ?? "") : plain;
    case "expletive":
      return isEnglish ? "beep" : "";
    default:
      // Times, money and units: voices read them as they are written.
      return plain;
  }
}

function spokenDigits(text: string): string {
  return text.replace(/\d+/g, (digits) => digitWords(digits));
}

/** Groups as they are written, a short pause after each. */
function telephone(text: string): string {
  const groups = text.match(/\d+/g) ?? [];
  const plus = text.startsWith("+") ? "plus " : "";
  return groups.length === 0 ? text : plus + groups.map(digitWords).join(", ");
}

function whole(text: string, words: (value: number) => string): string {
  const digits = text.replace(/[,\s]/g, "").replace(/(st|nd|rd|th)$/i, "");
  const value = Number(digits.replace(/^[-+]/, ""));
  if (!/^[-+]?\d+$/.test(digits) || value >= cardinalMax) return text;
  return (digits.startsWith("-") ? "minus " : "") + words(value);
}

/** @param format the order of its parts: `mdy`, `dmy`, `ymd`, `md`, `dm`, `my`, `ym`, `y` */
function date(text: string, format: string): string {
  const parts = text.match(/\d+/g) ?? [];
  const order = format === "" ? guessOrder(parts) : format;
  if (!/^[dmy]{1,3}$/.test(order) || parts.length !== order.length) return text;
  const of = (letter: string): number | undefined => {
    const at = order.indexOf(letter);
    return at === -1 ? undefined : Number(parts[at]);
  };
  const [day, month, year] = [of("d"), of("m"), of("y")];
  const monthName = month === undefined ? undefined : months[month - 1];
  if ((month !== undefined && monthName === undefined) || (day !== undefined && day > 31)) {
    return text;
  }
  const dayWords = day === undefined ? undefined : ordinalWords(day);
  const head = [monthName, dayWords].filter((word) => word !== undefined).join(" ");
  return [head, year === undefined ? "" : String(year)].filter((word) => word !== "").join(", ");
}

function guessOrder(parts: readonly string[]): string {
  if (parts.length === 3) return parts[0]!.length === 4 ? "ymd" : "mdy";
  return parts.length === 2 ? "md" : "y";
}
