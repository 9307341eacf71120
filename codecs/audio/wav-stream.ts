/**
 * A WAV file that comes in pieces, from somebody who may not have known its length: chunks before
 * the data are skipped, samples come out as soon as their bytes are there. Sizes that are unknown
 * (0 or 0xFFFFFFFF) or too large mean "to the end".
 */
import { wavBroken } from "./wav-error.js";
import { wavFormatOf, wavSamples, type WavFormat } from "./wav-reader.js";
import { UNKNOWN_SIZE, type WavAudio } from "./wav-format.js";

/** Nobody has as much to say before the sound begins. */
const HEADER_BYTES_MAX = 64 * 1024;
const RIFF_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;

export type WavStream = {
  /**
   * Takes the next bytes.
   *
   * @returns whole frames, interleaved, as new samples; undefined while there are none
   * @throws {WavError} `WAV_BROKEN`, `WAV_UNSUPPORTED`
   */
  push(bytes: Uint8Array): WavAudio | undefined;
};

/** The start of a stream. */
export function createWavStream(): WavStream {
  let pending = new Uint8Array();
  let format: WavFormat | undefined;
  /** Bytes of the data chunk that have not come; undefined before it. */
  let leftBytes: number | undefined;
  return {
    push(bytes) {
      pending = joined(pending, bytes);
      if (leftBytes === undefined) {
        const head = readHead(pending);
        if (head === undefined) return undefined;
        format = head.format;
        leftBytes = head.dataBytes;
        pending = pending.subarray(head.headBytes);
      }
      const { frameBytes, channels, rateHz } = format!;
      const usable = Math.min(pending.length, leftBytes);
      const take = usable - (usable % frameBytes);
      if (take === 0) return undefined;
      const samples = wavSamples(format!, pending.subarray(0, take));
      leftBytes -= take;
      pending = pending.slice(take);
      return { channels, rateHz, samples };
    },
  };
}

type Head = { readonly format: WavFormat; readonly headBytes: number; readonly dataBytes: number };

/** Undefined while it is not whole. */
function readHead(bytes: Uint8Array): Head | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= RIFF_BYTES && (tagAt(bytes, 0) !== "RIFF" || tagAt(bytes, 8) !== "WAVE")) {
    throw wavBroken(0, "no RIFF/WAVE header");
  }
  let format: WavFormat | undefined;
  let at = RIFF_BYTES;
  while (at + CHUNK_HEAD_BYTES <= bytes.length) {
    const tag = tagAt(bytes, at);
    const size = view.getUint32(at + 4, true);
    const start = at + CHUNK_HEAD_BYTES;
    if (tag === "data") {
      if (format === undefined) throw wavBroken(at, "the data come before their format (`fmt `)");
      const isUnknown = size === 0 || size === UNKNOWN_SIZE;
      return { format, headBytes: start, dataBytes: isUnknown ? Infinity : size };
    }
    const end = start + size + (size % 2);
    if (end > HEADER_BYTES_MAX) throw wavBroken(at, "over 64 KiB before the data");
    if (end > bytes.length) return undefined;
    if (tag === "fmt ") format = wavFormatOf(bytes, view, { start, end: start + size });
    at = end;
  }
  return undefined;
}

function joined(before: Uint8Array, next: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(before.length + next.length);
  all.set(before);
  all.set(next, before.length);
  return all;
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
