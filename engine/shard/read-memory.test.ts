import { encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { readCallMemory } from "./read-memory.js";

const memory = {
  answeredAtMs: 1.5,
  startedEpochMs: 1_700_000_000_000,
  lastUtterance: 3,
  snapshot: { form: 1, state: "first" },
  recordingAnchor: { atMs: 2.5, mediaSamples: 160 },
};

test("a memory comes back as it was, with fields that this build does not know", () => {
  expect(readCallMemory("c", encode(memory))).toEqual(memory);
  expect(readCallMemory("c", encode({ ...memory, later: 1 }))).toMatchObject({ later: 1 });
});

test("one that is cut, or of another kind, is an error that names the call and shows nothing", () => {
  const bytes = encode(memory);
  for (let at = 0; at < bytes.length; at += 1) {
    expect(() => readCallMemory("c", bytes.subarray(0, at)), `cut at ${at}`).toThrow(
      /memory of call c is corrupt/,
    );
  }
  for (const value of [null, 7, "secret", [], {}, { ...memory, lastUtterance: "secret" }]) {
    try {
      readCallMemory("c", encode(value));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "CALL_MEMORY_CORRUPT" });
      expect(String(error)).not.toContain("secret");
    }
  }
});
