import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DialogSnapshot } from "./dialog-types.js";
import { compileFlow } from "./flow-compiler.js";
import { SnapshotError } from "./flow-errors.js";

const source = `
id: little
language: en-US
voice: slt
start: hello
variables: { name: Anna, code: "12" }
states:
  hello:
    say: Hello {{name}}. Your code?
    expect: { digits: { min: 2, max: 2, store: code } }
    on: { digits: pass, otherwise: bye }
  pass: { say: Thanks., then: bye }
  bye: { say: Bye., end: done }
`;
const flow = compileFlow(source, { fileName: "little.yaml" });
const { snapshot } = flow.start({ name: "Bob" });

describe("a snapshot that cannot go on here", () => {
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "SNAPSHOT_CORRUPT"],
    ["a text", "hello", "SNAPSHOT_CORRUPT"],
    ["an empty map", {}, "SNAPSHOT_CORRUPT"],
    ["no flow", { ...snapshot, flow: undefined }, "SNAPSHOT_CORRUPT"],
    ["a newer form", { ...snapshot, form: 3, somethingNew: true }, "SNAPSHOT_NEWER"],
    ["an unknown older form", { ...snapshot, form: 0 }, "SNAPSHOT_CORRUPT"],
    ["another flow", { ...snapshot, flow: "other" }, "SNAPSHOT_FOREIGN"],
    ["another version", { ...snapshot, version: "0123456789abcdef" }, "SNAPSHOT_FOREIGN"],
    ["a state that is not there", { ...snapshot, state: "gone" }, "SNAPSHOT_CORRUPT"],
    ["a state of JavaScript's", { ...snapshot, state: "constructor" }, "SNAPSHOT_CORRUPT"],
    ["a state where nothing rests", { ...snapshot, state: "pass" }, "SNAPSHOT_CORRUPT"],
    ["an end without outcome", { ...snapshot, state: "bye" }, "SNAPSHOT_CORRUPT"],
    ["an outcome without end", { ...snapshot, outcome: "done" }, "SNAPSHOT_CORRUPT"],
    ["a strange variable", { ...snapshot, variables: { x: "y" } }, "SNAPSHOT_CORRUPT"],
    ["a variable that is no text", { ...snapshot, variables: { name: 5 } }, "SNAPSHOT_CORRUPT"],
    ["a negative count", { ...snapshot, turns: -1 }, "SNAPSHOT_CORRUPT"],
    ["half a turn", { ...snapshot, silences: 0.5 }, "SNAPSHOT_CORRUPT"],
    ["keys that are none", { ...snapshot, keys: "1a" }, "SNAPSHOT_CORRUPT"],
    ["a field too many", { ...snapshot, extra: 1 }, "SNAPSHOT_CORRUPT"],
    ["a missing field", { ...snapshot, noMatches: undefined }, "SNAPSHOT_CORRUPT"],
  ])("%s", (_what, data, code) => {
    const error = errorOf(() => flow.resume(data));
    expect(error).toBeInstanceOf(SnapshotError);
    expect(error.code).toBe(code);
    const stepped = errorOf(() => flow.step(data as DialogSnapshot, { kind: "silence" }));
    expect(stepped.code).toBe(code);
  });

  test("a changed flow refuses the snapshots of the old one", () => {
    const changed = compileFlow(source.replace("Bye.", "Farewell."), { fileName: "x" });
    expect(errorOf(() => changed.resume(snapshot)).code).toBe("SNAPSHOT_FOREIGN");
  });

  test("any damage gives a typed error or a legal dialog", () => {
    const damage = fc.record({
      key: fc.constantFrom(...Object.keys(snapshot), "outcome"),
      value: fc.oneof(fc.jsonValue(), fc.constantFrom("hello", "bye", "$hangup", "done", 7, "12")),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const data = Object.fromEntries([
          ...Object.entries(snapshot),
          ...damages.map(({ key, value }) => [key, value] as const),
        ]);
        try {
          const step = flow.step(data as DialogSnapshot, { kind: "silence" });
          expect(["hello", "bye", "$hangup", "$maxTurns"]).toContain(step.state);
        } catch (error) {
          expect(error).toBeInstanceOf(SnapshotError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("the error never shows what the caller said", () => {
    const data = { ...snapshot, variables: { name: "Secret Name" }, keys: "oops" };
    const { message, detail } = errorOf(() => flow.resume(data));
    expect(message + JSON.stringify(detail)).not.toMatch(/Secret|oops/);
  });
});

describe("taking a dialog up again", () => {
  test("listens where it was, between two keys as long as between keys", () => {
    const entered = flow.step(snapshot, { kind: "keypad", digit: "4" }).snapshot;
    const step = flow.resume(JSON.parse(JSON.stringify(entered)));
    expect(step.state).toBe("hello");
    expect(step.effects).toMatchObject([{ kind: "listen", silenceMs: 3000 }]);
    const next = flow.step(step.snapshot, { kind: "keypad", digit: "2" });
    expect(next.snapshot).toMatchObject({ outcome: "done", variables: { code: "42" } });
  });

  test("says its texts again when asked to", () => {
    expect(flow.resume(snapshot, { isRepeated: true }).effects).toMatchObject([
      { kind: "say", text: "Hello Bob. Your code?", isFixed: false },
      { kind: "listen", silenceMs: 6000 },
    ]);
  });

  test("ends again what had ended", () => {
    const over = flow.step(snapshot, { kind: "hangup" }).snapshot;
    expect(flow.resume(over).effects).toEqual([{ kind: "end", outcome: "hangup" }]);
  });
});

function errorOf(run: () => unknown): SnapshotError {
  try {
    run();
  } catch (error) {
    return error as SnapshotError;
  }
  throw new Error("nothing was thrown");
}
