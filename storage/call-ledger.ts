/**
 * The CallLedger port: the newest memory of every live call, on disk, so that a start after a crash
 * knows which calls were live and where they stood. What a memory means is the engine's business.
 */

import type { UserCallRecords } from "./call-records.js";

/** 256 KiB sealed or not: a dialog's snapshot and hours of its transcript. */
export const memoryBytesMax = 256 * 1024;

/** What is kept of one live call. Personal data: sealed at rest under the user's key. */
export type CallMemoryEntry = {
  readonly callId: string;
  /** The call's user, as in its record. */
  readonly userId: string;
  /** Wall time at which this was true. */
  readonly savedEpochMs: number;
  /** Opaque; at most `memoryBytesMax`. */
  readonly memory: Uint8Array;
};

/** A call that has no outcome on record: it is live, or was when its process died. */
export type LiveCall = {
  readonly callId: string;
  readonly flowId: string;
  readonly startedEpochMs: number;
  /** When its memory was saved; absent when it has none. */
  readonly savedEpochMs?: number;
};

/** What the store knows after a start, before anything new is written. */
export type LiveCalls = {
  /** Oldest first. */
  readonly calls: readonly LiveCall[];
  /** The last sign of life of the process that wrote here; absent when there was none. */
  readonly aliveEpochMs?: number;
};

/** Every method may reject with `STORE_CLOSED` or `STORE_FAILED`. */
export interface CallLedger {
  /**
   * Keeps the newest memory of a call; resolves when it, or a newer one, is committed (it survives
   * the end of the process). Of several that wait only the newest is written. The record with the
   * outcome of a call removes its memory in the same transaction, and none comes back after it.
   *
   * @throws {StorageError} `MEMORY_TOO_LARGE` (what was kept before stays), `MEMORY_INVALID`,
   *   `STORE_BUSY` when the queue is full
   */
  remember(entry: CallMemoryEntry): Promise<void>;
  /**
   * The memory of a call; undefined when it has none, or has ended.
   *
   * @throws {StorageError} `KEY_MISSING`, `SEAL_BROKEN`
   */
  recall(callId: string): Promise<Omit<CallMemoryEntry, "userId"> | undefined>;
  /** Calls without an outcome, at most `countMax`. */
  liveCalls(query: { readonly countMax: number }): Promise<LiveCalls>;
  /** Notes that the process lives. */
  alive(epochMs: number): Promise<void>;
  /**
   * Ends a call whose record cannot be opened any more: only its plain columns change, and its
   * memory goes. A call that has an outcome keeps it.
   */
  settle(call: {
    readonly callId: string;
    readonly outcome: string;
    readonly endedEpochMs: number;
  }): Promise<void>;
}

/** What is kept of calls: while they live, and for good. */
export interface CallStore extends UserCallRecords, CallLedger {}
