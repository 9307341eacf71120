import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGrammar, grammarKey, parseGrammar } from "./compiled-grammar.js";
import type { Pronunciations } from "./pronunciations.js";
import { RecognitionError } from "./recognizer.js";

const sounds: Pronunciations = { of: (word) => (word === "zyzzyx" ? [] : ["AH"]) };
const compile = (
  phrases: readonly string[],
  digits?: { min: number; max: number },
): ReturnType<typeof compileGrammar> =>
  compileGrammar({ language: "en-US", phrases, ...(digits && { digits }) }, sounds);

describe("what was heard", () => {
  const grammar = compile(["Yes, please!", "no", "room 12"], { min: 2, max: 4 });

  test("is the phrase as the flow wrote it", () => {
    expect(grammar.read("yes please")).toEqual({
      text: "Yes, please!",
      isComplete: true,
      isRejected: false,
    });
    expect(grammar.read("room one two").text).toBe("room 12");
  });

  test("is figures for digits, complete only when no more can follow", () => {
    expect(grammar.read("four oh seven")).toEqual({
      text: "407",
      isComplete: false,
      isRejected: false,
    });
    expect(grammar.read("four oh seven one").isComplete).toBe(true);
    expect(grammar.read("four").isRejected).toBe(true);
  });

  test("is rejected as soon as one background word is in it, and when nothing was", () => {
    for (const heard of ["bg_yes", "yes bg_please", "bg_no bg_no", "", undefined]) {
      expect(grammar.read(heard)).toEqual({ text: "", isComplete: false, isRejected: true });
    }
  });

  test("is an unfinished phrase until its last word", () => {
    expect(grammar.read("yes")).toEqual({ text: "yes", isComplete: false, isRejected: true });
  });

  test("is no digit string where none was asked for", () => {
    expect(compile(["yes"]).read("four two").isRejected).toBe(true);
  });
});

describe("phrases that cannot be listened for", () => {
  test("are left out and reported, with the words", () => {
    const grammar = compile(["yes", "call Zyzzyx", "是的"]);
    expect(grammar.warnings).toMatchObject([
      { code: "WORDS_UNKNOWN", phrase: "call Zyzzyx", words: ["zyzzyx"] },
      { code: "NOTHING_SPEAKABLE", phrase: "是的", words: [] },
    ]);
    expect(grammar.words).toEqual(["yes"]);
    expect(grammar.read("yes").isComplete).toBe(true);
  });

  test("do not keep a grammar without any from being compiled: then all is rejected", () => {
    expect(compile([]).read("bg_hello").isRejected).toBe(true);
  });
});

test("another language is refused by name", () => {
  const grammar = { language: "zh-CN", phrases: ["是"] };
  expect(() => compileGrammar(grammar, sounds)).toThrow(/language "zh-CN".*"en" only/);
});

test("grammars that ask for the same have one key", () => {
  const one = grammarKey({ language: "en", phrases: ["a", "b"], digits: { min: 1, max: 2 } });
  const same = grammarKey({ digits: { max: 2, min: 1 }, phrases: ["a", "b"], language: "en" });
  expect(one).toBe(same);
  expect(one).not.toBe(grammarKey({ language: "en", phrases: ["a", "b"] }));
  expect(one).not.toBe(
    grammarKey({ language: "en", phrases: ["a b"], digits: { min: 1, max: 2 } }),
  );
});

describe("a grammar from outside", () => {
  test("is refused with all its mistakes named", () => {
    const wrong = { language: 7, phrases: ["yes", 1], digits: { min: 0, max: 99 } };
    expect(() => parseGrammar(wrong)).toThrow(/language.*phrases\.1.*digits\.min.*digits\.max/s);
    expect(() => parseGrammar({ language: "en", phrases: [], digits: { min: 5, max: 2 } })).toThrow(
      "digits.min 5 is above digits.max 2",
    );
  });

  test("never breaks us, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseGrammar(value);
        } catch (error) {
          expect(error).toBeInstanceOf(RecognitionError);
          expect((error as RecognitionError).code).toBe("RECOGNITION_REFUSED");
        }
      }),
    );
  });
});
