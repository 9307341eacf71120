/**
 * The call store over a `MessagePort` to the store thread. A port has no backpressure of its own,
 * so the client bounds its open questions, and every one of them ends: by its answer, its deadline,
 * or the end of the thread.
 */
import type { MessagePort } from "node:worker_threads";
import { fromErrorData } from "../base/errors.js";
import type { Scheduler } from "../base/ports.js";
import type { CallStore, LiveCalls } from "./call-ledger.js";
import type { CallRecord } from "./call-records.js";
import { StorageError } from "./storage-error.js";
import type { StoreReply, StoreRequest } from "./store-messages.js";

/** What the client uses of a port. */
export type StorePort = Pick<MessagePort, "on" | "postMessage" | "close">;

export type StoreClientOptions = {
  /** The client's own: nothing else listens on it, and `close` closes it. */
  readonly port: StorePort;
  readonly time: Scheduler;
  /** After this an answer no longer counts. Default 5000 ms. */
  readonly deadlineMs?: number;
  /** Questions open at once. Default 1024. */
  readonly pendingMax?: number;
};

type Pending = { readonly settle: (outcome: { value: unknown } | { error: Error }) => void };
/** A request before it has its id. */
type Question = StoreRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, "id">
    : never
  : never;

/**
 * Every method rejects with what the store rejected with, or `STORE_BUSY` (too many open questions;
 * nothing was sent), `STORE_TIMEOUT` (the outcome is unknown; putting again is harmless),
 * `STORE_LOST` (the thread is gone), `STORE_CLOSED`. `close` waits for the open questions and
 * closes the port; the store itself lives on.
 */
export function createStoreClient(options: StoreClientOptions): CallStore {
  const { port, time, deadlineMs = 5000, pendingMax = 1024 } = options;
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let end: StorageError | undefined;
  let closing: Promise<void> | undefined;
  let whenIdle: (() => void) | undefined;

  port.on("message", (reply: StoreReply) => {
    const value = reply.ok ? { value: reply.value } : { error: fromErrorData(reply.error) };
    pending.get(reply.id)?.settle(value); // an answer after its deadline finds nobody
  });
  port.on("close", () => {
    end ??= new StorageError("STORE_LOST", "the store thread is gone: its answers are lost", {});
    for (const { settle } of [...pending.values()]) settle({ error: end });
  });

  const ask = (question: Question): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (end !== undefined) throw end;
      if (pending.size >= pendingMax) throw busy(pending.size);
      const id = (lastId += 1);
      const timer = time.after(deadlineMs, () => settle({ error: late(question.op, deadlineMs) }));
      const settle: Pending["settle"] = (outcome) => {
        if (!pending.delete(id)) return;
        timer.cancel();
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
        if (pending.size === 0) whenIdle?.();
      };
      pending.set(id, { settle });
      try {
        port.postMessage({ ...question, id });
      } catch (cause) {
        settle({ error: uncloneable(question.op, cause) });
      }
    });

  const close = async (): Promise<void> => {
    end ??= new StorageError("STORE_CLOSED", "this client of the store is closed", {});
    if (pending.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
    port.close();
  };
  return { ...questionsBy(ask), close: () => (closing ??= close()) };
}

type Ask = (question: Question) => Promise<unknown>;

/** Each method is one question. */
function questionsBy(ask: Ask): Omit<CallStore, "close"> {
  return {
    put: (record) => ask({ op: "put", record }) as Promise<void>,
    get: (callId) => ask({ op: "get", callId }) as Promise<CallRecord | undefined>,
    list: (query) => ask({ op: "list", query }) as Promise<readonly CallRecord[]>,
    forget: (userId) => ask({ op: "forget", userId }) as Promise<{ recordCount: number }>,
    remember: (entry) => ask({ op: "remember", entry }) as Promise<void>,
    recall: (callId) => ask({ op: "recall", callId }) as ReturnType<CallStore["recall"]>,
    liveCalls: (query) => ask({ op: "liveCalls", query }) as Promise<LiveCalls>,
    alive: (epochMs) => ask({ op: "alive", epochMs }) as Promise<void>,
    settle: (call) => ask({ op: "settle", call }) as Promise<void>,
  };
}

function busy(open: number): StorageError {
  return new StorageError(
    "STORE_BUSY",
    `${open} questions to the store are open already; try again later`,
    { open, openMax: open },
  );
}

function late(op: string, deadlineMs: number): StorageError {
  return new StorageError("STORE_TIMEOUT", `the store did not answer "${op}" in ${deadlineMs} ms`, {
    op,
    deadlineMs,
  });
}

function uncloneable(op: string, cause: unknown): StorageError {
  const message = `call record: detail cannot cross to the store ("${op}"): it is to be plain data`;
  return new StorageError("RECORD_INVALID", message, { field: "detail" }, { cause });
}
