import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSpeakable, normaliseText, spokenForm, wordsOf } from "./normalise.js";
import { confidenceMin, createPhraseMatcher, matchIntent } from "./phrase-matcher.js";

const yesNo = [
  { name: "confirm", phrases: ["yes", "yes please", "I'd like that", "today"] },
  { name: "deny", phrases: ["no", "no thank you", "not today", "I don't want it"] },
];
const mandarin = [
  { name: "confirm", phrases: ["是", "可以", "好的", "我会来"] },
  { name: "deny", phrases: ["不是", "不能来", "取消"] },
];

describe("normalisation", () => {
  test.each([
    ["Yes, PLEASE!", "yes please"],
    ["I don\u2019t know.", "i do not know"],
    ["I can't / cannot", "i can not can not"],
    ["That's it, isn't it?", "that is it is not it"],
    ["Anna's car", "annas car"],
    ["Ｙｅｓ　ｐｌｅａｓｅ", "yes please"],
    ["ﬁne", "fine"],
    ["press 1 or 12", "press one or 12"],
    ["'quoted'", "quoted"],
    ["好的，我会来。", "好的我会来"],
    ["  \t…!? ", ""],
    ["e\u0301te\u0301", "été"],
  ])("%j becomes %j", (text, expected) => {
    expect(normaliseText(text)).toBe(expected);
  });

  test("is the same when done twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        const once = normaliseText(text);
        expect(normaliseText(once)).toBe(once);
      }),
    );
  });

  test("the spoken form keeps contractions, for the recogniser's dictionary", () => {
    expect(spokenForm("I Don\u2019t know!")).toBe("i don't know");
    expect(spokenForm("星期四 上午。")).toBe("星期四上午");
  });

  test("tells what can be spoken", () => {
    expect(["?!…", "", " - ", "🙂"].some(isSpeakable)).toBe(false);
    expect(["a", "7", "好"].every(isSpeakable)).toBe(true);
  });
});

describe("matching", () => {
  test.each([
    ["yes", "confirm"],
    ["YES, please.", "confirm"],
    ["um yes", "confirm"],
    ["I would like that", "confirm"],
    ["yes please go ahead with it", "confirm"],
    ["no thank you very much", "deny"],
    ["well not today", "deny"],
    ["I do not want it", "deny"],
  ])("%j means %s", (text, intent) => {
    expect(matchIntent(text, yesNo)?.intent).toBe(intent);
  });

  test.each([
    ["", "nothing"],
    ["?!", "only punctuation"],
    ["banana", "no phrase"],
    ["yesterday", "a phrase only as part of a word"],
    ["yes no", "phrases of two intents"],
    ["not really sure yes", "a negated phrase"],
    ["one two three four five six seven yes eight nine ten", "a phrase lost in a long sentence"],
  ])("%j means nothing: %s", (text) => {
    expect(matchIntent(text, yesNo)).toBeUndefined();
  });

  test.each([
    ["可以。", "confirm"],
    ["嗯，我会来的", "confirm"],
    ["不是我", "deny"],
    ["我要取消", "deny"],
  ])("%j means %s", (text, intent) => {
    expect(matchIntent(text, mandarin)?.intent).toBe(intent);
  });

  test.each(["不可以", "可不可以", "可以吗", "是不是"])("%j means nothing", (text) => {
    expect(matchIntent(text, mandarin)).toBeUndefined();
  });

  test("is sure of a whole phrase, less of a contained one, and can ask for whole ones only", () => {
    const matcher = createPhraseMatcher(yesNo);
    expect(matcher.match("Yes!")).toEqual({ intent: "confirm", confidence: 1 });
    const contained = matcher.match("yes that is what I want");
    expect(contained?.confidence).toBeGreaterThanOrEqual(confidenceMin);
    expect(contained?.confidence).toBeLessThan(1);
    expect(matcher.match("yes that is what I want", { isWhole: true })).toBeUndefined();
  });

  test("every phrase is its own intent, however it is written", () => {
    const matcher = createPhraseMatcher(yesNo);
    const all = yesNo.flatMap(({ name, phrases }) => phrases.map((phrase) => ({ name, phrase })));
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.constantFrom("", " ", "!", "...", " , "),
        fc.boolean(),
        ({ name, phrase }, edge, isUpper) => {
          const text = `${edge}${isUpper ? phrase.toUpperCase() : phrase}${edge}`;
          expect(matcher.match(text)).toEqual({ intent: name, confidence: 1 });
        },
      ),
    );
  });

  test("any text gives the same answer twice, and never an error", () => {
    const matcher = createPhraseMatcher([...yesNo, ...mandarin.map(rename)]);
    const words = fc.array(
      fc.constantFrom("yes", "no", "not", "today", "please", "是", "不", "um"),
    );
    const texts = fc.oneof(
      fc.string({ unit: "grapheme" }),
      words.map((list) => list.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const match = matcher.match(text);
        expect(matcher.match(text)).toEqual(match);
        if (match !== undefined) {
          expect(match.confidence).toBeGreaterThanOrEqual(confidenceMin);
          expect(match.confidence).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("a very long text is cut, not chewed", () => {
    const text = "yes no ".repeat(100_000);
    expect(wordsOf(text).length).toBeLessThan(1000);
    expect(matchIntent(text, yesNo)).toBeUndefined();
  });
});

function rename(intent: { name: string; phrases: string[] }) {
  return { ...intent, name: `${intent.name}_zh` };
}
