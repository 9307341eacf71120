/**
 * G.711, both laws, by table. A sample that lies on a decision value belongs to the interval above
 * it, on both sides of zero, as in the ITU's own software (G.191). Therefore the lowest bits never
 * matter, and the encoding tables have 2^14 (mu-law) and 2^12 (A-law) entries instead of 2^16.
 *
 * @see ITU-T G.711 (11/88), Tables 1a to 2b; ITU-T G.191, module G711
 */
import { requireOutput } from "./audio-error.js";

/** The byte of a silent mu-law sample: positive zero. */
export const MULAW_SILENCE = 0xff;

/** The byte of the A-law sample closest to silence: the law has no zero, this decodes to 8. */
export const ALAW_SILENCE = 0xd5;

/** Mu-law works on 14 bits, so the two lowest of 16 are dropped. */
const MULAW_SHIFT = 2;
/** A-law works on 13 bits, and its smallest interval is two of them wide. */
const ALAW_SHIFT = 4;
/** Added to a mu-law magnitude (14-bit units), it makes every segment start at a power of two. */
const MULAW_BIAS = 33;
/** The largest biased mu-law magnitude; what is above is clipped to the last interval. */
const MULAW_BIASED_MAX = 0x1fff;
/** A-law inverts the even bits of the word on the line; with the sign bit, which is 1 for plus. */
const ALAW_LINE_BITS = 0x55;

const mulawToSample = Int16Array.from({ length: 256 }, (_, code) => mulawSample(code));
const alawToSample = Int16Array.from({ length: 256 }, (_, code) => alawSample(code));
const sampleToMulaw = encodingTable(MULAW_SHIFT, mulawCode);
const sampleToAlaw = encodingTable(ALAW_SHIFT, alawCode);
const MULAW_INDEX_MASK = sampleToMulaw.length - 1;
const ALAW_INDEX_MASK = sampleToAlaw.length - 1;

/**
 * Mu-law bytes → 16-bit samples, one each; writes `output[0 .. input.length)`.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` is shorter than `input`.
 */
export function decodeMulaw(input: Uint8Array, output: Int16Array): void {
  requireOutput("decodeMulaw", output.length, input.length);
  for (let i = 0; i < input.length; i += 1) output[i] = mulawToSample[input[i]!]!;
}

/**
 * 16-bit samples → mu-law bytes, one each; writes `output[0 .. input.length)`.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` is shorter than `input`.
 */
export function encodeMulaw(input: Int16Array, output: Uint8Array): void {
  requireOutput("encodeMulaw", output.length, input.length);
  for (let i = 0; i < input.length; i += 1) {
    output[i] = sampleToMulaw[(input[i]! >> MULAW_SHIFT) & MULAW_INDEX_MASK]!;
  }
}

/**
 * A-law bytes → 16-bit samples, one each; writes `output[0 .. input.length)`.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` is shorter than `input`.
 */
export function decodeAlaw(input: Uint8Array, output: Int16Array): void {
  requireOutput("decodeAlaw", output.length, input.length);
  for (let i = 0; i < input.length; i += 1) output[i] = alawToSample[input[i]!]!;
}

/**
 * 16-bit samples → A-law bytes, one each; writes `output[0 .. input.length)`.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` is shorter than `input`.
 */
export function encodeAlaw(input: Int16Array, output: Uint8Array): void {
  requireOutput("encodeAlaw", output.length, input.length);
  for (let i = 0; i < input.length; i += 1) {
    output[i] = sampleToAlaw[(input[i]! >> ALAW_SHIFT) & ALAW_INDEX_MASK]!;
  }
}

/** Table 2b: all bits of the word are inverted on the line, except the sign. */
function mulawSample(code: number): number {
  const word = ~code & 0x7f;
  const segment = word >> 4;
  const interval = word & 0xf;
  const magnitude = (((interval << 1) + MULAW_BIAS) << segment) - MULAW_BIAS;
  return (code & 0x80 ? magnitude : -magnitude) << MULAW_SHIFT;
}

/** Table 1b: segments 0 and 1 have the same step, each further one doubles it. */
function alawSample(code: number): number {
  const word = code ^ ALAW_LINE_BITS;
  const segment = (word & 0x70) >> 4;
  const middle = ((word & 0xf) << 1) + 1; // in 13-bit units
  const magnitude = segment === 0 ? middle : (middle + 32) << (segment - 1);
  return (word & 0x80 ? magnitude : -magnitude) << 3;
}

/** `level` is the sample without its lowest bits; `~level` mirrors it without moving the edges. */
function mulawCode(level: number): number {
  const biased = Math.min((level < 0 ? ~level : level) + MULAW_BIAS, MULAW_BIASED_MAX);
  const segment = 26 - Math.clz32(biased); // 33..63 is segment 0
  const word = (segment << 4) | ((biased >> (segment + 1)) & 0xf);
  return (~word & 0x7f) | (level < 0 ? 0 : 0x80);
}

function alawCode(level: number): number {
  const magnitude = level < 0 ? ~level : level;
  const segment = Math.max(0, 28 - Math.clz32(magnitude)); // 16..31 is segment 1
  const interval = segment === 0 ? magnitude : (magnitude >> (segment - 1)) & 0xf;
  return ((segment << 4) | interval | (level < 0 ? 0 : 0x80)) ^ ALAW_LINE_BITS;
}

/** One entry per value of the remaining bits; the negative ones are the upper half. */
function encodingTable(shift: number, codeOf: (level: number) => number): Uint8Array {
  const size = 0x10000 >> shift;
  return Uint8Array.from({ length: size }, (_, index) =>
    codeOf(index < size / 2 ? index : index - size),
  );
}
