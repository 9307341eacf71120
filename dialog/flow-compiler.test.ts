/** Every kind of mistake, alone and together: named, and shown where it stands. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileFlow } from "./flow-compiler.js";
import { FlowError, type Mistake, type MistakeKind } from "./flow-errors.js";
import { flowLimits } from "./limits.js";

const good = `id: little
language: en-US
voice: slt
start: greeting
variables:
  name: Anna
  code: { example: "12" }
states:
  greeting:
    say: Hello {{name}}, is this a good time?
    expect:
      intents:
        confirm:
          phrases: [yes, yes please]
          keypad: 1
        deny:
          phrases: [no]
          keypad: "2"
    on:
      confirm: ask_code
      deny: bye
      otherwise: bye
  ask_code:
    say: Which code?
    expect:
      digits: { min: 2, max: 4, store: code }
    on: { digits: thanks }
    silence: { afterMs: 4000, then: bye }
    noMatch: { max: 1, then: bye }
  thanks:
    say: You said {{code}}.
    then: bye
  bye:
    say: Goodbye.
    end: done
`;

describe("a flow without mistakes", () => {
  test("compiles, and has a version that only its contents change", () => {
    const flow = compileFlow(good, { fileName: "good.yaml" });
    expect(flow.id).toBe("little");
    expect(flow.version).toMatch(/^[0-9a-f]{16}$/);
    expect(compileFlow(good.replaceAll("\n", "\r\n"), { fileName: "x" }).version).toBe(
      flow.version,
    );
    const other = compileFlow(good.replace("Goodbye", "Farewell"), { fileName: "x" });
    expect(other.version).not.toBe(flow.version);
  });

  test("lists its fixed prompts, its variables and its expectations", () => {
    const flow = compileFlow(good, { fileName: "good.yaml" });
    expect(flow.fixedPrompts).toEqual(["Which code?", "Goodbye."]);
    expect(flow.variables).toEqual([
      { name: "name", example: "Anna", isRequired: true },
      { name: "code", example: "12", isRequired: false },
    ]);
    expect(flow.outcomes).toEqual(["done", "hangup", "maxTurns"]);
    expect(flow.allExpectations()).toEqual([
      { kind: "choice", phrases: ["yes", "yes please", "no"], keypad: ["1", "2"] },
      {
        kind: "digits",
        phrases: [],
        digits: { min: 2, max: 4 },
        keypad: [..."0123456789#*"],
      },
    ]);
  });
});

/** What is replaced in `good`, and the one mistake that has to come of it. */
type Case = [
  what: string,
  from: string,
  to: string,
  kind: MistakeKind,
  line: number,
  column: number,
  message: RegExp,
];

// prettier-ignore
const cases: Case[] = [
  ["broken YAML", "[yes, yes please]", "[yes, yes please", "syntax", 15, 11, /not YAML/],
  ["a key twice", "voice: slt", "voice: slt\nvoice: rms", "syntax", 4, 1, /unique/],
  ["an unknown key", "  bye:\n    say:", "  bye:\n    says:", "unknownKey", 34, 5, /"say"/],
  ["an unknown key at the top", "voice: slt", "voice: slt\nvoyce: x", "unknownKey", 4, 1, /"voice"/],
  ["a number for a text", "say: Which code?", "say: 5", "shape", 24, 10, /a text.*not 5/],
  ["a wrong item", "phrases: [no]", "phrases: [no, {}]", "shape", 17, 25, /text.*not a map/],
  ["a name with a space", "  thanks:", "  my thanks:", "shape", 30, 3, /must be a name.*"my thanks"/],
  ["a wrong key of the phone", 'keypad: "2"', 'keypad: "12"', "shape", 18, 19, /a key.*"12"/],
  ["a number out of range", "afterMs: 4000", "afterMs: 20", "shape", 28, 25, /500 to 60000, not 20/],
  ["a text for a flag", "then: bye\n  bye", "then: bye\n    interruptible: maybe\n  bye", "shape", 33, 20, /true or false, not "maybe"/],
  ["no language", "language: en-US\n", "", "missing", 1, 1, /"language" is missing/],
  ["a language that is none", "en-US", "english!", "shape", 2, 11, /en-US/],
  ["no start", "start: greeting\n", "", "missing", 1, 1, /"start" is missing/],
  ["a start that is no state", "start: greeting", "start: greting", "missingState", 4, 8, /"greting".*"greeting"/],
  ["a way to no state", "confirm: ask_code", "confirm: ask_kode", "missingState", 20, 16, /"ask_kode".*"ask_code"/],
  ["a retry to no state", "4000, then: bye", "4000, then: buy", "missingState", 28, 37, /"buy".*"bye"/],
  ["an unreachable state", "digits: thanks", "digits: bye", "unreachable", 30, 3, /no way leads here.*greeting/],
  ["a state that leads nowhere", "    then: bye\n", "", "deadEnd", 30, 3, /leads nowhere/],
  ["two kinds at once", "    then: bye\n", "    then: bye\n    end: x\n", "shape", 30, 3, /then and end/],
  ["an answer's key without expect", "    then: bye\n", "    then: bye\n    on: {}\n", "shape", 33, 5, /only a state with expect/],
  ["a state without say", "    say: Which code?\n", "", "missing", 23, 3, /says nothing/],
  ["nothing expected", "digits: { min: 2, max: 4, store: code }\n    on: { digits: thanks }", "{}\n    on: { otherwise: thanks }", "missing", 25, 5, /expects nothing/],
  ["a loop without an answer", "    then: bye\n", "    then: thanks\n", "endlessLoop", 32, 11, /for ever/],
  ["an undeclared variable", "{{name}}", "{{nam}}", "variable", 10, 10, /"nam" is not declared.*"name"/],
  ["an undeclared store", "store: code", "store: coda", "variable", 26, 40, /"coda" is not declared.*"code"/],
  ["an expression", "{{name}}", "{{name.length}}", "template", 10, 10, /names only/],
  ["stray braces", "{{name}}", "{{name", "template", 10, 10, /pair up/],
  ["a variable that may be empty", "deny: bye\n", "deny: thanks\n", "variable", 31, 10, /"code" may have no value/],
  ["no example", "  name: Anna", "  name: {}", "missing", 6, 3, /example value is missing/],
  ["an example that is not speakable", "  name: Anna", '  name: "?!"', "unspeakable", 6, 9, /nothing speakable/],
  ["an intent handled but not expected", "deny: bye", "deny: bye\n      refuse: bye", "intent", 22, 7, /"refuse" is handled/],
  ["an intent without an answer", 'phrases: [no]\n          keypad: "2"', "set: { code: x }", "intent", 16, 9, /neither phrases nor keypad/],
  ["a reserved intent", "        deny:", "        free:", "intent", 16, 9, /cannot be named "free"/],
  ["a phrase with two meanings", "phrases: [no]", 'phrases: [no, "Yes, please!"]', "phrase", 17, 25, /already means "confirm"/],
  ["a phrase with a variable", "phrases: [no]", 'phrases: ["{{name}}"]', "phrase", 17, 21, /no variables/],
  ["a key with two meanings", 'keypad: "2"', 'keypad: ["2", "1"]', "keypad", 18, 25, /already means "confirm"/],
  ["a phrase nobody can say", "phrases: [no]", 'phrases: ["?"]', "unspeakable", 17, 21, /nobody can say/],
  ["a say whose markup does not read", "say: Goodbye.", 'say: "<speak>Bye<break></speak>"', "markup", 34, 10, /SSML, line 1, column \d+/],
  ["an empty say", "say: Goodbye.", 'say: ""', "unspeakable", 34, 10, /nothing speakable/],
  ["a say of punctuation", "say: Goodbye.", 'say: [Bye, "... !"]', "unspeakable", 34, 16, /nothing speakable/],
  ["an empty list of texts", "say: Goodbye.", "say: []", "shape", 34, 10, /1 to 12.*empty list/],
  ["min over max", "min: 2, max: 4", "min: 5, max: 4", "shape", 26, 22, /min 5 is more than max 4/],
  ["digits without max", "min: 2, max: 4", "min: 2", "missing", 26, 7, /"max" is missing/],
  ["a key inside digits", "store: code }", "store: code }\n      intents: { help: { keypad: 5 } }", "keypad", 27, 34, /part of the digits/],
  ["a say too long", "Which code?", "a".repeat(501), "shape", 24, 10, /at most 500.*501 characters/],
];

describe("one mistake", () => {
  test.each(cases)("%s", (_what, from, to, kind, line, column, message) => {
    expect(good).toContain(from);
    const mistakes = mistakesOf(good.replace(from, to));
    const found = mistakes.find((mistake) => mistake.kind === kind && mistake.line === line);
    expect(found, JSON.stringify(mistakes, null, 1)).toBeDefined();
    expect(found?.column, JSON.stringify(mistakes)).toBe(column);
    expect(found?.message).toMatch(message);
  });

  test("an intent expected but unhandled needs otherwise", () => {
    const text = good.replace("      deny: bye\n      otherwise: bye\n", "");
    const mistakes = mistakesOf(
      `${text}defaults: { silence: { then: bye }, noMatch: { then: bye } }\n`,
    );
    expect(mistakes).toEqual([
      expect.objectContaining({
        kind: "intent",
        line: 16,
        column: 9,
        path: "states.greeting.expect.intents.deny",
      }),
    ]);
    expect(mistakesOf(text).filter(({ kind }) => kind === "missing")).toEqual([
      expect.objectContaining({ line: 9, message: expect.stringContaining("silence") as string }),
      expect.objectContaining({
        line: 9,
        message: expect.stringContaining("not understood") as string,
      }),
    ]);
  });

  test("a flow without an end, and one that cannot come to it", () => {
    const endless = good.replace("end: done", "then: greeting");
    expect(mistakesOf(endless)).toEqual([
      expect.objectContaining({ kind: "missingEnd", line: 8, column: 1 }),
    ]);
    const round = `${good}  a:\n    say: A\n    then: b\n  b:\n    say: B\n    then: a\n`.replace(
      "otherwise: bye",
      "otherwise: a",
    );
    expect(
      mistakesOf(round)
        .filter(({ kind }) => kind === "deadEnd")
        .map(({ line }) => line),
    ).toEqual([36, 39]);
  });

  test("what happens after the last turn must not ask again", () => {
    const mistakes = mistakesOf(
      good.replace("start: greeting", "start: greeting\nafterMaxTurns: ask_code"),
    );
    expect(mistakes).toContainEqual(
      expect.objectContaining({ kind: "endlessLoop", line: 5, column: 16 }),
    );
  });

  test("a variable that only one of two answers sets", () => {
    const first = "keypad: 1\n          set: { code: one }";
    const text = good.replace("keypad: 1", first).replace("confirm: ask_code", "confirm: thanks");
    const one = text
      .replace("deny: bye", "deny: ask_code")
      .replace("digits: thanks", "digits: bye");
    expect(mistakesOf(one.replace("otherwise: bye", "otherwise: thanks"))).toEqual([
      expect.objectContaining({ kind: "variable", line: 32, path: "states.thanks.say.0" }),
    ]);
    expect(compileFlow(one, { fileName: "x" }).id).toBe("little");
  });

  test("a phrase that is a digit string where digits are expected", () => {
    const intents = "store: code }\n      intents: { help: { phrases: [one two] } }";
    expect(mistakesOf(good.replace("store: code }", intents))).toContainEqual(
      expect.objectContaining({ kind: "phrase", line: 27, column: 36 }),
    );
  });

  test("names of JavaScript's own are ordinary unknown names", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__"]) {
      const way = mistakesOf(good.replace("deny: bye", `deny: ${name}`));
      expect(
        way.some(({ line }) => line === 21),
        name,
      ).toBe(true);
      const say = mistakesOf(good.replace("{{name}}", `{{${name}}}`));
      expect(
        say.some(({ line }) => line === 10),
        name,
      ).toBe(true);
    }
  });
});

describe("many mistakes", () => {
  test("come all at once, in the order of the file, with the file's name", () => {
    const text = good
      .replace("voice: slt", "voyce: slt")
      .replace("{{name}}", "{{nam}}")
      .replace("confirm: ask_code", "confirm: ask_kode")
      .replace("afterMs: 4000", "afterMs: soon")
      .replace("say: Goodbye.", 'say: "..."');
    const error = errorOf(text);
    expect(error.code).toBe("FLOW_INVALID");
    expect(error.mistakes.map(({ line, kind }) => `${line} ${kind}`)).toEqual([
      "1 missing",
      "3 unknownKey",
      "10 variable",
      "20 missingState",
      "28 shape",
      "34 unspeakable",
    ]);
    expect(error.detail["mistakes"]).toEqual(error.mistakes);
    expect(error.message).toContain("test.yaml has 6 mistakes:");
    expect(error.message).toContain(
      'test.yaml:20:16 states.greeting.on.confirm: there is no state "ask_kode"',
    );
  });

  test("one wrong state does not make others unreachable or missing", () => {
    const mistakes = mistakesOf(
      good.replace("  thanks:\n    say: You said {{code}}.\n    then: bye", "  thanks: 5"),
    );
    expect(mistakes).toEqual([expect.objectContaining({ kind: "shape", line: 30, column: 11 })]);
  });
});

describe("files that are no flows", () => {
  test.each([
    ["nothing", ""],
    ["a text", "hello"],
    ["a list", "- a\n- b"],
    ["two documents", "a: 1\n---\nb: 2"],
    ["JSON", "{}"],
    ["a tag", "id: !!js/function 'function(){}'"],
    ["states that are a list", "id: a\nstates: [a, b]"],
  ])("%s", (_what, text) => {
    expect(mistakesOf(text).length).toBeGreaterThan(0);
  });

  test("a few lines cannot grow into millions by aliases", () => {
    const rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i += 1) {
      const before = String.fromCharCode(96 + i);
      const name = String.fromCharCode(97 + i);
      rows.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]`);
    }
    expect(mistakesOf(rows.join("\n"))[0]?.message).toMatch(/alias/i);
  });

  test("too many states, phrases, intents or bytes", () => {
    const state = (name: string, then: string) => `  ${name}:\n    say: Hi\n    then: ${then}\n`;
    const many = Array.from({ length: flowLimits.statesMax }, (_, i) =>
      state(`s${i}`, i === 0 ? "bye" : `s${i - 1}`),
    );
    const text = good.replace("deny: bye", `deny: s${flowLimits.statesMax - 1}`) + many.join("");
    expect(mistakesOf(text)).toEqual([
      expect.objectContaining({ kind: "tooBig", line: 8, message: "204 states; at most 200" }),
    ]);
    const phrases = Array.from({ length: 150 }, (_, i) => `word ${i}`).join(", ");
    const wide = good
      .replace("[no]", `[${phrases}]`)
      .replace("[yes, yes please]", `[${phrases.replaceAll("word", "term")}]`);
    expect(mistakesOf(wide)).toEqual([expect.objectContaining({ kind: "tooBig", line: 12 })]);
    expect(mistakesOf("#".repeat(flowLimits.sourceBytesMax + 1))).toEqual([
      expect.objectContaining({ kind: "tooBig", line: 1 }),
    ]);
  });
});

describe("any text at all", () => {
  test("gives a flow or a FlowError, never another error", () => {
    const lines = good.split("\n");
    const mutated = fc
      .array(
        fc.record({
          line: fc.nat(lines.length - 1),
          change: fc.oneof(
            fc.constantFrom(
              "",
              "  - x",
              "    say: 5",
              "states:",
              "? [a]: b",
              "&a *a",
              "<<: *b",
              "    __proto__: {a: 1}",
              "\t",
              "on: {constructor: x}",
              "variables: 7",
              "null: null",
            ),
            fc.string({ maxLength: 30 }),
          ),
        }),
        { minLength: 1, maxLength: 5 },
      )
      .map((changes) => {
        const copy = [...lines];
        for (const { line, change } of changes) copy[line] = change;
        return copy.join("\n");
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ maxLength: 200 })), (text) => {
        try {
          compileFlow(text, { fileName: "fuzz.yaml" }).start({ name: "Anna" });
        } catch (error) {
          if (error instanceof FlowError) {
            expect(error.mistakes.length).toBeGreaterThan(0);
            for (const { line, column } of error.mistakes)
              expect(Math.min(line, column)).toBeGreaterThan(0);
          } else {
            expect((error as { code?: string }).code).toBe("FLOW_VARIABLES");
          }
        }
      }),
      { numRuns: 600 },
    );
  });
});

function mistakesOf(text: string): readonly Mistake[] {
  return errorOf(text).mistakes;
}

function errorOf(text: string): FlowError {
  try {
    compileFlow(text, { fileName: "test.yaml" });
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("the flow compiled");
}
