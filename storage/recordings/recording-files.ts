/**
 * Recordings as single function calls on plain data: what a worker of the job pool runs. Each
 * thread keeps the keys of the data directories it has worked for, so a chunk costs its sealing and
 * one write, not the loading of keys.
 */
import { statSync } from "node:fs";
import { createAesSealer } from "../aes-sealer.js";
import { createRecordingStore } from "./recording-store.js";
import type { RecordingEnd } from "./recording-scan.js";
import type { Recording, RecordingChunk, RecordingStore, RecordingId } from "./recording-types.js";
import { exportRecordingToWav, type WavExport } from "./wav-export.js";

/** Where the recordings are and which key-encryption key they are under. */
export type RecordingPlace = { readonly dataDir: string; readonly kekFile: string };

/** Data directories one thread remembers; an engine has one. */
const placesMax = 4;
type Opened = { readonly files: RecordingStore; readonly identity: string };
const openedPlaces = new Map<string, Opened>();

/**
 * Seals and appends one chunk; doing it again changes nothing.
 *
 * @returns `bytes`: length of the recording's whole chunks on disk, afterwards
 * @throws {StorageError} as `RecordingStore.append`, `KEY_FILE_INVALID`, `KEY_WRONG`
 */
export function appendRecordingChunk(job: RecordingPlace & RecordingChunk): {
  readonly bytes: number;
} {
  return filesAt(job).append(job);
}

/** Where a recording stands, or undefined when there is none. */
export function findRecording(job: RecordingPlace & RecordingId): RecordingEnd | undefined {
  return filesAt(job).end(job);
}

/**
 * Closes a recording whose writer is gone, behind its last whole chunk; twice is harmless.
 *
 * @returns `recordedMs`: how long it is; 0 when there is none
 * @throws {StorageError} as `RecordingStore.finish`
 */
export function closeRecording(job: RecordingPlace & RecordingId): {
  readonly recordedMs: number;
} {
  return filesAt(job).finish(job);
}

/** Reads a whole recording. @throws {StorageError} as `RecordingStore.read` */
export function readRecording(job: RecordingPlace & RecordingId): Recording {
  return filesAt(job).read(job);
}

/** Exports to a WAV file. @throws {StorageError} as `exportRecordingToWav` */
export function exportRecordingWav(
  job: RecordingPlace & RecordingId & { readonly wavFile: string },
): WavExport {
  return exportRecordingToWav(filesAt(job), job, job.wavFile);
}

function filesAt(place: RecordingPlace): RecordingStore {
  const { dataDir, kekFile } = place;
  const name = JSON.stringify([dataDir, kekFile]);
  const opened = openedPlaces.get(name);
  // Another key file, or other permissions on it, must not go unnoticed until the next start.
  if (opened !== undefined && opened.identity === identityOf(kekFile)) return opened.files;
  const files = createRecordingStore({ dataDir, sealer: createAesSealer(place) });
  openedPlaces.delete(name);
  openedPlaces.set(name, { files, identity: identityOf(kekFile) });
  const [oldest] = openedPlaces.keys();
  if (openedPlaces.size > placesMax && oldest !== undefined) openedPlaces.delete(oldest);
  return files;
}

function identityOf(kekFile: string): string {
  const status = statSync(kekFile, { throwIfNoEntry: false });
  return status === undefined ? "absent" : `${status.ino} ${status.ctimeMs}`;
}
