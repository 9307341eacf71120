/** What recordings are to the rest of the engine: chunks in, audio out. */
import type { RecordingEnd } from "./recording-scan.js";
import type { RecordingHeader } from "./sealed-recording.js";

/** Which recording: a call has one. */
export type RecordingId = { readonly userId: string; readonly callId: string };

/** One chunk to append. */
export type RecordingChunk = RecordingId & {
  /** 0, 1, 2 … without gaps. */
  readonly index: number;
  /** Nothing follows; the file is made durable. An empty last chunk is fine. */
  readonly isLast: boolean;
  /** The same for every chunk of the recording. */
  readonly header: RecordingHeader;
  /**
   * Interleaved, a multiple of `header.channels` of them: PCM16, or the bytes of the header's codec
   * where that is G.711. Not kept.
   */
  readonly samples: Int16Array | Uint8Array;
};

/** A whole recording in memory. */
export type Recording = {
  readonly header: RecordingHeader;
  /** Interleaved PCM16 of all whole chunks; the caller's. */
  readonly samples: Int16Array;
  readonly chunkCount: number;
  /** The last chunk is missing: the writer died, the tail was cut, or the call still goes on. */
  readonly isTruncated: boolean;
};

/** A recording that is read chunk by chunk, so that its length does not matter. */
export type RecordingReader = {
  readonly header: RecordingHeader;
  readonly chunkCount: number;
  readonly isTruncated: boolean;
  /** Samples of all chunks together, over all channels. */
  readonly sampleCount: number;
  /** Opens the chunks in order. @throws {StorageError} `SEAL_BROKEN`, `KEY_MISSING` */
  chunks(): Generator<Int16Array, void>;
};

export type RecordingStore = {
  /**
   * Appends a chunk, or does nothing when this index is there already.
   *
   * @returns the length of the file's whole chunks in bytes, afterwards
   * @throws {StorageError} `RECORDING_GAP` when `index` is beyond the next one,
   *   `RECORDING_FINISHED` after the last chunk, `RECORDING_HEADER_DIFFERS`,
   *   `RECORDING_CHUNK_INVALID`, `RECORDING_CHUNK_DIFFERS` when a repeated chunk is suddenly the
   *   last one, `KEY_MISSING` when the user was forgotten meanwhile, `SEAL_BROKEN`
   */
  append(chunk: RecordingChunk): { readonly bytes: number };
  /** Where a recording stands, for a Recorder that was restarted; undefined when there is none. */
  end(id: RecordingId): RecordingEnd | undefined;
  /**
   * Marks what is there as the whole recording, with an empty last chunk over a torn tail; one that
   * is finished stays as it is.
   *
   * @returns its length; 0 when there is none, or not one whole chunk of it
   * @throws {StorageError} as `append`, `withReader`
   */
  finish(id: RecordingId): { readonly recordedMs: number };
  /**
   * Lends a reader to `use` and closes the file after it.
   *
   * @throws {StorageError} `RECORDING_MISSING`, `KEY_MISSING`, `SEAL_BROKEN` with
   *   `detail.chunkIndex`
   */
  withReader<T>(id: RecordingId, use: (reader: RecordingReader) => T): T;
  /** Reads all of it. @throws {StorageError} as `withReader` */
  read(id: RecordingId): Recording;
  /** Deletes every recording of a user. Their key is another matter: `Sealer.forget`. */
  removeAll(userId: string): void;
};
