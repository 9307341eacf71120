/** Reading a sealed recording: every chunk is opened and checked at its own place. */
import { fstatSync } from "node:fs";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import { idBytes } from "../ids.js";
import type { IndexedSealer } from "../sealer.js";
import { StorageError } from "../storage-error.js";
import { readAt, scanFrames, type FramePlace } from "./recording-scan.js";
import type { Recording, RecordingId, RecordingReader } from "./recording-types.js";
import {
  chunkContext,
  codecDefault,
  decodeRecordingHeader,
  fileHeaderBytes,
  sealBroken,
} from "./sealed-recording.js";

/**
 * A reader over an open file; the file must stay open while it is used.
 *
 * @throws {StorageError} `RECORDING_MISSING`, `SEAL_BROKEN` with `detail.chunkIndex`
 */
export function openReader(file: number, id: RecordingId, sealer: IndexedSealer): RecordingReader {
  const fileBytes = fstatSync(file).size;
  if (fileBytes < fileHeaderBytes) {
    throw new StorageError("RECORDING_MISSING", "the recording holds no whole chunk yet", {
      bytes: fileBytes,
    });
  }
  const fileHeader = readAt(file, 0, fileHeaderBytes);
  const header = decodeRecordingHeader(fileHeader);
  const codec = codecOf(header.codec ?? codecDefault);
  const { bytesPerSample } = codec;
  const frames = [...scanFrames(file, fileBytes)];
  let sampleCount = 0;
  for (const { index, sealedBytes } of frames) {
    const plainBytes = sealedBytes - sealer.overheadBytes;
    const isWhole = plainBytes >= 0 && plainBytes % bytesPerSample === 0;
    if (!isWhole) throw sealBroken(index, "its length was altered");
    sampleCount += plainBytes / bytesPerSample;
  }
  const recordingId = idBytes("callId", id.callId);
  const openChunk = (frame: FramePlace): Int16Array => {
    const sealed = readAt(file, frame.sealedOffset, frame.sealedBytes);
    const plain = openFrame(sealer, id.userId, sealed, {
      index: frame.index,
      context: chunkContext(recordingId, fileHeader, frame),
    });
    const samples = new Int16Array(plain.length / bytesPerSample);
    codec.decode(plain, samples);
    return samples;
  };
  return {
    header,
    chunkCount: frames.length,
    isTruncated: frames.at(-1)?.isLast !== true,
    sampleCount,
    *chunks() {
      for (const frame of frames) yield openChunk(frame);
    },
  };
}

function openFrame(
  sealer: IndexedSealer,
  userId: string,
  sealed: Uint8Array,
  place: { readonly index: number; readonly context: Uint8Array },
): Uint8Array {
  try {
    return sealer.open(userId, sealed, place.context);
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== "SEAL_BROKEN") throw error;
    throw sealBroken(place.index, error.message, error);
  }
}

/** All chunks in one array. */
export function readAll(reader: RecordingReader): Recording {
  const { header, chunkCount, isTruncated } = reader;
  const samples = new Int16Array(reader.sampleCount);
  let at = 0;
  for (const chunk of reader.chunks()) {
    samples.set(chunk, at);
    at += chunk.length;
  }
  return { header, samples, chunkCount, isTruncated };
}
