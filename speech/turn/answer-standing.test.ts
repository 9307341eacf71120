import { describe, expect, test } from "vitest";
import { answerJudge } from "./answer-standing.js";

const choice = answerJudge({
  kind: "choice",
  phrases: ["yes", "Yes, please.", "I want to talk to someone", "billing", "我要查账单"],
});
const code = answerJudge({ kind: "digits", phrases: ["I don't know"], digits: { min: 4, max: 6 } });
const free = answerJudge({ kind: "free" });

describe("how far an answer has come", () => {
  test.each([
    ["I want to talk to someone", "whole"],
    ["um, I want to talk to someone", "whole"],
    ["我要查账单", "whole"],
    ["billing", "answer"],
    ["yes", "answer"],
    ["yes please", "answer"],
    ["okay, billing", "answer"],
    ["I want to", "unfinished"],
    ["um", "unfinished"],
    ["well, let me see", "unfinished"],
    ["uh huh", "unfinished"],
    ["my mother and", "unfinished"],
    ["", "unknown"],
    ["my mother", "unknown"],
  ])("%j where phrases are awaited: %s", (text, standing) => {
    expect(choice(text)).toBe(standing);
  });

  test.each([
    ["4 7", "unfinished"],
    ["four seven one", "unfinished"],
    ["4711", "answer"],
    ["471100", "whole"],
    ["i don't know", "whole"],
    ["i don't", "unfinished"],
    ["forty", "unknown"],
  ])("%j where four to six digits are awaited: %s", (text, standing) => {
    expect(code(text)).toBe(standing);
  });

  test.each([
    ["it was fine", "unknown"],
    ["it was fine but", "unfinished"],
    ["我觉得很好 但", "unfinished"],
  ])("%j where anything may be said: %s", (text, standing) => {
    expect(free(text)).toBe(standing);
  });
});
