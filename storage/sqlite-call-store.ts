/**
 * Call records and the ledger of live calls in SQLite. Each operation blocks its thread for as long
 * as it takes, so this lives on the store thread, and everybody else talks to it through
 * `store-client.ts`.
 */
import type { Clock, Scheduler } from "../base/ports.js";
import type { CallLedger, CallStore } from "./call-ledger.js";
import {
  findMemory,
  listLive,
  prepareLedgerStatements,
  runRemember,
  type CallLedgerStatements,
} from "./call-ledger-statements.js";
import { decodeCallMemory, encodeCallMemory } from "./call-memory-codec.js";
import { decodeCallRecord, encodeCallRecord, type CallRecordRow } from "./call-record-codec.js";
import {
  findRow,
  listRows,
  prepareStatements,
  runPut,
  type CallRecordStatements,
} from "./call-record-statements.js";
import type { UserCallRecords } from "./call-records.js";
import { createGroupCommit, type GroupCommit, type Write } from "./group-commit.js";
import type { IndexedSealer } from "./sealer.js";
import {
  closeSqliteDatabase,
  openSqliteDatabase,
  storeError,
  type SqliteDatabase,
} from "./sqlite-database.js";
import { StorageError } from "./storage-error.js";
import type { WriteQueueLimits } from "./write-queue.js";

/** Most calls of one user that one answer lists. */
const listCountMax = 1000;
/** Most live calls that one answer lists: many times what one node can have. */
const liveCountMax = 100_000;

const defaultLimits: WriteQueueLimits = { rowsMax: 4096, bytesMax: 64 * 1024 * 1024 };

export type SqliteCallStoreOptions = {
  /** The database file; made with its folder when absent. */
  readonly file: string;
  readonly sealer: IndexedSealer;
  readonly time: Clock & Scheduler;
  /** Default: 4096 writes, 64 MiB. */
  readonly limits?: WriteQueueLimits;
};

/** What the operations work on. */
type Parts = {
  readonly database: SqliteDatabase;
  readonly sealer: IndexedSealer;
  readonly records: CallRecordStatements;
  readonly ledger: CallLedgerStatements;
  readonly group: GroupCommit;
  /** Runs one operation; whatever is thrown rejects, in our words. */
  readonly operate: <T>(run: () => T | Promise<T>) => Promise<T>;
};

/**
 * Opens the store.
 *
 * @throws {StorageError} as `openSqliteDatabase`
 */
export function openSqliteCallStore(options: SqliteCallStoreOptions): CallStore {
  const { file, sealer, time } = options;
  const database = openSqliteDatabase({ file, epochMs: time.epochMs() });
  const records = prepareStatements(database);
  const ledger = prepareLedgerStatements(database);
  const limits = options.limits ?? defaultLimits;
  const group = createGroupCommit({ database, time, limits, file });
  let isClosed = false;
  const operate: Parts["operate"] = async (run) => {
    if (isClosed) throw new StorageError("STORE_CLOSED", `${file} is closed`, { file });
    try {
      return await run();
    } catch (error) {
      throw storeError(error, file);
    }
  };
  const parts = { database, sealer, records, ledger, group, operate };
  return {
    ...recordOperations(parts),
    ...ledgerOperations(parts),
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

function recordOperations(parts: Parts): Omit<UserCallRecords, "close"> {
  const { database, sealer, records, ledger, group, operate } = parts;
  return {
    put: (record) =>
      operate(() => group.write(recordWrite(records, ledger, encodeCallRecord(record, sealer)))),
    get: (callId) =>
      operate(() => {
        if (group.holds(callId)) group.drain();
        const row = findRow(records, callId);
        return row === undefined ? undefined : decodeCallRecord(row, sealer);
      }),
    list: ({ userId, countMax }) =>
      operate(() => {
        group.drain();
        const userIndex = sealer.blindIndex("user", userId);
        const rows = listRows(records, userIndex, limitOf(countMax));
        return rows.map((row) => decodeCallRecord(row, sealer));
      }),
    forget: (userId) =>
      operate(() => {
        group.drain(); // what waits is sealed under the old key and must be stripped as well
        sealer.forget(userId);
        database.exec("PRAGMA synchronous = FULL");
        const userIndex = sealer.blindIndex("user", userId);
        ledger.strip.run(userIndex);
        const stripped = records.strip.run(userIndex);
        return { recordCount: stripped.changes };
      }),
  };
}

/** The write of a record: with its outcome, the memory of the call goes in the same transaction. */
export function recordWrite(
  records: CallRecordStatements,
  ledger: CallLedgerStatements,
  row: CallRecordRow,
): Write {
  const { callId, outcome, sealed } = row;
  const isFinal = outcome !== null;
  const run = (): void => {
    runPut(records, row);
    if (isFinal) ledger.remove.run(callId);
  };
  return { callId, kind: "record", isFinal, bytes: sealed?.length ?? 0, run };
}

function ledgerOperations(parts: Parts): CallLedger {
  const { database, sealer, ledger, group, operate } = parts;
  return {
    remember: (entry) =>
      operate(() => {
        const row = encodeCallMemory(entry, sealer);
        const { callId, sealed } = row;
        const run = (): void => runRemember(ledger, row);
        const bytes = sealed.length;
        return group.write({ callId, kind: "memory", isFinal: false, bytes, run });
      }),
    recall: (callId) =>
      operate(() => {
        if (group.holds(callId)) group.drain();
        const row = findMemory(ledger, callId);
        return row === undefined ? undefined : decodeCallMemory(row, sealer);
      }),
    liveCalls: ({ countMax }) =>
      operate(() => {
        group.drain();
        const life = ledger.life.get() as { readonly aliveEpochMs: number } | undefined;
        const calls = listLive(ledger, Math.min(countMax, liveCountMax));
        return { calls, ...life };
      }),
    alive: (epochMs) =>
      operate(() => {
        database.exec("PRAGMA synchronous = NORMAL");
        ledger.alive.run(epochMs);
      }),
    settle: ({ callId, outcome, endedEpochMs }) =>
      operate(() => {
        const run = (): void => {
          ledger.settle.run(callId, outcome, endedEpochMs);
          ledger.remove.run(callId);
        };
        return group.write({ callId, kind: "record", isFinal: true, bytes: 0, run });
      }),
  };
}

/** A negative limit would mean "all" to SQLite. */
function limitOf(countMax: number): number {
  return Math.max(0, Math.min(Math.trunc(countMax) || 0, listCountMax));
}
