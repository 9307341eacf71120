/**
 * Messages that are a little wrong, from right ones: what a broken or hostile peer could send. All
 * chance comes from the seed, so a finding is replayed by it.
 */
import type { Rng } from "../../../base/ports.js";

export type Message = Uint8Array | string;

/** A small generator (xorshift32): the same seed gives the same run on every machine. */
export function seededRng(seed: number): Rng {
  let state = seed | 0 || 0x9e3779b9;
  return {
    next() {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 0x1_0000_0000;
    },
  };
}

/** A whole number from 0 to below `end`. */
export function below(rng: Rng, end: number): number {
  return Math.floor(rng.next() * end);
}

export function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[below(rng, list.length)]!;
}

/** Texts that parsers stumble over. */
const strange = [
  "",
  "\u0000",
  "\ufffd",
  "\ud800",
  "你好",
  "👋🏽",
  "null",
  "-1",
  "1e308",
  "9007199254740993",
  "true",
  "[]",
  "{}",
  '"',
  "\\",
  "\\u0000",
  "__proto__",
  "constructor",
  "[".repeat(400),
  "A".repeat(2000),
] as const;

/** Bytes that lengths and numbers stumble over. */
const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff] as const;

/** The message with one to three changes. */
export function mutated(rng: Rng, message: Message, others: readonly Message[]): Message {
  let changed = message;
  for (let left = 1 + below(rng, 3); left > 0; left -= 1) {
    changed =
      typeof changed === "string"
        ? changedText(rng, changed, pick(rng, others))
        : changedBytes(rng, changed, pick(rng, others));
  }
  return changed;
}

function changedText(rng: Rng, text: string, other: Message): Message {
  const at = below(rng, text.length + 1);
  const end = Math.min(text.length, at + 1 + below(rng, 12));
  switch (below(rng, 9)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, at) + String.fromCharCode(below(rng, 0x250)) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + pick(rng, strange) + text.slice(at);
    case 4:
      return text.slice(0, end) + text.slice(at);
    case 5:
      return replacedValue(rng, text);
    case 6:
      return typeof other === "string" ? text.slice(0, at) + other.slice(below(rng, 40)) : other;
    case 7:
      return replacedKey(rng, text);
    default:
      return new TextEncoder().encode(text);
  }
}

/** Another value where one stands, so that the message is still of its form. */
function replacedValue(rng: Rng, text: string): string {
  const values = [...text.matchAll(/:("(?:[^"\\]|\\.)*"|-?\d+|true|false|null)/g)];
  if (values.length === 0) return text;
  const { index, 0: whole } = pick(rng, values);
  const word = pick(rng, strange);
  const value = pick(rng, [
    JSON.stringify(word),
    "0",
    "-1",
    "1e999",
    "null",
    "[]",
    "{}",
    "4294967296",
  ]);
  return `${text.slice(0, index)}:${value}${text.slice(index + whole.length)}`;
}

function replacedKey(rng: Rng, text: string): string {
  const keys = [...text.matchAll(/"(\w+)":/g)];
  if (keys.length === 0) return text;
  const { index, 0: whole } = pick(rng, keys);
  const rest = text.slice(index + whole.length);
  return `${text.slice(0, index)}"${pick(rng, ["__proto__", "event", "type", "x"])}":${rest}`;
}

function changedBytes(rng: Rng, bytes: Uint8Array, other: Message): Message {
  const at = below(rng, Math.min(bytes.length, rng.next() < 0.7 ? 48 : Infinity) + 1);
  const copy = bytes.slice();
  switch (below(rng, 8)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      if (at < copy.length) copy[at] = pick(rng, edges);
      return copy;
    case 2:
      if (at < copy.length) copy[at]! ^= 1 << below(rng, 8);
      return copy;
    case 3:
      return joined(
        bytes.slice(0, at),
        bytes.slice(Math.min(bytes.length, at + 1 + below(rng, 8))),
      );
    case 4:
      return joined(bytes, typeof other === "string" ? new TextEncoder().encode(other) : other);
    case 5:
      return joined(
        bytes.slice(0, at),
        Uint8Array.from({ length: below(rng, 64) }, () => below(rng, 256)),
      );
    case 6:
      return joined(bytes, new Uint8Array(below(rng, 4096)));
    default:
      return new TextDecoder().decode(bytes.subarray(0, 200));
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
