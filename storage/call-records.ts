/** The CallRecords port: what is kept of a call, from its start on. */

/** One call. A record is put whole: at the start, and again when more is known. */
export type CallRecord = {
  /** Made by the engine, unique, not personal. */
  readonly callId: string;
  /** Personal: stored as a keyed hash, and sealed. */
  readonly userId: string;
  readonly flowId: string;
  /** How the call ended; absent while it lives. Once there, it stays. */
  readonly outcome?: string;
  readonly startedEpochMs: number;
  readonly endedEpochMs?: number;
  /** Transcript, variables …: plain data (what msgpack carries), sealed at rest. */
  readonly detail: unknown;
};

/** Stores call records. Every method may reject with `STORE_CLOSED` or `STORE_FAILED`. */
export interface CallRecords {
  /**
   * Stores a record; resolves when it is committed. With an outcome it is then on the disk (it
   * survives a power loss); without one it survives the end of the process. Putting the same
   * record twice is harmless; one without an outcome never replaces one that has it.
   *
   * @throws {StorageError} `RECORD_INVALID`; `STORE_BUSY` when the queue is full
   */
  put(record: CallRecord): Promise<void>;
  /**
   * The newest record of a call, queued ones included; undefined when there is none.
   *
   * @throws {StorageError} `KEY_MISSING` when its user was forgotten, `SEAL_BROKEN`
   */
  get(callId: string): Promise<CallRecord | undefined>;
  /** Stores what is queued, then closes. Twice is harmless. */
  close(): Promise<void>;
}

/** Call records that can be found and erased by user: the store thread and its client. */
export interface UserCallRecords extends CallRecords {
  /** The user's calls, newest first, at most `countMax` (≤ 1000). Of a forgotten user: none. */
  list(query: CallRecordQuery): Promise<readonly CallRecord[]>;
  /**
   * Forgets a user: destroys their key (which makes recordings noise, too), then strips their call
   * records down to flow, outcome and times. Later puts of their old calls stay stripped.
   *
   * @returns how many records were stripped
   */
  forget(userId: string): Promise<{ readonly recordCount: number }>;
}

export type CallRecordQuery = { readonly userId: string; readonly countMax: number };
