import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/compiled-entry.js";
import { scriptSchema } from "./script-schema.js";
import { parseScript, ScriptError } from "./script-source.js";

const good = `
id: polite
flow: greeting
expectOutcome: done
turns:
  - hear: Hello there.
    then: { say: ["yes", { pause: 300ms }, "please"] }
    again: Hello again.
  - interruptAfter: 1.5s
    delay: 0ms
    then: { press: 12 }
  - then: hangup
keypadOnly:
  - then: { press: "1" }
`;

function mistakesOf(text: string): string[] {
  try {
    parseScript(text, "a.yaml");
  } catch (error) {
    expect(error).toBeInstanceOf(ScriptError);
    const { mistakes, code } = error as ScriptError;
    expect(code).toBe("CALLEE_SCRIPT_INVALID");
    return mistakes.map(
      ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
    );
  }
  return [];
}

describe("a callee script", () => {
  it("becomes plain data with its defaults", () => {
    const script = parseScript(good, "good.yaml");
    expect(script).toMatchObject({
      id: "polite",
      protocol: "native",
      voice: "rms",
      answer: { kind: "answer", afterMs: 500 },
      variables: {},
    });
    expect(script.turns.map(({ action }) => action)).toEqual([
      { kind: "say", parts: [{ text: "yes" }, { pauseMs: 300 }, { text: "please" }] },
      { kind: "press", digits: "12" },
      { kind: "hangup" },
    ]);
    expect(script.turns[0]).toMatchObject({ hear: "Hello there.", again: ["Hello again."] });
    expect(script.turns[1]).toMatchObject({ interruptAfterMs: 1500, delayMs: 0 });
    expect(structuredClone(script)).toEqual(script);
    expect(JSON.parse(JSON.stringify(script))).toEqual(script);
  });

  it("knows the ways not to answer, which need no turns", () => {
    for (const [word, kind] of [
      ["busy", "busy"],
      ["noAnswer", "noAnswer"],
      ["reject", "reject"],
    ]) {
      const text = `{ id: a, flow: f, expectOutcome: x, answer: ${word} }`;
      expect(parseScript(text, "a.yaml").answer).toEqual({ kind });
    }
  });

  it("tells all mistakes at once, each with its line, in the order of the file", () => {
    const text = `id: Not A Name
flow: greeting
protocl: native
voice: bob
answer: { after: 300 }
expectOutcome: done
turns:
  - hear: "..."
    then: { sing: la }
  - then: dance
  - interruptAfter: 300ms
    then: silence
  - then: { say: hi, press: "1" }
`;
    const mistakes = mistakesOf(text);
    const lines = mistakes.map((mistake) => Number(mistake.split(":")[0]));
    expect(lines).toEqual([...lines].sort((one, other) => one - other));
    const all = mistakes.join("\n");
    expect(all).toContain("1:5 id: must be a name");
    expect(all).toContain('3:1 protocl: unknown key "protocl" (did you mean "protocol"?)');
    expect(all).toContain("4:8 voice: must be one of rms, awb, kal, slt");
    expect(all).toContain("5:18 answer.after: must be a duration from 0ms to 120s");
    expect(all).toContain("8:11 turns.0.hear: must be a text");
    expect(all).toContain('unknown key "sing"');
    expect(all).toContain('unknown key "dance"');
    expect(all).toContain("turns.3.then: must be one of { say");
  });

  it("needs a keypad variant when it says something", () => {
    const text = good.slice(0, good.indexOf("keypadOnly"));
    expect(mistakesOf(text).join()).toMatch(/^5:1 turns: keypadOnly is missing/);
  });

  it("needs something to interrupt with", () => {
    const text = good.replace("then: { press: 12 }", "then: silence");
    expect(mistakesOf(text).join()).toMatch(/^9:5 turns\.1\.interruptAfter: must have something/);
  });

  it("needs turns when it answers, and its id, flow and outcome", () => {
    const all = mistakesOf("description: nothing else").join("\n");
    for (const key of ["id", "flow", "expectOutcome", "turns"]) {
      expect(all).toContain(`${key} is missing`);
    }
  });

  it("refuses an action and an answer that say nothing, or two things", () => {
    const text = good.replace("then: hangup", "then: {}").replace("id:", "answer: {}\nid:");
    expect(mistakesOf(text)).toEqual([
      expect.stringMatching(/^2:1 answer: must be one of/),
      expect.stringMatching(/^13:5 turns\.2\.then: must be one of/),
    ]);
    const two = good.replace("then: hangup", 'then: { say: hi, press: "1" }');
    expect(mistakesOf(two)).toEqual([expect.stringMatching(/turns\.2\.then: must be one of/)]);
  });

  it("refuses what is no YAML, or no map, with a place", () => {
    for (const text of ["turns: [", "", "- a\n- b", "just words", "a: 1\na: 2"]) {
      expect(mistakesOf(text)[0]).toMatch(/^\d+:\d+ /);
    }
  });

  it("never fails in another way, whatever the text", () => {
    const line = fc.constantFrom(...good.split("\n"), "  - then: 3", "turns: 4", "id: [", "? : !");
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 15 }), (lines) => {
        try {
          parseScript(lines.join("\n"), "a.yaml");
        } catch (error) {
          expect(error).toBeInstanceOf(ScriptError);
          expect((error as ScriptError).mistakes.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe("docs/callee-scripts.md", () => {
  const text = readFileSync(new URL("docs/callee-scripts.md", packageRoot), "utf8");

  it("shows a script that is right", () => {
    const [, example] = /```yaml\n([\s\S]*?)```/.exec(text)!;
    const script = parseScript(example!, "example.yaml");
    expect(script.turns).toHaveLength(3);
    expect(script.turns[0]!.delayMs).toBe(800);
    expect(script.turns[1]!.interruptAfterMs).toBe(900);
  });

  it("names every key there is", () => {
    const keys = /^\| `(\w+)` \|/gm;
    const named = [...text.matchAll(keys)].map(([, key]) => key);
    const turnKeys = ["hear", "then", "again", "interruptAfter", "delay"];
    expect(named).toEqual([...Object.keys(scriptSchema.shape), ...turnKeys]);
  });
});
