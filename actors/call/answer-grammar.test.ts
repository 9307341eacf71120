import { expect, test } from "vitest";
import { answerGrammar } from "./answer-grammar.js";

test("the contact's names are hot words, figures and long texts are not", () => {
  const variables = { name: "Dr. Brown", amount: "4,071.50", note: "x".repeat(61), city: "北京" };
  const expectation = { kind: "choice", phrases: ["yes"], keypad: [] } as const;
  expect(answerGrammar(expectation, { language: "en-US", variables })).toEqual({
    language: "en-US",
    phrases: ["yes"],
    hotWords: ["Dr. Brown", "北京"],
  });
  const digits = { min: 2, max: 4 };
  const plain = answerGrammar({ ...expectation, digits }, { language: "en-US", variables: {} });
  expect(plain).toEqual({ language: "en-US", phrases: ["yes"], digits });
});
