/**
 * Call records in SQLite. Each operation blocks its thread for as long as it takes, so this lives
 * on the store thread, and everybody else talks to it through `store-client.ts`.
 */
import type { Clock, Scheduler } from "../base/ports.js";
import { decodeCallRecord, encodeCallRecord } from "./call-record-codec.js";
import { findRow, listRows, prepareStatements } from "./call-record-statements.js";
import type { UserCallRecords } from "./call-records.js";
import { createGroupCommit } from "./group-commit.js";
import type { PutQueueLimits } from "./put-queue.js";
import type { IndexedSealer } from "./sealer.js";
import { closeSqliteDatabase, openSqliteDatabase, storeError } from "./sqlite-database.js";
import { StorageError } from "./storage-error.js";

/** Most calls of one user that one answer lists. */
const listCountMax = 1000;

const defaultLimits: PutQueueLimits = { rowsMax: 4096, bytesMax: 64 * 1024 * 1024 };

export type SqliteCallRecordsOptions = {
  /** The database file; made with its folder when absent. */
  readonly file: string;
  readonly sealer: IndexedSealer;
  readonly time: Clock & Scheduler;
  /** Default: 4096 records, 64 MiB. */
  readonly limits?: PutQueueLimits;
};

/**
 * Opens the store.
 *
 * @throws {StorageError} as `openSqliteDatabase`
 */
export function openSqliteCallRecords(options: SqliteCallRecordsOptions): UserCallRecords {
  const { file, sealer, time } = options;
  const database = openSqliteDatabase({ file, epochMs: time.epochMs() });
  const statements = prepareStatements(database);
  const limits = options.limits ?? defaultLimits;
  const group = createGroupCommit({ database, statements, time, limits, file });
  let isClosed = false;
  /** Runs one operation; whatever is thrown rejects, in our words. */
  const operate = async <T>(run: () => T | Promise<T>): Promise<T> => {
    if (isClosed) throw new StorageError("STORE_CLOSED", `${file} is closed`, { file });
    try {
      return await run();
    } catch (error) {
      throw storeError(error, file);
    }
  };
  return {
    put: (record) => operate(() => group.put(encodeCallRecord(record, sealer))),
    get: (callId) =>
      operate(() => {
        if (group.holds(callId)) group.drain();
        const row = findRow(statements, callId);
        return row === undefined ? undefined : decodeCallRecord(row, sealer);
      }),
    list: ({ userId, countMax }) =>
      operate(() => {
        group.drain();
        const userIndex = sealer.blindIndex("user", userId);
        const rows = listRows(statements, userIndex, limitOf(countMax));
        return rows.map((row) => decodeCallRecord(row, sealer));
      }),
    forget: (userId) =>
      operate(() => {
        group.drain(); // what waits is sealed under the old key and must be stripped as well
        sealer.forget(userId);
        database.exec("PRAGMA synchronous = FULL");
        const stripped = statements.strip.run(sealer.blindIndex("user", userId));
        return { recordCount: stripped.changes };
      }),
    close() {
      if (isClosed) return Promise.resolve();
      return operate(() => {
        group.drain();
        isClosed = true;
        closeSqliteDatabase(database);
      });
    },
  };
}

/** A negative limit would mean "all" to SQLite. */
function limitOf(countMax: number): number {
  return Math.max(0, Math.min(Math.trunc(countMax) || 0, listCountMax));
}
