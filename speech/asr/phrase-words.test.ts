import fc from "fast-check";
import { expect, test } from "vitest";
import { phraseWords } from "./phrase-words.js";

const said = (phrase: string): string[] => phraseWords(phrase).map((words) => words.join(" "));

test("case, punctuation and typographic quotes do not matter", () => {
  expect(said("Yes, PLEASE!")).toEqual(["yes please"]);
  expect(said("  no — that’s wrong. ")).toEqual(["no that's wrong"]);
  expect(said("re-schedule")).toEqual(["re schedule"]);
});

test("figures are read as numbers, as years and digit by digit", () => {
  expect(said("room 12")).toEqual(["room twelve", "room one two"]);
  expect(said("1999")).toContain("nineteen ninety nine");
  expect(said("in 1905")).toContain("in nineteen oh five");
  expect(said("1900")[0]).toBe("nineteen hundred");
  expect(said("2000")[0]).toBe("two thousand");
  expect(said("2007")[0]).toBe("two thousand seven");
  expect(said("90210")).toEqual(["nine zero two one zero"]);
});

test("times, money and titles are read as our voices read them", () => {
  expect(said("at 10:30 a.m.")).toEqual(["at ten thirty a m"]);
  expect(said("$25")).toEqual(["twenty five dollars"]);
  expect(said("Dr. Brown")).toEqual(["doctor brown"]);
});

test("a phrase of many figures does not explode", () => {
  expect(phraseWords("1234 1234 1234 1234 1234 1234 1234").length).toBeLessThanOrEqual(6);
});

test("nothing speakable gives nothing", () => {
  for (const phrase of ["", " ", "?!", "*", "是的", "'''", "x".repeat(3000)]) {
    expect(phraseWords(phrase)).toEqual([]);
  }
});

test("whatever comes in, words are lower-case letters and apostrophes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (phrase) => {
      for (const words of phraseWords(phrase)) {
        expect(words.length).toBeGreaterThan(0);
        for (const word of words) expect(word).toMatch(/^[a-z][a-z']*\.?$/);
      }
    }),
    { numRuns: 500 },
  );
});
