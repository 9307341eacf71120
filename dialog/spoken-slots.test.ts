/** Numbers, amounts and dates as a flow takes them out of what is said. */
import { describe, expect, test } from "vitest";
import { compileFlow } from "./flow-compiler.js";

function answer(as: string, text: string, language = "en-US") {
  const flow = compileFlow(
    `
id: slots
language: ${language}
voice: slt
start: ask
variables: { value: { example: "1", default: none } }
defaults: { silence: { then: bye } }
states:
  ask:
    say: How much?
    expect:
      intents: { none: { phrases: [nothing, 没有] } }
      free: { store: value, as: ${as} }
    on: { none: bye, free: bye }
    noMatch: { say: Sorry?, max: 1, then: bye }
  bye: { say: "I noted {{value}}.", end: done }
`,
    { fileName: "slots.yaml" },
  );
  const { snapshot } = flow.start({});
  return flow.step(snapshot, { kind: "speech", text, isRejected: false });
}

describe("a slot", () => {
  test.each([
    ["number", "well, about two hundred and fifty", "en-US", "250"],
    ["number", "nine one one", "en-US", "911"],
    ["number", "oh double five", "en-US", "55"],
    ["number", "二百五", "zh-CN", "250"],
    ["number", "两个", "zh-CN", "2"],
    ["amount", "I can pay twenty five dollars and fifty cents", "en-US", "25.50"],
    ["amount", "三块五", "zh-CN", "3.50"],
    ["date", "on the third of May, I think", "en-US", "05-03"],
    ["date", "五月三号吧", "zh-CN", "05-03"],
  ])("for a %s takes %j", (as, text, language, value) => {
    const step = answer(as, text, language);
    expect(step.snapshot.variables["value"]).toBe(value);
    expect(step.understood).toMatchObject({ intent: "free" });
    expect(step.state).toBe("bye");
  });

  test("without such a value the answer is not understood, and asked for again", () => {
    const step = answer("amount", "I do not know yet");
    expect(step.understood).toBeUndefined();
    expect(step.effects[0]).toMatchObject({ kind: "say", text: "Sorry?" });
  });

  test("an intent beside it goes before", () => {
    expect(answer("amount", "nothing").understood).toMatchObject({ intent: "none" });
  });

  test("of a kind that there is not is refused with those that there are", () => {
    expect(() => answer("colour", "red")).toThrow(/must be one of number, amount, date/);
  });
});
