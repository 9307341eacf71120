/**
 * The container of a sealed recording: a file header and a row of frames, one per chunk, written in
 * order and never changed. Pure: bytes in, bytes out. All numbers are little-endian.
 *
 * File header, 24 bytes:
 *
 *      0      4          5         6        8        12             20      24
 *      ├ VXR1 ┼ channels ┼ samples ┼ 0 (u16)┼ rateHz ┼ startedEpochMs┼ CRC-32┤
 *                          1 = PCM16,         u32      u64             of [0, 20)
 *                          2 = mu-law, 3 = A-law
 *
 * Frame of chunk i, 28 + n bytes:
 *
 *      0      4       8       9       12      16      20                20+n    24+n    28+n
 *      ├ VXRC ┼ i u32 ┼ flags ┼ 0 0 0 ┼ n u32 ┼ CRC-32┼ sealed chunk, n ┼ 28+n  ┼ i u32 ┤
 *                       1 = last                of [0, 16)                └── footer ──┘
 *
 * The plain chunk is interleaved samples of that kind. It is sealed with the context "voxtree
 * recording 1", a zero byte, the length of the recording id (u16), the id, the file header, i (u32)
 * and the flags: a chunk opens only in its own recording, at its own place, under its own header.
 * The CRC tells an altered length from a torn tail; the footer lets an appender find the end
 * without a walk.
 */
import { crc32 } from "node:zlib";
import type { CodecName } from "../../codecs/audio/audio-codec.js";
import { StorageError } from "../storage-error.js";

export const fileHeaderBytes = 24;
export const frameHeadBytes = 20;
export const frameFootBytes = 8;
/** What the container adds to every sealed chunk. */
export const frameOverheadBytes = frameHeadBytes + frameFootBytes;

/** 16 MiB: over four minutes of stereo at 16 kHz, and a bound on what a reader holds at once. */
export const chunkBytesMax = 16 * 1024 * 1024;

const fileMagic = 0x31525856; // "VXR1"
const frameMagic = 0x43525856; // "VXRC"
/** The byte that says how samples are kept is the place in this list plus one. */
const sampleKinds: readonly CodecName[] = ["l16", "pcmu", "pcma"];
const flagLast = 1;
const label = Buffer.from("voxtree recording 1\0", "latin1");

/** What a recording says about itself before its first chunk. */
export type RecordingHeader = {
  /** Samples per second and channel. */
  readonly rateHz: number;
  /** Interleaved channels, 1 to 8. In a call: 0 the person, 1 our side. */
  readonly channels: number;
  /** Wall time of sample 0. */
  readonly startedEpochMs: number;
  /** How the samples are kept: as they came, so that nothing is decoded before somebody listens. */
  readonly codec?: CodecName;
};

/** The codec of a header that names none. */
export const codecDefault: CodecName = "l16";

/** The head of a frame, once it is known to be of the expected chunk. */
export type FrameHead = { readonly isLast: boolean; readonly sealedBytes: number };

/** @throws {StorageError} `RECORDING_HEADER_INVALID` */
export function encodeRecordingHeader(header: RecordingHeader): Buffer {
  requireField("rateHz", header.rateHz, 1, 768_000);
  requireField("channels", header.channels, 1, 8);
  requireField("startedEpochMs", header.startedEpochMs, 0, Number.MAX_SAFE_INTEGER);
  const bytes = Buffer.alloc(fileHeaderBytes);
  bytes.writeUInt32LE(fileMagic, 0);
  bytes.writeUInt8(header.channels, 4);
  bytes.writeUInt8(sampleKinds.indexOf(header.codec ?? codecDefault) + 1, 5);
  bytes.writeUInt32LE(header.rateHz, 8);
  bytes.writeBigUInt64LE(BigInt(header.startedEpochMs), 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** @throws {StorageError} `SEAL_BROKEN` of chunk 0, which is bound to these bytes */
export function decodeRecordingHeader(bytes: Buffer): RecordingHeader {
  const isWhole = bytes.length === fileHeaderBytes && bytes.readUInt32LE(0) === fileMagic;
  const isSound = isWhole && bytes.readUInt32LE(20) === crc32(bytes.subarray(0, 20));
  const codec = isSound ? sampleKinds[bytes.readUInt8(5) - 1] : undefined;
  if (codec === undefined)
    throw sealBroken(0, "the file header was altered, or this is no recording");
  return {
    channels: bytes.readUInt8(4),
    rateHz: bytes.readUInt32LE(8),
    startedEpochMs: Number(bytes.readBigUInt64LE(12)),
    ...(codec === codecDefault ? {} : { codec }),
  };
}

/** The context that binds chunk `index` to its recording, header and place. */
export function chunkContext(
  recordingId: Uint8Array,
  fileHeader: Uint8Array,
  chunk: { readonly index: number; readonly isLast: boolean },
): Buffer {
  const idLength = Buffer.alloc(2);
  idLength.writeUInt16LE(recordingId.length);
  const place = Buffer.alloc(5);
  place.writeUInt32LE(chunk.index, 0);
  place.writeUInt8(chunk.isLast ? flagLast : 0, 4);
  return Buffer.concat([label, idLength, recordingId, fileHeader, place]);
}

/** A whole frame around a sealed chunk, in the pieces it is written in. */
export function encodeFrame(
  chunk: { readonly index: number; readonly isLast: boolean },
  sealed: Uint8Array,
): [Buffer, Uint8Array, Buffer] {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32LE(frameMagic, 0);
  head.writeUInt32LE(chunk.index, 4);
  head.writeUInt8(chunk.isLast ? flagLast : 0, 8);
  head.writeUInt32LE(sealed.length, 12);
  head.writeUInt32LE(crc32(head.subarray(0, 16)), 16);
  return [head, sealed, encodeFrameFoot(sealed.length, chunk.index)];
}

/** The footer that belongs to a frame: its whole length and its index again. */
export function encodeFrameFoot(sealedBytes: number, index: number): Buffer {
  const foot = Buffer.alloc(frameFootBytes);
  foot.writeUInt32LE(frameOverheadBytes + sealedBytes, 0);
  foot.writeUInt32LE(index, 4);
  return foot;
}

/** Reads a footer: which frame would end here, and how long it would be. */
export function decodeFrameFoot(bytes: Buffer): { frameBytes: number; index: number } {
  return { frameBytes: bytes.readUInt32LE(0), index: bytes.readUInt32LE(4) };
}

/**
 * Reads the head of a frame.
 *
 * @param bytes exactly `frameHeadBytes`
 * @throws {StorageError} `SEAL_BROKEN` when it is altered or not that of chunk `index`
 */
export function decodeFrameHead(bytes: Buffer, index: number): FrameHead {
  if (
    bytes.readUInt32LE(0) !== frameMagic ||
    bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16))
  ) {
    throw sealBroken(index, "its frame head was altered");
  }
  const found = bytes.readUInt32LE(4);
  if (found !== index) {
    throw sealBroken(index, `chunk ${found} stands in its place (cut, swapped or replayed)`);
  }
  return { isLast: bytes.readUInt8(8) === flagLast, sealedBytes: bytes.readUInt32LE(12) };
}

/** The error of a chunk that cannot be trusted. */
export function sealBroken(chunkIndex: number, why: string, cause?: unknown): StorageError {
  return new StorageError(
    "SEAL_BROKEN",
    `chunk ${chunkIndex} of the recording does not open: ${why}`,
    { chunkIndex },
    cause === undefined ? undefined : { cause },
  );
}

function requireField(field: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new StorageError(
    "RECORDING_HEADER_INVALID",
    `recording header: ${field} is ${value}, allowed are whole numbers from ${least} to ${most}`,
    { field, value, least, most },
  );
}
