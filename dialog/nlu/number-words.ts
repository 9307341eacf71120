/**
 * Number words at the beginning of a list of words: how much they are, and how many of them there
 * are. English and Mandarin, as people say them and as recognisers write them. Pure.
 */

/** What was found: `value` is exact, without exponent, e.g. `250`, `2.5`, `-3`. */
export type NumberFound = { readonly value: string; readonly words: number };

const small = new Map(
  (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
    "fifteen sixteen seventeen eighteen nineteen"
  )
    .split(" ")
    .map((word, value) => [word, value] as const),
);
const tens = new Map(
  "twenty thirty forty fifty sixty seventy eighty ninety"
    .split(" ")
    .map((word, index) => [word, (index + 2) * 10] as const),
);
const scales = new Map([
  ["thousand", 1e3],
  ["million", 1e6],
  ["billion", 1e9],
]);
const hanDigits = new Map([..."零一二三四五六七八九"].map((sign, value) => [sign, value] as const));
for (const [sign, value] of [..."〇:0 两:2 俩:2 幺:1".split(" ")].map((pair) => pair.split(":"))) {
  hanDigits.set(sign!, Number(value));
}
const hanUnits = new Map([
  ["十", 10],
  ["百", 100],
  ["千", 1000],
]);
const hanScales = new Map([
  ["万", 1e4],
  ["亿", 1e8],
]);

/** Beyond this nobody says a number in one go, and it could not be told exactly. */
const valueMax = 1e12;

/** @param words as `numberWords` gives them */
export function leadingNumber(words: readonly string[]): NumberFound | undefined {
  const isNegative = words[0] === "minus" || words[0] === "negative" || words[0] === "负";
  const rest = isNegative ? words.slice(1) : words;
  const whole = mandarin(rest) ?? english(rest);
  if (whole === undefined || whole.value > valueMax) return undefined;
  const fraction = fractionOf(rest.slice(whole.words));
  const text = `${whole.value}${fraction.digits === "" ? "" : `.${fraction.digits}`}`;
  const isZero = Number(text) === 0;
  return {
    value: isNegative && !isZero ? `-${text}` : text,
    words: whole.words + fraction.words + (isNegative ? 1 : 0),
  };
}

type Whole = { readonly value: number; readonly words: number };

/** "one hundred and five", "two thousand six", "1 250 000" already joined, "twenty-five". */
function english(words: readonly string[]): Whole | undefined {
  let [total, group, at] = [0, 0, 0];
  // What may still follow within a group of three: hundreds, then tens, then ones.
  let room = 1000;
  while (at < words.length) {
    const word = words[at]!;
    const next = words[at + 1];
    if ((word === "a" || word === "an") && group === 0 && isScale(next)) {
      group = 1;
      room = 100;
    } else if (word === "and" && group + total > 0 && isBelow(words[at + 1], room)) {
      // Only between a hundred, or a thousand, and what follows it.
    } else if (valueOf(word) !== undefined && isBelow(word, room)) {
      const value = valueOf(word)!;
      group += value;
      room = tens.has(word) ? 10 : value >= 100 ? 0 : 1;
      if (value === 0) room = 1;
    } else if (word === "hundred" && group > 0 && group < 100) {
      group *= 100;
      room = 100;
    } else if (scales.has(word) && group > 0) {
      total += group * scales.get(word)!;
      group = 0;
      room = 1000;
    } else break;
    at += 1;
  }
  while (at > 0 && words[at - 1] === "and") at -= 1;
  return at === 0 ? undefined : { value: total + group, words: at };
}

function isScale(word: string | undefined): boolean {
  return word === "hundred" || (word !== undefined && scales.has(word));
}

function valueOf(word: string): number | undefined {
  return small.get(word) ?? tens.get(word) ?? (/^\d+$/.test(word) ? Number(word) : undefined);
}

/** Figures begin a number, and end it. */
function isBelow(word: string | undefined, room: number): boolean {
  const value = word === undefined ? undefined : valueOf(word);
  if (value === undefined) return false;
  return room === 1000 || (value < room && value > 0);
}

/** 二百五 is 250: a last digit without its unit counts a tenth of the unit before. */
function mandarin(words: readonly string[]): Whole | undefined {
  let [total, group, digit, lastUnit, at] = [0, 0, -1, 0, 0];
  let hasUnit = false;
  for (; at < words.length; at += 1) {
    const word = words[at]!;
    const value = hanDigits.get(word) ?? figuresBeforeUnit(words, at);
    if (value !== undefined && digit <= 0) {
      // 三千零五: behind a zero a digit is what it says.
      if (value === 0) lastUnit = 0;
      digit = value;
    } else if (hanUnits.has(word)) {
      const unit = hanUnits.get(word)!;
      group += (digit > 0 ? digit : 1) * unit;
      [digit, lastUnit, hasUnit] = [-1, unit, true];
    } else if (hanScales.has(word) && (group > 0 || digit > 0)) {
      const scale = hanScales.get(word)!;
      total =
        (total + group + Math.max(0, digit)) * (scale === 1e8 ? scale : 1) +
        (scale === 1e8 ? 0 : (group + Math.max(0, digit)) * (scale - 1));
      [group, digit, lastUnit, hasUnit] = [0, -1, scale, true];
    } else break;
  }
  if (at === 0) return undefined;
  // A string of digits is no number: 一二三 may be a code.
  if (!hasUnit && at > 1) return undefined;
  const last = digit > 0 ? digit * (lastUnit > 10 ? lastUnit / 10 : 1) : 0;
  return { value: total + group + last, words: at };
}

/** 3万, 25百: figures count where a Han unit follows. */
function figuresBeforeUnit(words: readonly string[], at: number): number | undefined {
  const next = words[at + 1] ?? "";
  const isUnit = hanUnits.has(next) || hanScales.has(next);
  return isUnit ? valueOf(words[at]!) : undefined;
}

/** "point five", "点五", "and a half". */
function fractionOf(words: readonly string[]): {
  readonly digits: string;
  readonly words: number;
} {
  if (words.slice(0, 3).join(" ") === "and a half") return { digits: "5", words: 3 };
  if (words[0] !== "point" && words[0] !== "点") return { digits: "", words: 0 };
  let digits = "";
  let at = 1;
  for (; at < words.length; at += 1) {
    const word = words[at] === "oh" ? "zero" : words[at]!;
    const value = hanDigits.get(word) ?? small.get(word);
    if (/^\d+$/.test(word)) digits += word;
    else if (value !== undefined && value < 10) digits += String(value);
    else break;
  }
  return digits === "" ? { digits, words: 0 } : { digits, words: at };
}
