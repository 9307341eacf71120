/**
 * Appending to a sealed recording: one positional write behind the last whole chunk. A repeated
 * chunk finds itself there already and changes nothing; a torn one is overwritten.
 */
import { fstatSync, fsyncSync, ftruncateSync, writeSync, writevSync } from "node:fs";
import { dirname } from "node:path";
import { encodeL16 } from "../../codecs/audio/l16.js";
import { syncFolder } from "../atomic-file.js";
import { idBytes } from "../ids.js";
import type { IndexedSealer } from "../sealer.js";
import { StorageError } from "../storage-error.js";
import { findRecordingEnd, readAt, type RecordingEnd } from "./recording-scan.js";
import type { RecordingChunk } from "./recording-types.js";
import {
  chunkBytesMax,
  chunkContext,
  codecDefault,
  decodeRecordingHeader,
  encodeFrame,
  fileHeaderBytes,
  type RecordingHeader,
} from "./sealed-recording.js";

/** @throws {StorageError} `RECORDING_CHUNK_INVALID` */
export function requireChunk(chunk: RecordingChunk): void {
  const { index, samples, header } = chunk;
  const isCoded = (header.codec ?? codecDefault) !== "l16";
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_fffe) {
    throw new StorageError("RECORDING_CHUNK_INVALID", `chunk index is ${index}, 0, 1, 2 … are`, {
      index,
    });
  }
  if (samples.length > 0 && isCoded !== samples instanceof Uint8Array) {
    throw new StorageError(
      "RECORDING_CHUNK_INVALID",
      `chunk ${index} is not ${isCoded ? "bytes" : "16-bit samples"} as its header says`,
      { index, codec: header.codec },
    );
  }
  if (samples.length % header.channels !== 0 || samples.byteLength > chunkBytesMax) {
    throw new StorageError(
      "RECORDING_CHUNK_INVALID",
      `chunk ${index} has ${samples.length} samples: a multiple of ${header.channels} channels ` +
        `and at most ${chunkBytesMax / 2} are allowed`,
      { index, samples: samples.length, channels: header.channels },
    );
  }
}

/**
 * Puts a chunk behind the last whole one, or does nothing when its index is there already.
 *
 * @param file open for reading and writing
 * @param fileHeader the encoded `chunk.header`
 * @returns length of the header and all whole chunks in bytes, afterwards
 * @throws {StorageError} as `RecordingStore.append`
 */
export function appendChunk(
  file: number,
  chunk: RecordingChunk,
  fileHeader: Buffer,
  sealer: IndexedSealer,
): number {
  const { index, isLast } = chunk;
  const fileBytes = fstatSync(file).size;
  const end = findRecordingEnd(file, fileBytes);
  requireSameHeader(file, end, fileHeader);
  if (index < end.chunkCount) return requireSameEnd(chunk, end);
  if (end.isFinished || index > end.chunkCount) throw refusal(chunk, end);
  if (index > 0 && !sealer.has(chunk.userId)) {
    // Sealing would make the user a new key that opens none of the chunks before.
    throw new StorageError("KEY_MISSING", `the user was forgotten before chunk ${index}`, {
      index,
    });
  }
  const context = chunkContext(idBytes("callId", chunk.callId), fileHeader, { index, isLast });
  const sealed = sealer.seal(chunk.userId, plainOf(chunk.samples), context);
  const frame = encodeFrame({ index, isLast }, sealed);
  const pieces = index === 0 ? [fileHeader, ...frame] : frame;
  const offset = index === 0 ? 0 : end.bytes;
  const newEnd = offset + writeWhole(file, pieces, offset);
  if (newEnd < fileBytes) ftruncateSync(file, newEnd);
  return newEnd;
}

function plainOf(samples: Int16Array | Uint8Array): Uint8Array {
  if (samples instanceof Uint8Array) return samples;
  const plain = Buffer.allocUnsafe(samples.length * 2);
  encodeL16(samples, plain);
  return plain;
}

/** @returns bytes written: all of them */
function writeWhole(file: number, pieces: readonly Uint8Array[], offset: number): number {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let written = writevSync(file, pieces, offset);
  if (written === length) return length;
  // As a disk that is nearly full, or a signal, leaves it.
  const bytes = Buffer.concat(pieces);
  while (written < length) {
    written += writeSync(file, bytes, written, length - written, offset + written);
  }
  return length;
}

function requireSameHeader(file: number, end: RecordingEnd, fileHeader: Buffer): void {
  if (end.chunkCount === 0) return;
  const stored = readAt(file, 0, fileHeaderBytes);
  if (stored.equals(fileHeader)) return;
  const was = decodeRecordingHeader(stored);
  const now = decodeRecordingHeader(fileHeader);
  throw new StorageError(
    "RECORDING_HEADER_DIFFERS",
    `the recording began as ${describe(was)}; a chunk of ${describe(now)} does not belong to it`,
    { was, now },
  );
}

function describe(header: RecordingHeader): string {
  const { channels, codec = codecDefault, rateHz, startedEpochMs } = header;
  return `${channels} × ${codec} at ${rateHz} Hz from ${startedEpochMs}`;
}

function requireSameEnd(chunk: RecordingChunk, end: RecordingEnd): number {
  const isTheLast = end.isFinished && chunk.index === end.chunkCount - 1;
  if (chunk.isLast === isTheLast) return end.bytes;
  throw new StorageError(
    "RECORDING_CHUNK_DIFFERS",
    `chunk ${chunk.index} was written as ${isTheLast ? "the last" : "not the last"} one: ` +
      `finish the recording with an empty last chunk ${end.chunkCount}`,
    { index: chunk.index, chunkCount: end.chunkCount, isFinished: end.isFinished },
  );
}

function refusal(chunk: RecordingChunk, end: RecordingEnd): StorageError {
  const { chunkCount } = end;
  return end.isFinished
    ? new StorageError(
        "RECORDING_FINISHED",
        `chunk ${chunk.index} comes after the last one, ${chunkCount - 1}`,
        { index: chunk.index, chunkCount },
      )
    : new StorageError(
        "RECORDING_GAP",
        `chunk ${chunk.index} leaves a gap: the next one is ${chunkCount}`,
        { index: chunk.index, chunkCount },
      );
}

/** Makes a finished recording and its name durable. */
export function syncWhole(file: number, path: string): void {
  fsyncSync(file);
  syncFolder(dirname(path));
}
