/**
 * What is written one way and said another: addresses, money, dates, times, telephone numbers.
 * Each rule replaces its pattern by words; the order matters, because a date looks like a
 * telephone number and a price like a decimal. Every pattern is linear in the text: none nests an
 * unbounded repetition in another.
 */
import { CARDINAL_DIGITS_MAX, cardinalWords, digitWords, ordinalWords } from "./number-words.js";

type Rule = { readonly pattern: RegExp; readonly say: (...groups: string[]) => string };

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );

const CURRENCIES: Readonly<Record<string, readonly [string, string, string, string]>> = {
  $: ["dollar", "dollars", "cent", "cents"],
  "€": ["euro", "euros", "cent", "cents"],
  "£": ["pound", "pounds", "penny", "pence"],
  "¥": ["yen", "yen", "sen", "sen"],
};

const AMOUNT = String.raw`(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.(\d{2}))?(?![\d])`;
/** `am`, `P.M.` …; the last full stop is left alone where it also ends the sentence. */
const HALF_OF_DAY = String.raw`([aApP])(?:\.[mM]\.(?!\s*$|\s+[A-Z])|\.?[mM]\b)`;
const SCALE = String.raw`(?:\s?(thousand|million|billion|trillion)\b)?`;

/** The rules, in the order in which they are applied. */
const RULES: readonly Rule[] = [
  // Addresses of the web and of mail.
  { pattern: /\b(?:https?|ftp):\/\/([^\s<>"']{1,500})/gi, say: (_, rest) => sayAddress(rest) },
  { pattern: /\bwww\.([^\s<>"']{1,500})/gi, say: (_, rest) => sayAddress(rest) },
  {
    pattern: /(?<![\w.%+-])([\w.%+-]{1,64})@((?:[a-z\d-]{1,63}\.){1,8}[a-z]{2,24})\b/gi,
    say: (_, user, host) => ` ${sayDots(user)} at ${sayDots(host)} `,
  },
  // Money: the sign before the amount, or after it.
  {
    pattern: new RegExp(String.raw`(-)?([$€£¥])\s?${AMOUNT}${SCALE}`, "gi"),
    say: (_, minus, sign, whole, cents, scale) => sayMoney({ minus, sign, whole, cents, scale }),
  },
  {
    pattern: new RegExp(String.raw`(?<![\d.,])(-)?${AMOUNT}\s?([€£¥])`, "g"),
    say: (_, minus, whole, cents, sign) => sayMoney({ minus, sign, whole, cents }),
  },
  // Dates as ISO 8601 writes them, then times of day.
  {
    pattern: /(?<![\d-])((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])/g,
    say: (_, year, month, day) =>
      `${MONTHS[Number(month) - 1]!} ${ordinalWords(Number(day))}, ${year}`,
  },
  {
    pattern: new RegExp(
      String.raw`(?<![\d:.,])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])(?:\s?${HALF_OF_DAY})?`,
      "g",
    ),
    say: (_, hour, minute, half) => sayTime(Number(hour), minute, half),
  },
  {
    pattern: new RegExp(String.raw`(?<![\d:.,])(1[0-2]|[1-9])\s?${HALF_OF_DAY}`, "g"),
    say: (_, hour, half) => sayTime(Number(hour), "00", half),
  },
  // 1,234,567 is one number; digits in several groups, or many in a row, are dialled, not counted.
  {
    pattern: /(?<![\d.,])\d{1,3}(?:,\d{3}){1,4}(?![\d,])/g,
    say: (number) => cardinalWords(Number(number.replaceAll(",", ""))),
  },
  { pattern: /(?<![\w.-])\+?\(?\d{1,4}\)?(?:[-. ]\(?\d{2,6}\)?){1,6}(?![\w-])/g, say: sayDialled },
  { pattern: /\+?\d{7,}/g, say: (digits) => sayGroups([digits]) },
  { pattern: /(?<![\d.])0\d{1,5}(?!\d)/g, say: (digits) => digitWords(digits) },
  {
    pattern: /(?<![\d.,])(\d{1,6})(?:st|nd|rd|th)\b/gi,
    say: (_, number) => ordinalWords(Number(number)),
  },
  // Signs that have a name.
  { pattern: /(\d)\s?%/g, say: (_, digit) => `${digit} percent` },
  { pattern: /(\d)\s?°\s?C\b/g, say: (_, digit) => `${digit} degrees Celsius` },
  { pattern: /(\d)\s?°\s?F\b/g, say: (_, digit) => `${digit} degrees Fahrenheit` },
  { pattern: /(\d)\s?°/g, say: (_, digit) => `${digit} degrees` },
  { pattern: /#(?=\d)/g, say: () => "number " },
  { pattern: /&/g, say: () => " and " },
  { pattern: /(?<![\w.])-(?=\d)/g, say: () => "minus " },
  { pattern: /\+/g, say: () => " plus " },
  { pattern: /=/g, say: () => " equals " },
  { pattern: /@/g, say: () => " at " },
];

/** Replaces everything that is said differently from how it is written. Pure. */
export function toSpokenForms(text: string): string {
  return RULES.reduce(
    (spoken, { pattern, say }) =>
      spoken.replace(pattern, (...groups: unknown[]) => say(...(groups as string[]))),
    text,
  );
}

function sayDots(name: string): string {
  return name.replaceAll(".", " dot ").replaceAll("_", " underscore ").replaceAll("-", " dash ");
}

/** Host and path; query and fragment are noise to a listener. The sentence's own end is kept. */
function sayAddress(address: string): string {
  const end = /[.,;:!?)]*$/.exec(address)![0];
  const host = address.slice(0, address.length - end.length).replace(/[?#].*$/, "");
  const path = host.replace(/^www\./i, "").replace(/\/+$/, "");
  return `${sayDots(path).replaceAll("/", " slash ")}${end}`;
}

type Money = {
  readonly minus?: string | undefined;
  readonly sign: string | undefined;
  readonly whole: string | undefined;
  readonly cents: string | undefined;
  readonly scale?: string | undefined;
};

function sayMoney({ minus, sign, whole, cents, scale }: Money): string {
  const [one, many, cent, centsMany] = CURRENCIES[sign!]!;
  const units = Number(whole!.replaceAll(",", ""));
  const parts = Number(cents ?? 0);
  const lead = minus === undefined ? "" : "minus ";
  if (scale !== undefined) {
    const point = parts === 0 ? "" : ` point ${digitWords(cents!)}`;
    return `${lead}${cardinalWords(units)}${point} ${scale} ${many}`;
  }
  const unitWords = `${cardinalWords(units)} ${units === 1 ? one : many}`;
  if (parts === 0) return lead + unitWords;
  const partWords = `${cardinalWords(parts)} ${parts === 1 ? cent : centsMany}`;
  return lead + (units === 0 ? partWords : `${unitWords} and ${partWords}`);
}

function sayTime(hour: number, minute: string, half: string | undefined): string {
  const halfWord = half === undefined ? "" : ` ${half.toUpperCase()} M`;
  const hourWord = cardinalWords(hour);
  if (minute === "00") return halfWord === "" ? `${hourWord} o'clock` : hourWord + halfWord;
  const lead = minute.startsWith("0") ? "oh " : "";
  return `${hourWord} ${lead}${cardinalWords(Number(minute))}${halfWord}`;
}

/** Telephone numbers have seven digits and more; shorter groups stay what they are. */
function sayDialled(written: string): string {
  const groups = written.match(/\d+/g) ?? [];
  const digitCount = groups.join("").length;
  return digitCount < 7 ? written : sayGroups([written.startsWith("+") ? "+" : "", ...groups]);
}

/** Digits one by one, with a short pause after each group and after every `CARDINAL_DIGITS_MAX`. */
function sayGroups(groups: readonly string[]): string {
  const words = groups.flatMap((group) => {
    const digits = group.replace("+", "");
    const parts = digits.match(new RegExp(`\\d{1,${CARDINAL_DIGITS_MAX}}`, "g")) ?? [];
    return parts.map(digitWords);
  });
  return `${groups[0]!.startsWith("+") ? "plus " : ""}${words.join(", ")}`;
}
