/** A sealed recording as a plain WAV file, for people and tools that have the right to hear it. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { encodeL16 } from "../../codecs/audio/l16.js";
import { encodeWavHeader } from "../../codecs/audio/wav.js";
import { unlinkIfPresent } from "../atomic-file.js";
import { StorageError } from "../storage-error.js";
import type { RecordingStore, RecordingId, RecordingReader } from "./recording-types.js";
import type { RecordingHeader } from "./sealed-recording.js";

/** The sizes in a WAV header are 32 bits wide, and count 36 bytes of the header itself. */
const wavDataBytesMax = 0xffff_ffff - 1 - 36;

/** What was exported. */
export type WavExport = {
  readonly header: RecordingHeader;
  /** Samples per channel. */
  readonly sampleCount: number;
  readonly isTruncated: boolean;
};

/**
 * Opens a recording chunk by chunk into `wavFile` (mode 0600). The file appears whole, replacing
 * one of that name, or not at all.
 *
 * @throws {StorageError} as `RecordingStore.withReader`; `RECORDING_TOO_LONG` beyond 4 GiB
 */
export function exportRecordingToWav(
  recordings: RecordingStore,
  id: RecordingId,
  wavFile: string,
): WavExport {
  const temporary = `${wavFile}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const written = recordings.withReader(id, (reader) => writeWav(reader, temporary));
    renameSync(temporary, wavFile);
    return written;
  } catch (error) {
    unlinkIfPresent(temporary);
    throw error;
  }
}

function writeWav(reader: RecordingReader, path: string): WavExport {
  const { header, isTruncated } = reader;
  const dataBytes = reader.sampleCount * 2;
  if (dataBytes > wavDataBytesMax) {
    throw new StorageError(
      "RECORDING_TOO_LONG",
      `the recording has ${dataBytes} bytes of audio, a WAV file holds ${wavDataBytesMax}`,
      { dataBytes, dataBytesMax: wavDataBytesMax },
    );
  }
  const { rateHz, channels } = header;
  const file = openSync(path, "wx", 0o600);
  try {
    write(file, encodeWavHeader({ rateHz, channels, dataBytes }));
    for (const samples of reader.chunks()) {
      const bytes = new Uint8Array(samples.length * 2);
      encodeL16(samples, bytes);
      write(file, bytes);
    }
  } finally {
    closeSync(file);
  }
  return { header, sampleCount: reader.sampleCount / channels, isTruncated };
}

function write(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
