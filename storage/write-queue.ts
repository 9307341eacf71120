/**
 * The queue of a group commit: bounded by count and bytes, drained in slices. It refuses at once
 * what does not fit, so that a slow disk is felt by who writes and not by memory. The ledger goes
 * ahead of everything else, and of one call's memories only the newest waits.
 */
import { StorageError } from "./storage-error.js";

/** A write that waits for its commit; `settle` with an error or without one. */
export type QueuedWrite = {
  readonly callId: string;
  /** A memory goes ahead of records, and replaces an older one of its call that still waits. */
  readonly kind: "memory" | "record";
  /** It carries an outcome: its transaction must survive a power loss. */
  readonly isFinal: boolean;
  /** Of the seal. */
  readonly bytes: number;
  /** Does it, inside the transaction. */
  readonly run: () => void;
  readonly settle: (error?: Error) => void;
};

/** Bounds of the queue. */
export type WriteQueueLimits = { readonly rowsMax: number; readonly bytesMax: number };

export type WriteQueue = {
  /** @throws {StorageError} `STORE_BUSY` when it is full */
  add(write: QueuedWrite): void;
  /** Takes up to `countMax` from the front. */
  take(countMax: number): QueuedWrite[];
  /** Puts back to the front what was taken and not written. */
  restore(writes: readonly QueuedWrite[]): void;
  /** Does a write of this call wait? */
  holds(callId: string): boolean;
  readonly length: number;
};

/** Columns besides the seal: ids, times and the row itself, roughly. */
const rowBytes = 512;

export function createWriteQueue(limits: WriteQueueLimits): WriteQueue {
  const memories = new Map<string, QueuedWrite>();
  let records: QueuedWrite[] = [];
  let bytes = 0;
  const count = (write: QueuedWrite, sign: 1 | -1): void =>
    void (bytes += sign * (rowBytes + write.bytes));
  const length = (): number => memories.size + records.length;
  const requireRoom = (write: QueuedWrite): void => {
    const isFull = length() >= limits.rowsMax || bytes + rowBytes + write.bytes > limits.bytesMax;
    if (isFull) throw busy(length(), bytes, limits);
  };
  return {
    add(write) {
      const older = write.kind === "memory" ? memories.get(write.callId) : undefined;
      if (older === undefined) requireRoom(write);
      else count(older, -1);
      count(write, 1);
      if (write.kind === "record") records.push(write);
      else memories.set(write.callId, older === undefined ? write : inPlaceOf(older, write));
    },
    take(countMax) {
      const ahead = [...memories.values()].slice(0, countMax);
      for (const { callId } of ahead) memories.delete(callId);
      const taken = [...ahead, ...records.splice(0, countMax - ahead.length)];
      for (const write of taken) count(write, -1);
      return taken;
    },
    restore(taken) {
      const waiting = [...memories];
      memories.clear();
      for (const write of taken) {
        count(write, 1);
        if (write.kind === "memory") memories.set(write.callId, write);
      }
      for (const [callId, write] of waiting) memories.set(callId, write);
      records = [...taken.filter(({ kind }) => kind === "record"), ...records];
    },
    holds: (callId) => memories.has(callId) || records.some((write) => write.callId === callId),
    get length() {
      return length();
    },
  };
}

/** Who waits for the older one is told when the newer one is stored. */
function inPlaceOf(older: QueuedWrite, newer: QueuedWrite): QueuedWrite {
  const settle = (error?: Error): void => {
    older.settle(error);
    newer.settle(error);
  };
  return { ...newer, settle };
}

function busy(rows: number, bytes: number, limits: WriteQueueLimits): StorageError {
  return new StorageError(
    "STORE_BUSY",
    `the store's queue is full: ${rows} of ${limits.rowsMax} records, ` +
      `${bytes} of ${limits.bytesMax} bytes; try again later`,
    { rows, rowsMax: limits.rowsMax, bytes, bytesMax: limits.bytesMax },
  );
}
