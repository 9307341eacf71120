import { describe, expect, it } from "vitest";
import { answerMatcher } from "./answer-match.js";
import { joinTexts } from "./joined-text.js";
import { Transcript, textOf } from "./transcript.js";

const english = answerMatcher({
  language: "en-US",
  phrases: ["Yes, please.", "I don't know"],
  digits: { min: 2, max: 4 },
});
const mandarin = answerMatcher({
  language: "zh-CN",
  phrases: ["查账单", "好的"],
  digits: { min: 3, max: 6 },
});

describe("what a recogniser of free speech wrote", () => {
  it.each([
    ["yes please", { text: "Yes, please.", isComplete: true }],
    ["YES PLEASE!", { text: "Yes, please.", isComplete: true }],
    ["i don’t know", { text: "I don't know", isComplete: true }],
    ["yes", { text: "yes", isComplete: false }],
    ["four oh seven one", { text: "4071", isComplete: true }],
    ["40 7", { text: "407", isComplete: false }],
    ["my number is four", { text: "my number is four", isComplete: false }],
    ["", { text: "", isComplete: false }],
    [" … ", { text: "", isComplete: false }],
  ])("becomes what the grammar asked for, where it is that: %j", (text, answer) => {
    expect(english(text)).toEqual(answer);
  });

  it.each([
    ["查 账单。", { text: "查账单", isComplete: true }],
    ["幺三八 零零一", { text: "138001", isComplete: true }],
    ["１３８", { text: "138", isComplete: false }],
    ["我想查账单", { text: "我想查账单", isComplete: false }],
  ])("in Mandarin as well: %j", (text, answer) => {
    expect(mandarin(text)).toEqual(answer);
  });
});

describe("sentences", () => {
  it.each([
    ["I want", "my bill", "I want my bill"],
    ["你好，", "请问。", "你好，请问。"],
    ["", "yes", "yes"],
    ["yes", "", "yes"],
  ])("are joined as they are written: %j %j", (first, second, joined) => {
    expect(joinTexts(first, second)).toBe(joined);
  });

  it("keep their times when an attempt goes on in the middle of an utterance", () => {
    const first = new Transcript();
    first.commit({ text: "yes", endMs: 500, words: [{ text: "yes", startMs: 100, endMs: 400 }] });
    first.replace("plea");
    const second = first.fork();
    expect(textOf(second)).toBe("yes");
    const words = [{ text: "please", startMs: 10, endMs: 300 }];
    second.commit({ text: "please", words, confidence: 0.8 });
    expect(textOf(second)).toBe("yes please");
    expect(second.words.map(({ startMs }) => startMs)).toEqual([100, 510]);
    expect(second.confidence).toBeCloseTo(0.8);
    expect(textOf(first)).toBe("yes plea");
  });
});
