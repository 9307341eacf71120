import { expect, it } from "vitest";
import { compileFlow } from "../flow-compiler.js";
import type { FlowError } from "../flow-errors.js";

const compiled = (top: string) =>
  compileFlow(
    `
id: answering
language: en-US
voice: slt
start: bye
${top}
states:
  bye: { say: Goodbye., end: done }
  message: { say: Please call us., end: voicemail }
`,
    { fileName: "answering.yaml" },
  );

function mistakesOf(top: string): string {
  try {
    compiled(top);
    return "";
  } catch (error) {
    return (error as FlowError).mistakes.map(({ message }) => message).join("\n");
  }
}

it("keeps what a flow says about who has answered, and nothing else", () => {
  const top = "answeringMachine: message\nanswering: { totalMs: 4000, wordsMax: 5 }";
  expect(compiled(top).answering).toEqual({ totalMs: 4000, wordsMax: 5 });
  expect(compiled("answeringMachine: message").answering).toEqual({});
});

it("a machine gets its state also where the flow begins with what only says something", () => {
  const flow = compiled("answeringMachine: message");
  const { snapshot, effects } = flow.step(flow.start({}).snapshot, { kind: "machine" });
  expect(effects).toMatchObject([
    { kind: "say", text: "Please call us." },
    { kind: "end", outcome: "voicemail" },
  ]);
  expect(snapshot).toMatchObject({ state: "message", outcome: "voicemail" });
});

it.each([
  ["answering: { totalMs: 4000 }", "needs answeringMachine: the state that a machine gets"],
  ["answeringMachine: message\nanswering: { totalMs: 4 }", "whole number from 500 to 20000"],
  ["answeringMachine: message\nanswering: { total: 4000 }", "total"],
  ["answeringMachine: message\nanswering: yes", "must be a map with any of: initialSilenceMs"],
])("refuses %j", (top, message) => {
  expect(mistakesOf(top)).toContain(message);
});
