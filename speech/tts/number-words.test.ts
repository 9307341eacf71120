import { expect, it } from "vitest";
import { cardinalWords, digitWords, ordinalWords } from "./number-words.js";

it.each([
  [0, "zero"],
  [7, "seven"],
  [13, "thirteen"],
  [20, "twenty"],
  [99, "ninety nine"],
  [100, "one hundred"],
  [1205, "one thousand two hundred five"],
  [1_000_001, "one million one"],
  [999_999_999_999_999, `${cardinalWords(999)} trillion ${cardinalWords(999_999_999_999)}`],
])("counts %i as %j", (value, words) => {
  expect(cardinalWords(value)).toBe(words);
});

it.each([
  [0, "zeroth"],
  [1, "first"],
  [2, "second"],
  [3, "third"],
  [5, "fifth"],
  [8, "eighth"],
  [9, "ninth"],
  [12, "twelfth"],
  [30, "thirtieth"],
  [101, "one hundred first"],
  [1000, "one thousandth"],
])("orders %i as %j", (value, words) => {
  expect(ordinalWords(value)).toBe(words);
});

it("reads digits one by one, zeros included", () => {
  expect(digitWords("0190")).toBe("zero one nine zero");
});
