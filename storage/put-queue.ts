/**
 * The queue of a group commit: bounded by rows and bytes, drained in slices. It refuses at once
 * what does not fit, so that a slow disk is felt by who writes and not by memory.
 */
import type { CallRecordRow } from "./call-record-codec.js";
import { StorageError } from "./storage-error.js";

/** A put that waits for its commit; `settle` with an error or without one. */
export type QueuedPut = {
  readonly row: CallRecordRow;
  readonly settle: (error?: Error) => void;
};

/** Bounds of the queue. */
export type PutQueueLimits = { readonly rowsMax: number; readonly bytesMax: number };

export type PutQueue = {
  /** @throws {StorageError} `STORE_BUSY` when it is full */
  add(put: QueuedPut): void;
  /** Takes up to `countMax` from the front. */
  take(countMax: number): QueuedPut[];
  /** Puts back to the front what was taken and not written. */
  restore(puts: readonly QueuedPut[]): void;
  /** Does a put of this call wait? */
  holds(callId: string): boolean;
  readonly length: number;
};

/** Columns besides the seal: ids, times and the row itself, roughly. */
const rowBytes = 512;

export function createPutQueue(limits: PutQueueLimits): PutQueue {
  let puts: QueuedPut[] = [];
  let bytes = 0;
  const sizeOf = (put: QueuedPut): number => rowBytes + (put.row.sealed?.length ?? 0);
  return {
    add(put) {
      const size = sizeOf(put);
      if (puts.length >= limits.rowsMax || bytes + size > limits.bytesMax) {
        throw busy(puts.length, bytes, limits);
      }
      puts.push(put);
      bytes += size;
    },
    take(countMax) {
      const taken = puts.slice(0, countMax);
      puts = puts.slice(countMax);
      for (const put of taken) bytes -= sizeOf(put);
      return taken;
    },
    restore(taken) {
      puts = [...taken, ...puts];
      for (const put of taken) bytes += sizeOf(put);
    },
    holds: (callId) => puts.some((put) => put.row.callId === callId),
    get length() {
      return puts.length;
    },
  };
}

function busy(rows: number, bytes: number, limits: PutQueueLimits): StorageError {
  return new StorageError(
    "STORE_BUSY",
    `the store's queue is full: ${rows} of ${limits.rowsMax} records, ` +
      `${bytes} of ${limits.bytesMax} bytes; try again later`,
    { rows, rowsMax: limits.rowsMax, bytes, bytesMax: limits.bytesMax },
  );
}
