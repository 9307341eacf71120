/** A day of a year at the beginning of a list of words, in English and Mandarin. Pure. */
import { leadingNumber } from "./number-words.js";

export type DateFound = {
  readonly year: number | undefined;
  readonly month: number;
  readonly day: number;
  readonly words: number;
  /** There is such a day. */
  readonly isReal: boolean;
};

const months = new Map(
  "january february march april may june july august september october november december"
    .split(" ")
    .flatMap((name, index) => [[name, index + 1] as const, [name.slice(0, 3), index + 1] as const]),
);
const daysOf = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const ordinals = new Map(
  (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth " +
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
  )
    .split(" ")
    .map((word, index) => [word, index + 1] as const),
);
ordinals.set("thirtieth", 30);

/** "May third", "the third of May twenty twenty six", "2026 05 03", 二零二六年五月三号. */
export function monthDay(words: readonly string[]): DateFound | undefined {
  const date = mandarin(words) ?? monthFirst(words) ?? dayFirst(words) ?? iso(words);
  return date === undefined ? undefined : { ...date, isReal: isDay(date) };
}

type Said = Omit<DateFound, "isReal">;

function isDay(date: Said): boolean {
  if (date.day < 1 || date.day > (daysOf[date.month - 1] ?? 0)) return false;
  const isLeap =
    date.year === undefined || new Date(Date.UTC(date.year, 1, 29)).getUTCDate() === 29;
  return date.month !== 2 || date.day !== 29 || isLeap;
}

type Part = { readonly value: number; readonly words: number };

function monthFirst(words: readonly string[]): Said | undefined {
  const month = months.get(words[0] ?? "");
  if (month === undefined) return undefined;
  const the = words[1] === "the" ? 1 : 0;
  const day = dayAt(words.slice(1 + the));
  if (day === undefined) return undefined;
  return withYear(words, { month, day: day.value, words: 1 + the + day.words });
}

function dayFirst(words: readonly string[]): Said | undefined {
  const day = dayAt(words);
  if (day === undefined) return undefined;
  const of = words[day.words] === "of" ? 1 : 0;
  const month = months.get(words[day.words + of] ?? "");
  if (month === undefined) return undefined;
  return withYear(words, { month, day: day.value, words: day.words + of + 1 });
}

function iso(words: readonly string[]): Said | undefined {
  const [year = "", month, day] = words;
  if (!/^(19|20)\d\d$/.test(year)) return undefined;
  const [of, at] = [figures(month), figures(day)];
  if (of === undefined || at === undefined || of < 1 || of > 12) return undefined;
  return { year: Number(year), month: of, day: at, words: 3 };
}

/** `05` stays as it is among words, `5` is "five". */
function figures(word: string | undefined): number | undefined {
  const value = word === undefined ? undefined : leadingNumber([word])?.value;
  return value === undefined ? undefined : Number(value);
}

/** "third", "twenty third", "3". */
function dayAt(words: readonly string[]): Part | undefined {
  const [first = "", second = ""] = words;
  const ordinal = ordinals.get(first);
  if (ordinal !== undefined) return { value: ordinal, words: 1 };
  const tens = first === "twenty" ? 20 : first === "thirty" ? 30 : 0;
  const unit = ordinals.get(second);
  if (tens > 0 && unit !== undefined && unit < 10) return { value: tens + unit, words: 2 };
  const cardinal = leadingNumber(words);
  if (cardinal === undefined || !/^\d{1,2}$/.test(cardinal.value)) return undefined;
  return { value: Number(cardinal.value), words: cardinal.words };
}

function withYear(words: readonly string[], date: Omit<Said, "year">): Said {
  const year = yearAt(words.slice(date.words));
  return { ...date, year: year?.value, words: date.words + (year?.words ?? 0) };
}

/** "twenty twenty six", "two thousand and six", "2026". */
function yearAt(words: readonly string[]): Part | undefined {
  const first = leadingNumber(words);
  if (first === undefined) return undefined;
  const value = Number(first.value);
  if (value >= 1900 && value < 2100) return { value, words: first.words };
  const second = leadingNumber(words.slice(first.words));
  const rest = Number(second?.value ?? NaN);
  const isPair = (value === 19 || value === 20) && rest >= 10 && rest < 100;
  return isPair ? { value: value * 100 + rest, words: first.words + second!.words } : undefined;
}

const hanDigits = "零一二三四五六七八九";

function mandarin(words: readonly string[]): Said | undefined {
  const year = hanYear(words);
  const rest = words.slice(year?.words ?? 0);
  const month = leadingNumber(rest);
  if (month === undefined || rest[month.words] !== "月") return undefined;
  const behind = rest.slice(month.words + 1);
  const day = leadingNumber(behind);
  const sign = day === undefined ? undefined : behind[day.words];
  if (day === undefined || (sign !== "日" && sign !== "号")) return undefined;
  const count = (year?.words ?? 0) + month.words + 1 + day.words + 1;
  return { year: year?.value, month: Number(month.value), day: Number(day.value), words: count };
}

/** 二零二六年, 2026年. */
function hanYear(words: readonly string[]): Part | undefined {
  const at = words.indexOf("年");
  const digits = words
    .slice(0, Math.max(0, at))
    .map((word) => (/^\d+$/.test(word) ? word : hanDigits.indexOf(word === "〇" ? "零" : word)));
  const year = digits.join("");
  return /^(19|20)\d\d$/.test(year) ? { value: Number(year), words: at + 1 } : undefined;
}
