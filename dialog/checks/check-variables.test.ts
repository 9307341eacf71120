/** What may be spoken alone must have something to say, whatever was set. */
import { describe, expect, test } from "vitest";
import { compileFlow } from "../flow-compiler.js";
import { FlowError } from "../flow-errors.js";

const flow = (parts: { say: string; default: string; set?: string }): string => `
id: alone
language: en-US
voice: slt
start: greeting
variables:
  note: { example: a note, default: "${parts.default}" }
states:
  greeting:
    say: Hello.
    expect:
      intents:
        confirm: { phrases: ["yes"], set: { note: "${parts.set ?? "set"}" } }
    on: { confirm: told }
    silence: { afterMs: 3000, max: 1, then: told }
    noMatch: { max: 1, then: told }
  told:
    say: "${parts.say}"
    end: done
`;

/** Where the mistakes are, or nothing. */
function mistakesOf(source: string): string[] {
  try {
    compileFlow(source, { fileName: "test.yaml" });
    return [];
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    const mistakes = error.detail["mistakes"] as readonly { path: string; message: string }[];
    return mistakes.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe("a text that is a variable alone", () => {
  test("must not have an empty default, nor be set to mere signs", () => {
    const mistakes = mistakesOf(flow({ say: "{{note}}!", default: "", set: "..." }));
    expect(mistakes).toHaveLength(2);
    expect(mistakes[0]).toMatch(/variables.*note.*default.*nothing speakable in ""/);
    expect(mistakes[1]).toMatch(/greeting.*set.*note.*nothing speakable in "\.\.\."/);
  });

  test("may have a default that can be spoken", () => {
    expect(mistakesOf(flow({ say: "{{note}}", default: "nothing" }))).toEqual([]);
  });

  test("may be left empty where other words stand beside it", () => {
    expect(mistakesOf(flow({ say: "Your note: {{note}}", default: "" }))).toEqual([]);
  });
});
