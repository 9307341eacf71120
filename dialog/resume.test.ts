/** How a dialog goes on after its call was taken over. */
import { describe, expect, test } from "vitest";
import type { CompiledFlow, DialogEffect, DialogEvent, DialogStep } from "./dialog-types.js";
import { compileFlow } from "./flow-compiler.js";
import type { FlowError } from "./flow-errors.js";
import { listFlows, loadFlow } from "./flow-files.js";
import { exampleVariables } from "./talk.js";

const flowWith = (onResume: string, defaults = ""): string => `
id: resumed
language: en-US
voice: slt
start: ask
variables:
  code: { example: "42", default: "0" }
  name: { example: Anna }
defaults: { silence: { then: bye }, noMatch: { max: 2, then: bye }${defaults} }
states:
  ask:
    say: Hello {{name}}.
    expect: { intents: { confirm: { phrases: ["yes"] } } }
    on: { confirm: code }
  code:
    say: [Now your code., Please.]
    expect: { digits: { min: 4, max: 4, store: code } }
    on: { digits: bye }
    ${onResume}
  again:
    say: You may key it in again.
    then: code
  help: { say: Somebody will call you., end: helped }
  bye: { say: Goodbye., end: done }
`;

/** A flow in its state `code`, with two keys entered and one misunderstanding. */
function lostIn(onResume: string, defaults?: string) {
  const source = flowWith(onResume, defaults)
    .replace("on: { confirm: code }", "on: { confirm: code, other: again, third: help }")
    .replace(
      "{ confirm: {",
      "{ other: { phrases: [again] }, third: { phrases: [help] }, confirm: {",
    );
  const flow = compileFlow(source, { fileName: "resumed.yaml" });
  const events: DialogEvent[] = [
    { kind: "speech", text: "yes", isRejected: false },
    { kind: "speech", text: "what", isRejected: false },
    { kind: "keypad", digit: "4" },
    { kind: "keypad", digit: "2" },
  ];
  let step: DialogStep = flow.start({ name: "Anna" });
  for (const event of events) step = flow.step(step.snapshot, event);
  return { flow, snapshot: step.snapshot };
}

const inShort = (effects: readonly DialogEffect[]): string[] =>
  effects.map((effect) =>
    effect.kind === "say" ? effect.text : effect.kind === "end" ? effect.outcome : effect.kind,
  );

const said = (
  { flow, snapshot }: ReturnType<typeof lostIn>,
  options: Parameters<CompiledFlow["resume"]>[1],
) => {
  const step = flow.resume(snapshot, options);
  return { says: inShort(step.effects), state: step.state, snapshot: step.snapshot };
};

describe("a dialog that is taken over", () => {
  const noticed = { isTakenOver: true };
  const sounding = { isTakenOver: true, isSounding: true };
  const unheard = { isTakenOver: true, isRepeated: true };
  const own = ["Now your code.", "Please."];

  test.each([
    { onResume: "", noticed: ["listen"], unheard: [...own, "listen"] },
    { onResume: "onResume: continue", noticed: ["listen"], unheard: [...own, "listen"] },
    { onResume: "onResume: repeat", noticed: [...own, "listen"], unheard: [...own, "listen"] },
    {
      onResume: "onResume: { say: Excuse the break. }",
      noticed: ["Excuse the break.", ...own, "listen"],
      unheard: ["Excuse the break.", ...own, "listen"],
    },
    {
      onResume: "onResume: { say: 'Where were we, {{name}}?', repeat: false }",
      noticed: ["Where were we, Anna?", "listen"],
      unheard: ["Where were we, Anna?", ...own, "listen"],
    },
  ])("with '$onResume' goes on in its state", (row) => {
    const lost = lostIn(row.onResume);
    expect(said(lost, noticed)).toMatchObject({ says: row.noticed, state: "code" });
    expect(said(lost, unheard).says).toEqual(row.unheard);
    // Nothing was missed while our own words sound on.
    expect(said(lost, sounding).says).toEqual(["listen"]);
    // Another life of its actor alone is no takeover.
    expect(said(lost, {}).says).toEqual(["listen"]);
  });

  test("keeps its answers and its count of retries, and keys unless it asks anew", () => {
    const listening = said(lostIn(""), noticed).snapshot;
    expect(listening).toMatchObject({ keys: "42", noMatches: 1, variables: { name: "Anna" } });
    const asked = said(lostIn("onResume: repeat"), noticed).snapshot;
    expect(asked).toMatchObject({ keys: "", noMatches: 1, variables: { name: "Anna" } });
  });

  test("goes to another state where its flow says so, whatever sounds", () => {
    const lost = lostIn("onResume: { say: Excuse me., then: help }");
    for (const options of [noticed, sounding, unheard]) {
      expect(said(lost, options)).toMatchObject({
        says: ["Excuse me.", "Somebody will call you.", "helped"],
        state: "help",
      });
    }
    const through = said(lostIn("onResume: { then: again }"), noticed);
    expect(through.says).toEqual(["You may key it in again.", ...own, "listen"]);
    expect(through.snapshot).toMatchObject({ state: "code", keys: "", noMatches: 0 });
  });

  test("follows the defaults of its flow, unless its state has its own word", () => {
    const defaults = ", onResume: { then: help }";
    expect(said(lostIn("", defaults), noticed).state).toBe("help");
    expect(said(lostIn("onResume: continue", defaults), noticed).says).toEqual(["listen"]);
  });

  test("never skips a state nor asks for what it has, in the shipped flows", async () => {
    for (const { name } of await listFlows()) {
      const flow = await loadFlow(name);
      let step = flow.start(exampleVariables(flow));
      for (let turn = 0; turn < 40 && step.snapshot.outcome === undefined; turn += 1) {
        for (const options of [noticed, sounding, unheard]) {
          const resumed = flow.resume(step.snapshot, options);
          expect(resumed.snapshot).toEqual(step.snapshot);
          const ahead = flow.step(resumed.snapshot, { kind: "silence" });
          expect(ahead).toEqual(flow.step(step.snapshot, { kind: "silence" }));
        }
        step = flow.step(step.snapshot, nextAnswer(step, turn));
      }
    }
  });
});

/** Something that leads on: a phrase or digits that the state expects. */
function nextAnswer({ effects }: DialogStep, turn: number): DialogEvent {
  const listen = effects.find((effect) => effect.kind === "listen");
  const { phrases = [], digits } = listen?.expectation ?? {};
  const text = digits === undefined ? phrases[turn % phrases.length]! : "1".repeat(digits.max);
  return { kind: "speech", text, isRejected: false };
}

describe("an onResume that cannot work", () => {
  const mistakeOf = (onResume: string, defaults?: string): string => {
    try {
      lostIn(onResume, defaults);
      return "";
    } catch (error) {
      return (error as FlowError).message;
    }
  };

  test.each([
    ["onResume: restart", 'must be "continue", "repeat", or a map'],
    ["onResume: {}", "does nothing: give continue, repeat, say or then"],
    ["onResume: { then: hepl }", 'there is no state "hepl"; the nearest is "help"'],
    ["onResume: { repeat: true, then: help }", "repeat and then exclude each other"],
    ["onResume: { say: ... }", 'nothing speakable in "..."'],
    ["onResume: { say: '{{nme}}' }", 'variable "nme" is not declared'],
    ["onResume: { says: Hello }", 'unknown key "says"'],
  ])("%s", (onResume, message) => {
    expect(mistakeOf(onResume)).toContain(message);
  });

  test("stands in a state that expects nothing", () => {
    const source = flowWith("").replace("then: code", "then: code\n    onResume: repeat");
    expect(() => compileFlow(source, { fileName: "f.yaml" })).toThrow(
      "only a state with expect has onResume",
    );
  });

  test("in the defaults is found there", () => {
    expect(mistakeOf("", ", onResume: { then: nowhere_at_all }")).toContain(
      "defaults.onResume.then: there is no state",
    );
  });
});

test("the bridging sentence is rendered before the first call", () => {
  const { flow } = lostIn("onResume: { say: Excuse the break. }");
  expect(flow.fixedPrompts).toContain("Excuse the break.");
});
