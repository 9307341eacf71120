/** What the store thread and its clients say to one another. Plain data: it crosses by clone. */
import type { MessagePort } from "node:worker_threads";
import type { ErrorData } from "../base/errors.js";
import type { CallLedger, CallMemoryEntry } from "./call-ledger.js";
import type { CallRecord, CallRecordQuery } from "./call-records.js";
import type { WriteQueueLimits } from "./write-queue.js";

/** `workerData` of the store thread. */
export type StoreThreadOptions = {
  /** Keys in `keys/`, the database in `voxtree.db`. */
  readonly dataDir: string;
  readonly kekFile: string;
  readonly limits?: WriteQueueLimits;
};

/** One question of a client; answered by exactly one `StoreReply` with its id. */
export type StoreRequest = { readonly id: number } & (
  | { readonly op: "put"; readonly record: CallRecord }
  | { readonly op: "get"; readonly callId: string }
  | { readonly op: "list"; readonly query: CallRecordQuery }
  | { readonly op: "forget"; readonly userId: string }
  | { readonly op: "remember"; readonly entry: CallMemoryEntry }
  | { readonly op: "recall"; readonly callId: string }
  | { readonly op: "liveCalls"; readonly query: Parameters<CallLedger["liveCalls"]>[0] }
  | { readonly op: "alive"; readonly epochMs: number }
  | { readonly op: "settle"; readonly call: Parameters<CallLedger["settle"]>[0] }
);

export type StoreReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData };

/** Orders to the thread, on its parent port only. */
export type StoreCommand =
  /** Serves one more client; the port is transferred. */
  | { readonly kind: "connect"; readonly port: MessagePort }
  /** Stores what is queued, closes all ports, ends the thread. */
  | { readonly kind: "close" };

/** Reports of the thread, on its parent port. After `failed` or `closed` it ends. */
export type StoreReport =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: ErrorData }
  | { readonly kind: "closed" };
