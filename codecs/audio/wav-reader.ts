/**
 * The reader of WAV files: 16-bit PCM, A-law, mu-law, plain or as WAVE_FORMAT_EXTENSIBLE; unknown
 * chunks are skipped. A size that lies is an error which names the byte; only a stream of unknown
 * length (both sizes 0xFFFFFFFF, as `encodeWavHeader` writes them, or 0) runs to the file's end.
 */
import { decodeAlaw, decodeMulaw } from "./g711.js";
import { decodeL16 } from "./l16.js";
import { wavBroken, wavTruncated, wavUnsupported } from "./wav-error.js";
import {
  CHANNELS_MAX,
  FORMAT_PCM,
  RATE_HZ_MAX,
  UNKNOWN_SIZE,
  type WavAudio,
} from "./wav-format.js";

const FORMAT_ALAW = 6;
const FORMAT_MULAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;
/** Bytes 2 to 15 of the GUID that carries a plain format number in an extensible `fmt ` chunk. */
const SUBFORMAT_TAIL = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";

/**
 * Reads a file; what follows the first `data` chunk is not looked at. A stream of unknown length
 * that ends within a frame loses that frame's beginning.
 *
 * @returns new samples; `bytes` is free afterwards.
 * @throws {WavError} `WAV_TRUNCATED`, `WAV_BROKEN` or `WAV_UNSUPPORTED`, with `detail.offset`.
 */
export function decodeWav(bytes: Uint8Array): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const riff = readRiff(bytes, view);
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= riff.end;) {
    const tag = readTag(bytes, at);
    const chunk = readChunk(view, at, tag, riff);
    if (tag === "data") {
      if (format === undefined) throw wavBroken(at, "the data come before their format (`fmt `)");
      return readData(bytes, format, chunk);
    }
    if (tag === "fmt ") {
      if (format !== undefined) throw wavBroken(at, "a second `fmt ` chunk, one is right");
      format = wavFormatOf(bytes, view, chunk);
    }
    at = chunk.end + (chunk.end % 2); // Chunks start at even places (RIFF: a pad byte).
  }
  throw wavBroken(riff.end, `no data chunk up to here${format ? "" : ", and no `fmt ` either"}`);
}

/** Where the chunks end. Streamed: the writer did not know. */
type Riff = { readonly end: number; readonly isStreamed: boolean };
/** The content of a chunk, `[start, end)`. */
type Chunk = { readonly start: number; readonly end: number; readonly isOpenEnded: boolean };
/** What a `fmt ` chunk says. */
export type WavFormat = {
  readonly tag: number;
  readonly channels: number;
  readonly rateHz: number;
  readonly frameBytes: number;
};

function readRiff(bytes: Uint8Array, view: DataView): Riff {
  if (bytes.length < 12) throw wavTruncated("the RIFF header", 0, 12, bytes.length);
  if (readTag(bytes, 0) !== "RIFF") {
    throw wavBroken(0, `the file starts with ${shown(readTag(bytes, 0))}, "RIFF" is right`);
  }
  if (readTag(bytes, 8) !== "WAVE") {
    throw wavBroken(8, `the form is ${shown(readTag(bytes, 8))}, "WAVE" is right`);
  }
  const size = view.getUint32(4, true);
  if (size === UNKNOWN_SIZE || size === 0) return { end: bytes.length, isStreamed: true };
  if (8 + size > bytes.length) throw wavTruncated("RIFF", 4, size, bytes.length - 8);
  return { end: 8 + size, isStreamed: false };
}

function readChunk(view: DataView, at: number, tag: string, riff: Riff): Chunk {
  const size = view.getUint32(at + 4, true);
  const start = at + 8;
  if (tag === "data" && riff.isStreamed && (size === UNKNOWN_SIZE || size === 0)) {
    return { start, end: riff.end, isOpenEnded: true };
  }
  if (start + size > riff.end) {
    throw wavTruncated(`chunk ${shown(tag)}`, at + 4, size, riff.end - start);
  }
  return { start, end: start + size, isOpenEnded: false };
}

/**
 * Reads the content of a `fmt ` chunk.
 *
 * @throws {WavError} `WAV_BROKEN` or `WAV_UNSUPPORTED`
 */
export function wavFormatOf(
  bytes: Uint8Array,
  view: DataView,
  chunk: Pick<Chunk, "start" | "end">,
): WavFormat {
  const at = chunk.start;
  if (chunk.end - at < 16) {
    throw wavBroken(at - 4, `\`fmt \` has ${chunk.end - at} bytes, at least 16 are right`);
  }
  const tag = readFormatTag(bytes, view, chunk);
  const channels = view.getUint16(at + 2, true);
  if (channels < 1 || channels > CHANNELS_MAX) {
    throw wavBroken(at + 2, `${channels} channels, 1 to ${CHANNELS_MAX} are right`);
  }
  const rateHz = view.getUint32(at + 4, true);
  if (rateHz < 1 || rateHz > RATE_HZ_MAX) {
    throw wavBroken(at + 4, `${rateHz} samples per second, 1 to ${RATE_HZ_MAX} are right`);
  }
  const bits = view.getUint16(at + 14, true);
  const bitsRight = sampleBytes(tag) * 8;
  if (bits !== bitsRight) {
    throw wavUnsupported(at + 14, `${bits} bits a sample, ${bitsRight} are read in format ${tag}`);
  }
  const frameBytes = view.getUint16(at + 12, true);
  if (frameBytes !== channels * sampleBytes(tag)) {
    throw wavBroken(
      at + 12,
      `frames of ${frameBytes} bytes, ${channels * sampleBytes(tag)} are right for ${channels} channels`,
    );
  }
  return { tag, channels, rateHz, frameBytes };
}

function readFormatTag(
  bytes: Uint8Array,
  view: DataView,
  chunk: Pick<Chunk, "start" | "end">,
): number {
  let at = chunk.start;
  let tag = view.getUint16(at, true);
  if (tag === FORMAT_EXTENSIBLE) {
    if (chunk.end - at < 40) {
      throw wavBroken(at - 4, `an extensible \`fmt \` has ${chunk.end - at} bytes, 40 are right`);
    }
    at += 24;
    const tail = String.fromCharCode(...bytes.subarray(at + 2, at + 16));
    if (tail !== SUBFORMAT_TAIL) throw wavUnsupported(at, "a subformat that is no format number");
    tag = view.getUint16(at, true);
  }
  if (tag === FORMAT_PCM || tag === FORMAT_ALAW || tag === FORMAT_MULAW) return tag;
  throw wavUnsupported(at, `format ${tag}; PCM (1), A-law (6) and mu-law (7) are read`);
}

function readData(bytes: Uint8Array, format: WavFormat, chunk: Chunk): WavAudio {
  const { channels, rateHz, frameBytes } = format;
  const size = chunk.end - chunk.start;
  if (size % frameBytes !== 0 && !chunk.isOpenEnded) {
    throw wavBroken(chunk.start - 4, `${size} bytes of data are no whole frames of ${frameBytes}`);
  }
  const frames = Math.floor(size / frameBytes);
  const data = bytes.subarray(chunk.start, chunk.start + frames * frameBytes);
  return { channels, rateHz, samples: wavSamples(format, data) };
}

/** Whole frames of a data chunk as new samples, interleaved. */
export function wavSamples({ tag }: WavFormat, data: Uint8Array): Int16Array {
  const samples = new Int16Array(data.length / sampleBytes(tag));
  if (tag === FORMAT_PCM) decodeL16(data, samples);
  else if (tag === FORMAT_ALAW) decodeAlaw(data, samples);
  else decodeMulaw(data, samples);
  return samples;
}

function sampleBytes(formatTag: number): number {
  return formatTag === FORMAT_PCM ? 2 : 1;
}

function readTag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Four bytes of a file in a message: never raw control characters. */
function shown(tag: string): string {
  return JSON.stringify(tag);
}
