import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSpokenDigits } from "./spoken-digits.js";

test.each([
  ["four eight two seven", "4827"],
  ["Four, eight... two; seven!", "4827"],
  ["oh one double two", "0122"],
  ["triple five", "555"],
  ["4 8 2 7", "4827"],
  ["4827", "4827"],
  ["48-27", "4827"],
  ["um it's four eight two seven", "4827"],
  ["my number is one two", "12"],
  ["四八二七", "4827"],
  ["我的号码是 幺三两〇", "1320"],
  ["４８２７", "4827"],
])("%j is %s", (text, digits) => {
  expect(parseSpokenDigits(text)).toBe(digits);
});

test.each([
  "",
  "um",
  "twenty seven",
  "one banana",
  "double",
  "double double two",
  "double please",
  "double 12",
  "five hundred",
  "no",
])("%j is no digit string", (text) => {
  expect(parseSpokenDigits(text)).toBeUndefined();
});

test("every digit string comes back from its words", () => {
  const words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 32 }), (digits) => {
      const text = digits.map((digit) => words[digit]).join(" ");
      expect(parseSpokenDigits(text)).toBe(digits.join(""));
      expect(parseSpokenDigits(digits.join(""))).toBe(digits.join(""));
    }),
  );
});
