/** Numbers as English words, the way they are read to somebody on the phone. Pure. */

const SMALL = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
  "fifteen sixteen seventeen eighteen nineteen"
).split(" ");
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES = [
  [1_000_000_000_000, "trillion"],
  [1_000_000_000, "billion"],
  [1_000_000, "million"],
  [1000, "thousand"],
  [100, "hundred"],
] as const;
const IRREGULAR_ORDINALS: Readonly<Record<string, string>> = {
  one: "first",
  two: "second",
  three: "third",
  five: "fifth",
  eight: "eighth",
  nine: "ninth",
  twelve: "twelfth",
};

/** The longest digit string that is read as one number; longer ones are read digit by digit. */
export const CARDINAL_DIGITS_MAX = 15;

/** 1205 → `one thousand two hundred five`. `value` is a whole number from 0 to 10^15 − 1. */
export function cardinalWords(value: number): string {
  for (const [unit, name] of SCALES) {
    if (value < unit) continue;
    const rest = value % unit;
    const head = `${cardinalWords(Math.floor(value / unit))} ${name}`;
    return rest === 0 ? head : `${head} ${cardinalWords(rest)}`;
  }
  if (value < SMALL.length) return SMALL[value]!;
  const tens = TENS[Math.floor(value / 10)]!;
  return value % 10 === 0 ? tens : `${tens} ${SMALL[value % 10]!}`;
}

/** 23 → `twenty third`. `value` as in `cardinalWords`. */
export function ordinalWords(value: number): string {
  const words = cardinalWords(value).split(" ");
  const last = words.pop()!;
  const regular = last.endsWith("y") ? `${last.slice(0, -1)}ieth` : `${last}th`;
  return [...words, IRREGULAR_ORDINALS[last] ?? regular].join(" ");
}

/** `"0199"` → `zero one nine nine`. `digits` holds ASCII digits only. */
export function digitWords(digits: string): string {
  return Array.from(digits, (digit) => SMALL[Number(digit)]!).join(" ");
}
