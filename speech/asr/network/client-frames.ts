/**
 * Messages of a client, laid down as they go out: head, mask and payload in one piece of memory
 * that all connections of a thread share. Audio goes out ten times a second for everybody who
 * speaks; by way of a string, its bytes and a masked copy of them, it would be made four times.
 *
 *   │ free │ head │ key │ `{"format":…,"data":"` │ base64, word by word │ `"}` │
 *                                                 └ at a multiple of four
 *
 * @see RFC 6455 sections 5.2 and 5.3; RFC 4648 section 4
 */
import { randomFillSync } from "node:crypto";

/** Holds two seconds of audio at 16 kHz; what is longer gets memory of its own. */
const slabBytes = 96 * 1024;
/** Before a payload there is room for the longest head: 2 bytes, 8 of length, 4 of the key. */
const headRoom = 16;
const keyBytes = 4;
const final = 0x80;
const masked = 0x80;
const opcodes = { text: 1, binary: 2 } as const;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const codes = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0));
const padding = "=".charCodeAt(0);
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Keys that nobody can foretell, so that no payload is read as something else on its way. */
const keys = new Int32Array(1024);
let keysUsed = keys.length;

function nextKey(): number {
  if (keysUsed === keys.length) {
    randomFillSync(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++]!;
}

export class ClientFrames {
  #bytes = Buffer.allocUnsafeSlow(slabBytes);
  #words = wordsOf(this.#bytes);

  /** A binary message; there until the next one is laid down. */
  binary(payload: Uint8Array): Buffer {
    const [bytes, words] = this.#roomFor(payload.length);
    bytes.set(payload, headRoom);
    const key = nextKey();
    const count = (payload.length + 3) >> 2;
    for (let word = headRoom >> 2; word < (headRoom >> 2) + count; word += 1) words[word]! ^= key;
    return frameOf(bytes, headRoom, payload.length, opcodes.binary, key);
  }

  /**
   * A text message: `before`, the bytes in base64, `after`; both plain ASCII. There until the next
   * one is laid down.
   */
  base64(before: Uint8Array, payload: Uint8Array, after: Uint8Array): Buffer {
    const textBytes = Math.ceil(payload.length / 3) * 4;
    const length = before.length + textBytes + after.length;
    const [bytes, words] = this.#roomFor(length);
    const key = nextKey();
    // So that the base64 lies at a multiple of four; the mask is turned instead.
    const from = headRoom + (-before.length & 3);
    const textAt = from + before.length;
    bytes.set(before, from);
    bytes.set(after, textAt + textBytes);
    layBase64(words, textAt >> 2, payload, turned(key, before.length));
    mask(bytes, from, textAt, key);
    mask(bytes, textAt + textBytes, from + length, turned(key, before.length));
    return frameOf(bytes, from, length, opcodes.text, key);
  }

  /** What was laid down last is still needed: it stays where it is, and memory is taken anew. */
  renew(): void {
    this.#bytes = Buffer.allocUnsafeSlow(slabBytes);
    this.#words = wordsOf(this.#bytes);
  }

  #roomFor(payloadBytes: number): readonly [Buffer, Int32Array] {
    const needed = headRoom + payloadBytes + 8;
    if (needed <= slabBytes) return [this.#bytes, this.#words];
    const bytes = Buffer.allocUnsafeSlow((needed + 3) & ~3);
    return [bytes, wordsOf(bytes)];
  }
}

function wordsOf({ buffer }: Buffer): Int32Array {
  return new Int32Array(buffer);
}

/** The mask's key, as the word that it is in memory, for a byte so many bytes later. */
function turned(key: number, bytes: number): number {
  const bits = (bytes & 3) << 3;
  if (bits === 0) return key;
  return isLittleEndian
    ? (key >>> bits) | (key << (32 - bits))
    : (key << bits) | (key >>> (32 - bits));
}

/** The first byte in memory of such a word. */
function firstByte(word: number): number {
  return isLittleEndian ? word & 0xff : word >>> 24;
}

function mask(bytes: Buffer, from: number, to: number, key: number): void {
  for (let at = from; at < to; at += 1) bytes[at]! ^= firstByte(turned(key, at - from));
}

/** Base64 with its mask on, a word for three bytes. */
function layBase64(words: Int32Array, from: number, bytes: Uint8Array, key: number): void {
  const whole = bytes.length - (bytes.length % 3);
  let word = from;
  for (let at = 0; at < whole; at += 3) {
    const three = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    words[word++] =
      fourOf(
        codes[three >> 18]!,
        codes[(three >> 12) & 63]!,
        codes[(three >> 6) & 63]!,
        codes[three & 63]!,
      ) ^ key;
  }
  if (whole === bytes.length) return;
  const three = (bytes[whole]! << 16) | ((bytes[whole + 1] ?? 0) << 8);
  const third = whole + 1 < bytes.length ? codes[(three >> 6) & 63]! : padding;
  words[word] = fourOf(codes[three >> 18]!, codes[(three >> 12) & 63]!, third, padding) ^ key;
}

/** Four bytes as the word that they are in memory. */
function fourOf(first: number, second: number, third: number, fourth: number): number {
  return isLittleEndian
    ? first | (second << 8) | (third << 16) | (fourth << 24)
    : (first << 24) | (second << 16) | (third << 8) | fourth;
}

/** Lays the head down before a payload that is masked already. */
function frameOf(bytes: Buffer, from: number, length: number, opcode: number, key: number): Buffer {
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = from - keyBytes - lengthBytes - 2;
  bytes[start] = final | opcode;
  bytes[start + 1] = masked | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) bytes.writeUInt16BE(length, start + 2);
  else if (lengthBytes === 8) bytes.writeBigUInt64BE(BigInt(length), start + 2);
  for (let at = 0; at < keyBytes; at += 1) {
    bytes[from - keyBytes + at] = firstByte(turned(key, at));
  }
  return bytes.subarray(start, from + length);
}
