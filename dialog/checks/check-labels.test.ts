import { expect, it } from "vitest";
import { compileFlow } from "../flow-compiler.js";
import type { FlowError } from "../flow-errors.js";

const flow = (top: string, rules: string) => `
id: labels
language: en-US
voice: slt
start: ask
${top}
states:
  ask:
    say: Yes or no?
    expect:
      intents:
        yes: { phrases: [yes] }
    on: { yes: bye, otherwise: bye }
    ${rules}
  bye:
    say: Goodbye.
    end: done
`;

function mistakesOf(source: string): string[] {
  try {
    compileFlow(source, { fileName: "labels.yaml" });
    return [];
  } catch (error) {
    return (error as FlowError).mistakes.map(({ path, message }) => `${path}: ${message}`);
  }
}

it("takes rules on labels, of one state and of all", () => {
  const rule = "onLabel: [{ label: abuse, is: [insult], atLeast: 0.5, then: bye }]";
  expect(mistakesOf(flow("analyzers: [abuse]", rule))).toEqual([]);
  expect(mistakesOf(flow(`analyzers: abuse\ndefaults: { ${rule} }`, ""))).toEqual([]);
});

it.each([
  ["", "onLabel: [{ label: a, is: b, then: bye }]", "no labels without analyzers"],
  ["analyzers: [a]", "onLabel: [{ is: b, then: bye }]", "needs label"],
  ["analyzers: [a]", "onLabel: [{ label: a, is: b, then: by }]", 'there is no state "by"'],
  [
    "analyzers: [a]",
    "onLabel: [{ label: a, is: b, atLeast: 2, then: bye }]",
    "must be a number from 0 to 1",
  ],
  [
    "analyzers: [a]",
    "onLabel: [{ label: a, is: b, intent: yse, then: bye }]",
    'does not expect "yse"',
  ],
])("refuses with %j what is wrong in %s", (top, rules, message) => {
  expect(mistakesOf(flow(top, rules)).join("\n")).toContain(message);
});
