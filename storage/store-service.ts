/** Answers the requests of any number of ports from one store, errors as data. */
import type { MessagePort } from "node:worker_threads";
import { assertNever } from "../base/assert.js";
import { toErrorData } from "../base/errors.js";
import type { CallStore } from "./call-ledger.js";
import type { StoreReply, StoreRequest } from "./store-messages.js";

/** What the service needs of a port; a thread's parent port is one, too. */
export type ServicePort = Pick<MessagePort, "postMessage">;

/** Runs one request and answers it on `port`; never rejects. */
export async function answer(
  store: CallStore,
  request: StoreRequest,
  port: ServicePort,
): Promise<void> {
  let reply: StoreReply;
  try {
    reply = { id: request.id, ok: true, value: await perform(store, request) };
  } catch (error) {
    reply = { id: request.id, ok: false, error: toErrorData(error) };
  }
  // A client that is gone does not read its answer; posting to a closed port does nothing.
  port.postMessage(reply);
}

function perform(store: CallStore, request: StoreRequest): Promise<unknown> {
  switch (request.op) {
    case "put":
      return store.put(request.record);
    case "get":
      return store.get(request.callId);
    case "list":
      return store.list(request.query);
    case "forget":
      return store.forget(request.userId);
    case "remember":
      return store.remember(request.entry);
    case "recall":
      return store.recall(request.callId);
    case "liveCalls":
      return store.liveCalls(request.query);
    case "alive":
      return store.alive(request.epochMs);
    case "settle":
      return store.settle(request.call);
    default:
      return assertNever(request);
  }
}
