/**
 * Group commit: puts wait in a bounded queue, and the next turn of the event loop writes as many as
 * fit into one short transaction; the rest wait for the turn after, so that reads get in between.
 *
 * How durable: a transaction that carries a final outcome is committed with `synchronous = FULL`
 * (it survives a power loss); others with NORMAL (they survive the end of the process, and a power
 * loss may take the newest of them). An outcome decides what may be dialled again; the start of a
 * call is also known to the ledger. FULL costs about 165 µs a commit, shared by all in the group.
 */
import type { Clock, Scheduler } from "../base/ports.js";
import type { CallRecordRow } from "./call-record-codec.js";
import { runPut, type CallRecordStatements } from "./call-record-statements.js";
import { createPutQueue, type PutQueueLimits, type QueuedPut } from "./put-queue.js";
import { storeError, type SqliteDatabase } from "./sqlite-database.js";

/** Longest time of inserting within one transaction; others wait for the thread meanwhile. */
const transactionMsMax = 20;
/** Rows of one transaction at most: about 6 ms of inserts. */
const transactionRowsMax = 512;

export type GroupCommit = {
  /** Resolves when the row is committed. @throws {StorageError} `STORE_BUSY`, at once */
  put(row: CallRecordRow): Promise<void>;
  /** Commits all that waits, now. */
  drain(): void;
  /** Does a put of this call wait? */
  holds(callId: string): boolean;
};

export function createGroupCommit(options: {
  readonly database: SqliteDatabase;
  readonly statements: CallRecordStatements;
  readonly time: Clock & Scheduler;
  readonly limits: PutQueueLimits;
  /** Named in errors. */
  readonly file: string;
}): GroupCommit {
  const { database, statements, time, file } = options;
  const queue = createPutQueue(options.limits);
  let isScheduled = false;

  const commitSlice = (): void => {
    const taken = queue.take(transactionRowsMax);
    const { decided, error } = commitGroup(database, statements, taken, time);
    queue.restore(taken.slice(decided));
    const failure = error === undefined ? undefined : storeError(error, file);
    for (const put of taken.slice(0, decided)) put.settle(failure);
  };
  const schedule = (): void => {
    if (isScheduled || queue.length === 0) return;
    isScheduled = true;
    time.soon(() => {
      isScheduled = false;
      if (queue.length > 0) commitSlice();
      schedule();
    });
  };
  return {
    put: (row) =>
      new Promise((resolve, reject) => {
        queue.add({ row, settle: (error) => (error === undefined ? resolve() : reject(error)) });
        schedule();
      }),
    drain() {
      while (queue.length > 0) commitSlice();
    },
    holds: (callId) => queue.holds(callId),
  };
}

/**
 * Writes puts in one transaction until its time is over.
 *
 * @returns how many puts were decided, from the front; all of them failed when there is an `error`
 */
function commitGroup(
  database: SqliteDatabase,
  statements: CallRecordStatements,
  puts: readonly QueuedPut[],
  clock: Clock,
): { readonly decided: number; readonly error?: unknown } {
  const startedMs = clock.nowMs();
  let decided = 0;
  try {
    // Not allowed inside a transaction, so decided by all that may get into it.
    const isFinal = puts.some((put) => put.row.outcome !== null);
    database.exec(`PRAGMA synchronous = ${isFinal ? "FULL" : "NORMAL"}`);
    database.exec("BEGIN IMMEDIATE");
    for (const { row } of puts) {
      if (decided > 0 && clock.nowMs() - startedMs >= transactionMsMax) break;
      runPut(statements, row);
      decided += 1;
    }
    database.exec("COMMIT");
    return { decided };
  } catch (error) {
    rollBack(database);
    return { decided: puts.length, error };
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    if (database.inTransaction) database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself (full disk, I/O error): the first error is the one to tell.
  }
}
