import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { envelopeOverheadBytes, openEnvelope, sealEnvelope } from "./envelope.js";

const key = randomBytes(32);
const value = Buffer.from("what nobody else is to read");

test("a value comes back, and does not show in its envelope", () => {
  const envelope = sealEnvelope(key, "a", value);
  expect(openEnvelope(key, "a", envelope)).toEqual(value);
  expect(envelope.length).toBe(value.length + envelopeOverheadBytes);
  expect(envelope.includes(value.subarray(0, 8))).toBe(false);
  expect(sealEnvelope(key, "a", value)).not.toEqual(envelope);
});

test("nothing comes out for another key, another name, or after any change", () => {
  const envelope = sealEnvelope(key, "a", value);
  expect(openEnvelope(randomBytes(32), "a", envelope)).toBeUndefined();
  expect(openEnvelope(key, "b", envelope)).toBeUndefined();
  for (let at = 0; at < envelope.length; at += 1) {
    const changed = Buffer.from(envelope);
    changed[at]! ^= 1;
    expect(openEnvelope(key, "a", changed)).toBeUndefined();
  }
  for (let length = 0; length < envelope.length; length += 7) {
    expect(openEnvelope(key, "a", envelope.subarray(0, length))).toBeUndefined();
  }
});
