/** What can go wrong in the stores. Match on `code`; the message says where and what helps. */
import { EngineError } from "../base/errors.js";

/**
 * | code | meaning |
 * |---|---|
 * | `SEAL_BROKEN` | sealed bytes do not open: altered, cut, moved, or their key is gone |
 * | `KEY_MISSING` | the user has no key: nothing was sealed, or the user was forgotten |
 * | `KEY_WRONG` | a wrapped key does not open under this key-encryption key |
 * | `KEY_FILE_INVALID` | the key-encryption key file has a wrong size or mode, or is gone |
 * | `ID_INVALID` | a user, call or recording id is empty, too long or not well-formed |
 * | `RECORDING_*` | a recording refuses a chunk, or is not there |
 * | `RECORD_INVALID` | a call record has a field that cannot be stored |
 * | `MEMORY_INVALID`, `MEMORY_TOO_LARGE` | the memory of a live call cannot be kept |
 * | `STORE_*` | the call record store: busy, closed, lost, late, locked, corrupt, foreign, failed |
 * | `SCHEMA_NEWER` | the database was written by a newer build |
 * | `DATA_IN_USE`, `DATA_UNLOCKABLE` | another engine has the data directory; nobody can lock it |
 */
export type StorageErrorCode =
  | "SEAL_BROKEN"
  | "KEY_MISSING"
  | "KEY_WRONG"
  | "KEY_FILE_INVALID"
  | "ID_INVALID"
  | "RECORDING_MISSING"
  | "RECORDING_HEADER_INVALID"
  | "RECORDING_HEADER_DIFFERS"
  | "RECORDING_CHUNK_INVALID"
  | "RECORDING_CHUNK_DIFFERS"
  | "RECORDING_GAP"
  | "RECORDING_FINISHED"
  | "RECORDING_TOO_LONG"
  | "RECORD_INVALID"
  | "MEMORY_INVALID"
  | "MEMORY_TOO_LARGE"
  | "STORE_BUSY"
  | "STORE_CLOSED"
  | "STORE_LOST"
  | "STORE_TIMEOUT"
  | "STORE_LOCKED"
  | "STORE_CORRUPT"
  | "STORE_FOREIGN"
  | "STORE_FAILED"
  | "SCHEMA_NEWER"
  | "DATA_IN_USE"
  | "DATA_UNLOCKABLE";

/** Every error this room throws. `detail` holds numbers and places, never personal data. */
export class StorageError extends EngineError {
  constructor(
    code: StorageErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, detail, options);
  }
}
