/**
 * What a free answer says as a value: a number, an amount of money, a date. Of two different ones
 * in a sentence none is guessed. Pure: "tomorrow" is no date, since nobody says what day it is.
 */
import { leadingNumber } from "./number-words.js";
import { parseSpokenDigits } from "./spoken-digits.js";
import { wordsOf } from "./normalise.js";
import { monthDay, type DateFound } from "./spoken-date.js";

export const spokenValueKinds = ["number", "amount", "date"] as const;
export type SpokenValueKind = (typeof spokenValueKinds)[number];

/**
 * The value in `text`: a decimal number (`250`, `-2.5`), an amount with two decimals where it has
 * any (`25.50`), or a date (`2026-05-03`, without a year `05-03`). Undefined when there is none,
 * or more than one.
 */
export function parseSpokenValue(kind: SpokenValueKind, text: string): string | undefined {
  const words = numberWords(text);
  // "nine one one": a number given digit by digit.
  const isDecimal = words.includes("point") || words.includes("点");
  const digits = kind === "date" || isDecimal ? undefined : parseSpokenDigits(text);
  if (digits !== undefined) return digits.replace(/^0+(?=.)/, "");
  const values = new Set(kind === "date" ? found(words, dateAt) : valuesOf(kind, words));
  const [value] = values;
  return values.size === 1 ? value : undefined;
}

/** The words of a text, with its figures whole: `1,250.50` is "1250 point 50". */
export function numberWords(text: string): string[] {
  const figures = text
    .normalize("NFKC")
    .replace(/(\d),(?=\d{3}(?!\d))/g, "$1")
    .replace(/(\d)\.(?=\d)/g, "$1 point ")
    .replace(/[$€£¥]\s*([\d ]+(?:point [\d ]+)?)/g, "$1 dollars ")
    .replace(/(\d)(st|nd|rd|th)\b/gi, "$1");
  return [...wordsOf(figures)];
}

/** `value` undefined: it is one, and a wrong one. */
type Found = { readonly value: string | undefined; readonly words: number };

/** Everything that `at` finds, one behind the other. */
function found(
  words: readonly string[],
  at: (words: readonly string[]) => Found | undefined,
): string[] {
  const values: string[] = [];
  for (let from = 0; from < words.length;) {
    const one = at(words.slice(from));
    if (one?.value !== undefined) values.push(one.value);
    from += one?.words ?? 1;
  }
  return values;
}

function valuesOf(kind: "number" | "amount", words: readonly string[]): string[] {
  const withCurrency = kind === "amount" ? found(words, amountAt) : [];
  return withCurrency.length > 0 ? withCurrency : found(words, leadingNumber);
}

const currencies = new Set(
  "dollar dollars buck bucks euro euros pound pounds yuan rmb 块 元 圆".split(" "),
);
const hundredths = new Map([
  ["cent", 1],
  ["cents", 1],
  ["pence", 1],
  ["penny", 1],
  ["分", 1],
  ["毛", 10],
  ["角", 10],
]);

/** "twenty five dollars and fifty cents", 三块五毛二, 三块五. */
function amountAt(words: readonly string[]): Found | undefined {
  const whole = leadingNumber(words);
  if (whole === undefined) return undefined;
  const currency = words[whole.words] ?? "";
  if (hundredths.has(currency)) return amount(0, partAt(words));
  if (!currencies.has(currency)) return undefined;
  let at = whole.words + 1;
  if (words[at] === "钱") at += 1;
  const isHan = currency === "块" || currency === "元" || currency === "圆";
  if (words[at] === "半") return amount(Number(whole.value), { part: 50, words: at + 1 });
  const from = words[at] === "and" ? at + 1 : at;
  const part = partAt(words.slice(from), isHan);
  if (part === undefined) return amount(Number(whole.value), { part: 0, words: at });
  return amount(Number(whole.value), { part: part.part, words: from + part.words });
}

type Part = { readonly part: number; readonly words: number };

/** What is below the whole unit. @param mayBeBare 三块五: the last digit says no unit */
function partAt(words: readonly string[], mayBeBare = false): Part | undefined {
  const first = leadingNumber(words);
  if (first === undefined) return undefined;
  const worth = hundredths.get(words[first.words] ?? "");
  const value = Number(first.value);
  if (worth === undefined) {
    return mayBeBare && value < 10 ? { part: value * 10, words: first.words } : undefined;
  }
  const part = value * worth;
  const used = first.words + 1;
  if (worth === 1) return { part, words: used };
  // 五毛二: the two is of the next unit.
  const rest = leadingNumber(words.slice(used));
  if (rest === undefined || Number(rest.value) > 9) return { part, words: used };
  const unit = words[used + rest.words] === "分" ? 1 : 0;
  return { part: part + Number(rest.value), words: used + rest.words + unit };
}

function amount(whole: number, part: Part | undefined): Found | undefined {
  if (part === undefined || part.part >= 100) return undefined;
  const hundredthsInAll = Math.round(whole * 100) + part.part;
  const text = (hundredthsInAll / 100).toFixed(2);
  return { value: text.endsWith(".00") ? text.slice(0, -3) : text, words: part.words };
}

function dateAt(words: readonly string[]): Found | undefined {
  const date: DateFound | undefined = monthDay(words);
  if (date === undefined) return undefined;
  const { year, month, day, isReal } = date;
  if (!isReal) return { value: undefined, words: date.words };
  const two = (value: number): string => String(value).padStart(2, "0");
  const short = `${two(month)}-${two(day)}`;
  return { value: year === undefined ? short : `${year}-${short}`, words: date.words };
}
