/**
 * Group commit: writes wait in a bounded queue, and the next turn of the event loop does as many as
 * fit into one short transaction; the rest wait for the turn after, so that reads get in between.
 *
 * How durable: a transaction that carries a final outcome is committed with `synchronous = FULL`
 * (it survives a power loss); others with NORMAL (they survive the end of the process, and a power
 * loss may take the newest of them). An outcome decides what may be dialled again; the start of a
 * call is also known to the ledger. FULL costs about 165 µs a commit, shared by all in the group.
 */
import type { Clock, Scheduler } from "../base/ports.js";
import { storeError, type SqliteDatabase } from "./sqlite-database.js";
import { createWriteQueue, type QueuedWrite, type WriteQueueLimits } from "./write-queue.js";

/** Longest time of writing within one transaction; others wait for the thread meanwhile. */
const transactionMsMax = 20;
/** Writes of one transaction at most: about 6 ms of inserts. */
const transactionRowsMax = 512;

export type Write = Omit<QueuedWrite, "settle">;

export type GroupCommit = {
  /** Resolves when it is committed. @throws {StorageError} `STORE_BUSY`, at once */
  write(write: Write): Promise<void>;
  /** Commits all that waits, now. */
  drain(): void;
  /** Does a write of this call wait? */
  holds(callId: string): boolean;
};

export function createGroupCommit(options: {
  readonly database: SqliteDatabase;
  readonly time: Clock & Scheduler;
  readonly limits: WriteQueueLimits;
  /** Named in errors. */
  readonly file: string;
}): GroupCommit {
  const { database, time, file } = options;
  const queue = createWriteQueue(options.limits);
  let isScheduled = false;

  const commitSlice = (): void => {
    const taken = queue.take(transactionRowsMax);
    const { decided, error } = commitGroup(database, taken, time);
    queue.restore(taken.slice(decided));
    const failure = error === undefined ? undefined : storeError(error, file);
    for (const write of taken.slice(0, decided)) write.settle(failure);
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
    write: (write) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        queue.add({ ...write, settle });
        schedule();
      }),
    drain() {
      while (queue.length > 0) commitSlice();
    },
    holds: (callId) => queue.holds(callId),
  };
}

/**
 * Does writes in one transaction until its time is over.
 *
 * @returns how many were decided, from the front; all of them failed when there is an `error`
 */
function commitGroup(
  database: SqliteDatabase,
  writes: readonly QueuedWrite[],
  clock: Clock,
): { readonly decided: number; readonly error?: unknown } {
  const startedMs = clock.nowMs();
  let decided = 0;
  try {
    // Not allowed inside a transaction, so decided by all that may get into it.
    const isFinal = writes.some((write) => write.isFinal);
    database.exec(`PRAGMA synchronous = ${isFinal ? "FULL" : "NORMAL"}`);
    database.exec("BEGIN IMMEDIATE");
    for (const { run } of writes) {
      if (decided > 0 && clock.nowMs() - startedMs >= transactionMsMax) break;
      run();
      decided += 1;
    }
    database.exec("COMMIT");
    return { decided };
  } catch (error) {
    rollBack(database);
    return { decided: writes.length, error };
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    if (database.inTransaction) database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself (full disk, I/O error): the first error is the one to tell.
  }
}
