/**
 * A digit string that was spoken: "four two, double seven" → `4277`. Every word has to be a digit,
 * a repetition or a filler; one foreign word and it is no digit string. "Twenty" is none either:
 * whether it means `20` or the beginning of `21` cannot be known.
 */
import { wordsOf } from "./normalise.js";

const digitByWord: ReadonlyMap<string, string> = new Map(
  Object.entries({
    zero: "0",
    oh: "0",
    o: "0",
    nought: "0",
    one: "1",
    two: "2",
    three: "3",
    four: "4",
    five: "5",
    six: "6",
    seven: "7",
    eight: "8",
    nine: "9",
    niner: "9",
    零: "0",
    〇: "0",
    一: "1",
    幺: "1",
    二: "2",
    两: "2",
    三: "3",
    四: "4",
    五: "5",
    六: "6",
    七: "7",
    八: "8",
    九: "9",
  }),
);

const repeatByWord: ReadonlyMap<string, number> = new Map([
  ["double", 2],
  ["triple", 3],
]);

/** What people say around a number without changing it. */
const fillers = new Set(
  (
    "um uh er erm well ok okay so it is the my number numbers digits are a and please yes then dash " +
    "我 的 号 码 是 嗯"
  ).split(" "),
);

/** The digits that `text` spells out, or undefined when it is not a digit string. */
export function parseSpokenDigits(text: string): string | undefined {
  let digits = "";
  let repeat = 1;
  for (const word of wordsOf(text)) {
    const written = /^[0-9]+$/.test(word) ? word : digitByWord.get(word);
    const times = repeatByWord.get(word);
    if (written !== undefined) {
      if (repeat > 1 && written.length > 1) return undefined;
      digits += written.repeat(repeat);
      repeat = 1;
    } else if (repeat > 1) {
      return undefined;
    } else if (times !== undefined) {
      repeat = times;
    } else if (!fillers.has(word)) {
      return undefined;
    }
  }
  return digits === "" || repeat > 1 ? undefined : digits;
}
