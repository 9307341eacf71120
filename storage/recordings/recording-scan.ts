/**
 * Finds the frames of a recording file without opening their seals: where each chunk lies, where
 * the next one goes, and whether the tail is torn (a writer died inside its last write).
 */
import { readSync } from "node:fs";
import { StorageError } from "../storage-error.js";
import {
  decodeFrameFoot,
  decodeFrameHead,
  encodeFrameFoot,
  fileHeaderBytes,
  frameFootBytes,
  frameHeadBytes,
  frameOverheadBytes,
  sealBroken,
} from "./sealed-recording.js";

/** A whole frame: `offset` is its head, `endOffset` the byte after its footer. */
export type FramePlace = {
  readonly index: number;
  readonly isLast: boolean;
  readonly sealedOffset: number;
  readonly sealedBytes: number;
  readonly endOffset: number;
};

/** Where a recording stands. */
export type RecordingEnd = {
  /** Whole chunks; also the index of the next one. */
  readonly chunkCount: number;
  /** The last chunk was written. */
  readonly isFinished: boolean;
  /** Length of the header and all whole chunks: where the next chunk goes. */
  readonly bytes: number;
};

/** `bytes` bytes from `offset`, fewer only at the end of the file. */
export function readAt(file: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const read = readSync(file, buffer, filled, bytes - filled, offset + filled);
    if (read === 0) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}

/**
 * All whole frames in order. Ends silently at a torn tail.
 *
 * @throws {StorageError} `SEAL_BROKEN` naming the chunk that is altered, missing or out of place,
 *   or when bytes follow the last chunk
 */
export function* scanFrames(file: number, fileBytes: number): Generator<FramePlace, void> {
  let offset = fileHeaderBytes;
  for (let index = 0; offset < fileBytes; index += 1) {
    const headBytes = readAt(file, offset, frameHeadBytes);
    if (headBytes.length < frameHeadBytes) return;
    if (headBytes.readUInt32LE(0) === 0 && isZeroTail(file, offset, fileBytes)) return;
    const { isLast, sealedBytes } = decodeFrameHead(headBytes, index);
    const sealedOffset = offset + frameHeadBytes;
    const endOffset = offset + frameOverheadBytes + sealedBytes;
    if (endOffset > fileBytes) return;
    const foot = readAt(file, endOffset - frameFootBytes, frameFootBytes);
    if (!foot.equals(encodeFrameFoot(sealedBytes, index))) {
      throw sealBroken(index, "its footer was altered");
    }
    yield { index, isLast, sealedOffset, sealedBytes, endOffset };
    if (isLast && endOffset < fileBytes) {
      throw sealBroken(index + 1, `${fileBytes - endOffset} bytes follow the last chunk`);
    }
    offset = endOffset;
  }
}

/**
 * Where the recording ends: by the footer of its last frame, or, when the tail is torn, by a walk
 * from the start.
 *
 * @throws {StorageError} `SEAL_BROKEN` as `scanFrames`
 */
export function findRecordingEnd(file: number, fileBytes: number): RecordingEnd {
  return endByFooter(file, fileBytes) ?? endByWalk(file, fileBytes);
}

function endByFooter(file: number, fileBytes: number): RecordingEnd | undefined {
  if (fileBytes < fileHeaderBytes + frameOverheadBytes) return undefined;
  const footBytes = readAt(file, fileBytes - frameFootBytes, frameFootBytes);
  if (footBytes.length < frameFootBytes) return undefined;
  const { frameBytes, index } = decodeFrameFoot(footBytes);
  const offset = fileBytes - frameBytes;
  if (offset < fileHeaderBytes || frameBytes < frameOverheadBytes) return undefined;
  try {
    const head = decodeFrameHead(readAt(file, offset, frameHeadBytes), index);
    if (head.sealedBytes + frameOverheadBytes !== frameBytes) return undefined;
    return { chunkCount: index + 1, isFinished: head.isLast, bytes: fileBytes };
  } catch (error) {
    // These were not a footer's bytes: the tail is torn or altered, and the walk tells which.
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

function endByWalk(file: number, fileBytes: number): RecordingEnd {
  let end = { chunkCount: 0, isFinished: false, bytes: fileHeaderBytes };
  for (const frame of scanFrames(file, fileBytes)) {
    end = { chunkCount: frame.index + 1, isFinished: frame.isLast, bytes: frame.endOffset };
  }
  return end;
}

/**
 * After a power loss some file systems have grown a file without having filled it: zeros up to the
 * end are a torn tail. Zeros with anything behind them are not.
 */
function isZeroTail(file: number, offset: number, fileBytes: number): boolean {
  const stepBytes = 64 * 1024;
  for (let at = offset; at < fileBytes; at += stepBytes) {
    const bytes = readAt(file, at, Math.min(stepBytes, fileBytes - at));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}
