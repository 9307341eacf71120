/**
 * Entry of the store thread: the only writer of the embedded database. It serves its parent port
 * and every port connected later (a shard talks to it directly), and reports on the parent port.
 */
import { join } from "node:path";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { assert } from "../base/assert.js";
import { toErrorData } from "../base/errors.js";
import { nodeTime } from "../base/node-ports.js";
import { yieldToAudio } from "../base/thread-priority.js";
import { createAesSealer } from "./aes-sealer.js";
import type { CallStore } from "./call-ledger.js";
import { openSqliteCallStore } from "./sqlite-call-store.js";
import { answer } from "./store-service.js";
import type { StoreCommand, StoreReport, StoreRequest } from "./store-messages.js";
import type { StoreThreadOptions } from "./store-messages.js";

function open(options: StoreThreadOptions): CallStore {
  return openSqliteCallStore({
    file: join(options.dataDir, "voxtree.db"),
    sealer: createAesSealer(options),
    time: nodeTime(),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
}

function serve(parent: MessagePort, store: CallStore): void {
  const clients = new Set<MessagePort>();
  const connect = (port: MessagePort): void => {
    clients.add(port);
    port.on("message", (request: StoreRequest) => void answer(store, request, port));
    port.on("close", () => clients.delete(port));
  };
  const close = async (): Promise<void> => {
    try {
      await store.close();
      report(parent, { kind: "closed" });
    } catch (error) {
      report(parent, { kind: "failed", error: toErrorData(error) });
    }
    for (const port of clients) port.close();
    parent.close();
  };
  parent.on("message", (message: StoreCommand | StoreRequest) => {
    if ("op" in message) void answer(store, message, parent);
    else if (message.kind === "connect") connect(message.port);
    else void close();
  });
  report(parent, { kind: "ready" });
}

function report(parent: MessagePort, message: StoreReport): void {
  parent.postMessage(message);
}

assert(parentPort !== null, "store-main runs as a worker thread only");
yieldToAudio();
try {
  serve(parentPort, open(workerData as StoreThreadOptions));
} catch (error) {
  report(parentPort, { kind: "failed", error: toErrorData(error) });
  throw error; // the supervisor believes the exit of the thread
}
