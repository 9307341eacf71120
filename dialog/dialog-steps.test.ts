/** One step after the other: what each kind of answer does in each kind of state. */
import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import type { CompiledFlow, DialogEffect, DialogEvent, DialogStep } from "./dialog-types.js";
import { compileFlow } from "./flow-compiler.js";

const source = `
id: steps
language: en-US
voice: slt
start: intro
maxTurns: 12
variables:
  name: Anna
  code: { example: "42" }
  note: { example: fine, default: none }
states:
  intro:
    say: [Welcome., "Hello {{name}}."]
    then: ask
  ask:
    say: Ready?
    expect:
      intents:
        confirm: { phrases: ["yes"], keypad: "1", set: { note: "said <yes>" } }
        deny: { phrases: ["no"], keypad: ["2", "*"] }
        other: { phrases: [maybe] }
    on: { confirm: code, deny: bye, otherwise: fallback }
    silence: { afterMs: 4000, say: [Hello?, Are you there?], max: 3, then: lost }
  code:
    say: Your code?
    interruptible: false
    expect:
      digits: { min: 2, max: 4, store: code, interDigitMs: 2500 }
      intents: { unknown: { phrases: [I do not know], keypad: "*" } }
    on: { digits: note, unknown: bye }
    silence: { max: 1, then: lost }
    noMatch: { say: Digits please., max: 2, then: lost }
  note:
    say: "{{code}}, {{note}}. Anything else?"
    expect:
      free: { store: note }
      intents: { nothing: { phrases: ["no", that is all] } }
    on: { free: repeat, nothing: bye }
    silence: { max: 0, then: bye }
    noMatch: { max: 1, then: bye }
  repeat:
    say: You said {{note}}.
    then: bye
  fallback:
    say: Sorry?
    expect: { intents: { confirm: { phrases: ["yes"], keypad: "1" } } }
    on: { otherwise: ask }
    silence: { then: lost }
    noMatch: { max: 5, then: lost }
  lost:
    end: lost
  bye:
    say: Goodbye.
    end: done
`;

const flow = compileFlow(source, { fileName: "steps.yaml" });
const start = () => flow.start({ name: "Bob" });
const speech = (text: string): DialogEvent => ({ kind: "speech", text, isRejected: false });
const rejected: DialogEvent = { kind: "speech", text: "yes", isRejected: true };
const silence: DialogEvent = { kind: "silence" };
const keys = (text: string): DialogEvent[] => [...text].map((digit) => ({ kind: "keypad", digit }));

describe("the start", () => {
  test("passes through what waits for nothing, and listens where an answer is due", () => {
    const step = start();
    expect(step.state).toBe("ask");
    expect(step.effects).toEqual([
      { kind: "say", text: "Welcome.", isFixed: true, isInterruptible: true },
      { kind: "say", text: "Hello Bob.", isFixed: false, isInterruptible: true },
      { kind: "say", text: "Ready?", isFixed: true, isInterruptible: true },
      {
        kind: "listen",
        silenceMs: 4000,
        expectation: { kind: "choice", phrases: ["yes", "no", "maybe"], keypad: ["1", "2", "*"] },
      },
    ]);
  });

  test.each([
    [{}, /"name" is missing.*"Anna"/],
    [{ name: "Bob", nam: "x" }, /"nam" is not declared.*"name"/],
    [{ name: "" }, /nothing speakable/],
    [{ name: "<>&" }, /nothing speakable/],
    [{ name: "x".repeat(201) }, /201 characters; at most 200/],
    [{ name: 5 as unknown as string }, /must be a text, not number/],
    [{ name: "Bob", code: "", constructor: "x" }, /"code" has nothing.*"constructor" is not/],
  ])("refuses %j", (variables: Record<string, string>, message) => {
    expect(() => flow.start(variables)).toThrow(message);
    expect(() => flow.start(variables)).toThrow(
      expect.objectContaining({ code: "FLOW_VARIABLES" }),
    );
  });
});

describe("a choice", () => {
  test("is taken by phrase and by key, and says what it understood", () => {
    const spoken = flow.step(start().snapshot, speech("Yes!"));
    expect(spoken).toMatchObject({
      state: "code",
      understood: { intent: "confirm", confidence: 1 },
    });
    expect(run(start(), keys("1")).state).toBe("code");
    expect(run(start(), keys("*"))).toMatchObject({ state: "bye", understood: { intent: "deny" } });
  });

  test("otherwise takes an intent without a way of its own, and what is not understood", () => {
    const other = [speech("maybe"), speech("banana"), rejected, speech(""), ...keys("7")];
    for (const event of other) expect(run(start(), [event]).state).toBe("fallback");
  });

  test("a silent caller is asked again, each time in the next words, and then given up", () => {
    const steps = trail(start(), [silence, silence, silence, silence]);
    expect(steps.map(({ effects }) => textsOf(effects))).toEqual([
      ["Hello?"],
      ["Are you there?"],
      ["Are you there?"],
      [],
    ]);
    expect(steps.map(({ state }) => state)).toEqual(["ask", "ask", "ask", "lost"]);
    expect(steps.at(-1)?.effects).toEqual([{ kind: "end", outcome: "lost" }]);
  });

  test("coming back to a state starts its patience anew", () => {
    const back = run(start(), [silence, silence, speech("what"), speech("yes")]);
    expect(back).toMatchObject({ state: "ask", snapshot: { silences: 0, noMatches: 0 } });
  });
});

describe("digits", () => {
  const atCode = () => run(start(), [speech("yes")]);

  test("by voice, also doubled, and are spoken back one by one", () => {
    const step = run(atCode(), [speech("four double seven")]);
    expect(step).toMatchObject({ state: "note", understood: { intent: "digits" } });
    expect(step.snapshot.variables["code"]).toBe("477");
    expect(textsOf(step.effects)).toEqual(["4 7 7, said yes. Anything else?"]);
  });

  test("by keypad, ended by length, by #, or by silence", () => {
    expect(run(atCode(), keys("1234")).snapshot.variables["code"]).toBe("1234");
    expect(run(atCode(), keys("12#")).snapshot.variables["code"]).toBe("12");
    expect(run(atCode(), [...keys("123"), silence]).snapshot.variables["code"]).toBe("123");
  });

  test("wait between keys for as long as the flow says", () => {
    const step = run(atCode(), keys("1"));
    expect(step.snapshot.keys).toBe("1");
    expect(step.effects).toMatchObject([{ kind: "listen", silenceMs: 2500 }]);
  });

  test("too few or too many are no match, and the entry begins again", () => {
    for (const events of [
      keys("1#"),
      [...keys("1"), silence],
      [speech("one")],
      [speech("12345")],
      keys("#"),
    ]) {
      const step = run(atCode(), events);
      expect(step).toMatchObject({ state: "code", snapshot: { noMatches: 1, keys: "" } });
      expect(textsOf(step.effects)).toEqual(["Digits please."]);
    }
  });

  test("background talk does not disturb somebody who is typing", () => {
    expect(run(atCode(), [...keys("12"), rejected, ...keys("34")])).toMatchObject({
      state: "note",
      snapshot: { variables: { code: "1234" } },
    });
  });

  test("are left by an intent, by phrase or by the free key", () => {
    expect(run(atCode(), [speech("I don't know")]).state).toBe("bye");
    expect(run(atCode(), [...keys("1*")]).state).toBe("bye");
  });

  test("the state's say cannot be interrupted where the flow forbids it", () => {
    expect(atCode().effects[0]).toMatchObject({ kind: "say", isInterruptible: false });
  });
});

describe("a free answer", () => {
  const atNote = () => run(start(), [speech("yes"), speech("one two")]);

  test("is stored, cleaned, and said again as data", () => {
    const step = run(atNote(), [speech("use {{name}} <b>now</b> \u0007")]);
    expect(step.snapshot.variables["note"]).toBe("use name b now /b");
    expect(textsOf(step.effects)).toEqual([
      "You said use name b now /b .".replace(" .", "."),
      "Goodbye.",
    ]);
  });

  test("may mention a phrase; only the whole phrase is the intent", () => {
    expect(run(atNote(), [speech("no complaints at all")]).snapshot.variables["note"]).toBe(
      "no complaints at all",
    );
    expect(run(atNote(), [speech("No, that's all")]).snapshot.variables["note"]).toContain("No");
    expect(run(atNote(), [speech("that's all")]).understood?.intent).toBe("nothing");
  });

  test("is cut to the greatest length", () => {
    const step = run(atNote(), [speech("word ".repeat(500))]);
    expect(step.snapshot.variables["note"]?.length).toBeLessThanOrEqual(200);
  });
});

describe("the end", () => {
  test("a hang-up ends at once, everywhere", () => {
    const step = run(start(), [{ kind: "hangup" }]);
    expect(step).toMatchObject({
      snapshot: { outcome: "hangup" },
      effects: [{ kind: "end", outcome: "hangup" }],
    });
  });

  test("nothing has an effect any more", () => {
    const over = run(start(), [speech("no")]);
    expect(over.effects.at(-1)).toEqual({ kind: "end", outcome: "done" });
    for (const event of [
      speech("yes"),
      silence,
      rejected,
      { kind: "hangup" } as const,
      ...keys("1"),
    ]) {
      expect(flow.step(over.snapshot, event)).toEqual({
        ...over,
        effects: [],
        understood: undefined,
      });
    }
  });

  test("a dialog that goes round and round ends after maxTurns", () => {
    let step = start();
    let turns = 0;
    for (; step.snapshot.outcome === undefined && turns < 100; turns += 1) {
      step = flow.step(step.snapshot, speech(step.state === "ask" ? "maybe" : "yes"));
    }
    expect(turns).toBe(13);
    expect(step.snapshot.outcome).toBe("maxTurns");
  });

  test("or in the state that the flow names for it", () => {
    const polite = compileFlow(source.replace("maxTurns: 12", "maxTurns: 1\nafterMaxTurns: bye"), {
      fileName: "x",
    });
    const step = [silence, silence].reduce(
      (before, event) => polite.step(before.snapshot, event),
      polite.start({ name: "Bob" }),
    );
    expect(textsOf(step.effects)).toEqual(["Goodbye."]);
    expect(step.snapshot.outcome).toBe("done");
  });

  test("clearing an entry for ever ends too", () => {
    const clearing = compileFlow(source.replace(', keypad: "*" } }', " } }"), { fileName: "x" });
    let step = clearing.step(clearing.start({ name: "Bob" }).snapshot, speech("yes"));
    let presses = 0;
    for (; step.snapshot.outcome === undefined && presses < 100; presses += 1) {
      step = clearing.step(step.snapshot, { kind: "keypad", digit: presses % 2 === 0 ? "1" : "*" });
    }
    expect(presses).toBeLessThan(30);
  });
});

describe("templates", () => {
  test.each([
    "{{code}}",
    "{{name}}",
    "${process.exit(1)}",
    "<speak><break/></speak>",
    "a\u0000b\u202ec\nd",
    "{{constructor}}",
    "$& $1 $$",
  ])("a value like %j is spoken once, as text", (name) => {
    const text = textsOf(flow.start({ name }).effects)[1] ?? "";
    expect(text).toMatch(/^Hello .*\.$/);
    expect(text).not.toMatch(/[<>&{}\\\p{C}]/u);
  });
});

describe("purity", () => {
  test("a step changes nothing it was given, and gives the same again", () => {
    const step = start();
    const frozen = deepFreeze(structuredClone(step.snapshot));
    expect(flow.step(frozen, silence)).toEqual(flow.step(frozen, silence));
    expect(frozen).toEqual(step.snapshot);
  });

  test("a snapshot is small and survives msgpack", () => {
    const { snapshot } = run(start(), [speech("yes"), ...keys("12")]);
    const bytes = encode(snapshot);
    expect(bytes.length).toBeLessThan(300);
    expect(decode(bytes)).toEqual(snapshot);
  });
});

function run(from: DialogStep, events: readonly DialogEvent[]): DialogStep {
  return trail(from, events).at(-1) ?? from;
}

function trail(from: DialogStep, events: readonly DialogEvent[], of: CompiledFlow = flow) {
  let step = from;
  return events.map((event) => (step = of.step(step.snapshot, event)));
}

function textsOf(effects: readonly DialogEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === "say" ? [effect.text] : []));
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
