/**
 * Streams of frames from a seed, mostly right, then broken: what a hostile or a clumsy client could
 * send. The same numbers give the same stream, so a finding is replayed by its seed.
 */
import { rawFrame } from "../raw-client.js";
import { OPCODE } from "./frame-rules.js";

/** Chance, as the simulation has it. */
export type FuzzRng = {
  int(min: number, max: number): number;
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
};

export type FuzzStream = {
  readonly messageBytesMax: number;
  readonly bytes: Buffer;
  /** Two ways in which the network could cut it into reads. */
  readonly cuts: readonly [readonly Buffer[], readonly Buffer[]];
};

/** What decoders stumble over: nothing, several bytes a character, the replacement character. */
const words = ["", "a", "héllo", "你好", "👋🏽", "\ufffd", "\u0000", "x".repeat(120)];
const closeCodes = [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999];
const wrongCodes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];
/** A frame that is broken for sure, behind a stream that may end in the middle of a head. */
const TAIL = Buffer.alloc(16);

/** One stream. */
export function fuzzStream(rng: FuzzRng): FuzzStream {
  const isLarge = rng.chance(0.1);
  const messageBytesMax = isLarge ? 66_000 : 2000;
  const frames: Buffer[] = [];
  const count = rng.int(1, isLarge ? 4 : 12);
  for (let index = 0; index < count; index++) frames.push(...fuzzFrames(rng, messageBytesMax));
  const broken = rng.chance(0.6) ? spoil(rng, frames) : Buffer.concat(frames);
  const bytes = Buffer.concat([broken, TAIL]);
  return { messageBytesMax, bytes, cuts: [cut(rng, bytes), cut(rng, bytes)] };
}

/** The frames of one message or of one control frame. */
function fuzzFrames(rng: FuzzRng, messageBytesMax: number): Buffer[] {
  const kind = rng.int(0, 9);
  if (kind < 3) return [rawFrame({ opcode: OPCODE.text, payload: fuzzText(rng) })];
  if (kind < 6) {
    const payload = fuzzBytes(rng, fuzzLength(rng, messageBytesMax));
    return [rawFrame({ opcode: OPCODE.binary, payload })];
  }
  if (kind < 8) return fragments(rng, messageBytesMax);
  const isPing = rng.chance(0.5);
  if (kind === 8 || rng.chance(0.5)) {
    const payload = fuzzBytes(rng, rng.pick([0, 1, 4, 125, 126]));
    return [rawFrame({ opcode: isPing ? OPCODE.ping : OPCODE.pong, payload })];
  }
  return [rawFrame({ opcode: OPCODE.close, payload: fuzzClose(rng) })];
}

/** A message in parts, cut anywhere, also within a character, with control frames between. */
function fragments(rng: FuzzRng, messageBytesMax: number): Buffer[] {
  const isText = rng.chance(0.5);
  const whole = isText
    ? Buffer.from(fuzzText(rng))
    : fuzzBytes(rng, fuzzLength(rng, messageBytesMax));
  const frames: Buffer[] = [];
  const parts = rng.int(2, 5);
  let from = 0;
  for (let part = 1; part <= parts; part++) {
    const to = part === parts ? whole.length : rng.int(from, whole.length);
    const first = isText ? OPCODE.text : OPCODE.binary;
    const opcode = part === 1 ? first : OPCODE.continuation;
    const payload = whole.subarray(from, to);
    frames.push(rawFrame({ opcode, payload, isFinal: part === parts }));
    if (part < parts && rng.chance(0.3)) {
      frames.push(rawFrame({ opcode: OPCODE.ping, payload: fuzzBytes(rng, 3) }));
    }
    from = to;
  }
  return frames;
}

function fuzzText(rng: FuzzRng): string {
  return Array.from({ length: rng.int(0, 6) }, () => rng.pick(words)).join("");
}

function fuzzBytes(rng: FuzzRng, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = rng.int(0, 255);
  return bytes;
}

function fuzzLength(rng: FuzzRng, messageBytesMax: number): number {
  const edges = [0, 1, 125, 126, 127, 320, 1999, 2000, 2001, 65_535, 65_536, 66_000, 66_001];
  const fitting = edges.filter((length) => length <= messageBytesMax + 1);
  return rng.chance(0.5) ? rng.pick(fitting) : rng.int(0, 700);
}

function fuzzClose(rng: FuzzRng): Buffer {
  if (rng.chance(0.2)) return fuzzBytes(rng, rng.int(0, 1));
  const code = rng.pick(rng.chance(0.6) ? closeCodes : wrongCodes);
  const reason = rng.chance(0.2) ? fuzzBytes(rng, 5) : Buffer.from(fuzzText(rng).slice(0, 30));
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), reason]);
}

/** Breaks one to three things. */
function spoil(rng: FuzzRng, frames: readonly Buffer[]): Buffer {
  let bytes = Buffer.concat(spoilFrame(rng, frames));
  for (let times = rng.int(0, 2); times > 0; times--) {
    const at = rng.int(0, bytes.length);
    const to = Math.min(bytes.length, at + rng.int(1, 20));
    const [before, some, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, to),
      bytes.subarray(to),
    ];
    const ways = [
      () => before,
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, some, some, after]),
      () => Buffer.concat([before, fuzzBytes(rng, rng.int(1, 20)), some, after]),
      () => Buffer.concat([before, Buffer.from(some.map((byte) => byte ^ 0x80)), after]),
    ];
    bytes = rng.pick(ways)();
  }
  return bytes;
}

/** Turns bits in one frame's first bytes: compressed, unmasked, reserved, another length. */
function spoilFrame(rng: FuzzRng, frames: readonly Buffer[]): Buffer[] {
  const victim = rng.int(0, frames.length - 1);
  return frames.map((frame, index) => {
    if (index !== victim || frame.length === 0 || rng.chance(0.2)) return frame;
    const spoilt = Buffer.from(frame);
    const at = rng.pick([0, 0, 1, 1, rng.int(0, Math.min(13, frame.length - 1))]);
    spoilt[at]! ^= 1 << rng.int(0, 7);
    return spoilt;
  });
}

/** Cuts a stream into reads: as a whole, byte by byte, or anywhere. */
function cut(rng: FuzzRng, bytes: Buffer): Buffer[] {
  const way = rng.int(0, 3);
  if (way === 0) return [Buffer.from(bytes)];
  const everyByte = way === 1 && bytes.length < 3000;
  const chunks: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const longest = way === 2 ? 40 : 3000;
    const to = Math.min(bytes.length, from + (everyByte ? 1 : rng.int(1, longest)));
    // Memory of its own: a parser unmasks in place.
    chunks.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return chunks;
}
