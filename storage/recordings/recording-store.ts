/**
 * Sealed recordings on disk, one file per call:
 *
 *     <dataDir>/recordings/<2 hex>/<64 hex: user>/<64 hex: call>.vxr
 *
 * Names are keyed hashes of the ids, so no id can leave the folder or be read off it. One writer
 * at a time per recording: its Recorder sends the next chunk after the answer to the one before.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSystemError } from "../atomic-file.js";
import type { IndexedSealer } from "../sealer.js";
import { StorageError } from "../storage-error.js";
import { appendChunk, requireChunk, syncWhole } from "./recording-append.js";
import { openReader, readAll } from "./recording-read.js";
import { findRecordingEnd } from "./recording-scan.js";
import type {
  RecordingChunk,
  RecordingId,
  RecordingReader,
  RecordingStore,
} from "./recording-types.js";
import { encodeRecordingHeader } from "./sealed-recording.js";

/** Paths kept: those of the recordings under way. */
const pathsMax = 4096;

/** @param options.sealer seals the chunks and hashes the ids */
export function createRecordingStore(options: {
  readonly dataDir: string;
  readonly sealer: IndexedSealer;
}): RecordingStore {
  const { dataDir, sealer } = options;
  const folderOf = (userId: string): string => {
    const userIndex = sealer.blindIndex("user", userId);
    return join(dataDir, "recordings", userIndex.slice(0, 2), userIndex);
  };
  // Two keyed hashes a chunk cost as much as sealing it.
  const paths = new Map<string, string>();
  const pathOf = (id: RecordingId): string => {
    const key = JSON.stringify([id.userId, id.callId]);
    const known = paths.get(key);
    if (known !== undefined) return known;
    const path = join(folderOf(id.userId), `${sealer.blindIndex("call", id.callId)}.vxr`);
    paths.set(key, path);
    if (paths.size > pathsMax) paths.delete(paths.keys().next().value!);
    return path;
  };
  const withReader = <T>(id: RecordingId, use: (reader: RecordingReader) => T): T =>
    withFile(openExisting(pathOf(id)), (file) => use(openReader(file, id, sealer)));
  const append = (chunk: RecordingChunk): { readonly bytes: number } => {
    const fileHeader = encodeRecordingHeader(chunk.header);
    requireChunk(chunk);
    const path = pathOf(chunk);
    return withFile(openForAppend(path, chunk.index), (file) => {
      const bytes = appendChunk(file, chunk, fileHeader, sealer);
      if (chunk.isLast) syncWhole(file, path);
      return { bytes };
    });
  };
  return {
    append,
    finish: (id) => finishRecording(id, { append, withReader }),
    end(id) {
      try {
        return withFile(openExisting(pathOf(id)), (file) =>
          findRecordingEnd(file, fstatSync(file).size),
        );
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    withReader,
    read: (id) => withReader(id, readAll),
    removeAll: (userId) => rmSync(folderOf(userId), { recursive: true, force: true }),
  };
}

function finishRecording(
  id: RecordingId,
  { append, withReader }: Pick<RecordingStore, "append" | "withReader">,
): { readonly recordedMs: number } {
  try {
    const { header, chunkCount: index, sampleCount, isTruncated } = withReader(id, (one) => one);
    const samples = new Int16Array(0);
    // Without a whole chunk there is no recording to finish.
    if (isTruncated && index > 0) append({ ...id, index, isLast: true, header, samples });
    return { recordedMs: (sampleCount * 1000) / (header.channels * header.rateHz) };
  } catch (error) {
    if (isMissing(error)) return { recordedMs: 0 };
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof StorageError && error.code === "RECORDING_MISSING";
}

function withFile<T>(file: number, use: (file: number) => T): T {
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function openForAppend(path: string, index: number): number {
  if (index > 0) {
    // A later chunk never creates the file: without its start it would be unreadable.
    return openExisting(path, "r+", `chunk ${index} cannot start a recording`, "RECORDING_GAP");
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

function openExisting(
  path: string,
  flags: "r" | "r+" = "r",
  why = "there is no such recording",
  code: "RECORDING_MISSING" | "RECORDING_GAP" = "RECORDING_MISSING",
): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new StorageError(code, `${why}: ${path} is absent`, { path, chunkCount: 0 });
  }
}
