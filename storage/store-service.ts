/** Answers the requests of any number of ports from one store, errors as data. */
import type { MessagePort } from "node:worker_threads";
import { assertNever } from "../base/assert.js";
import { toErrorData } from "../base/errors.js";
import type { UserCallRecords } from "./call-records.js";
import type { StoreReply, StoreRequest } from "./store-messages.js";

/** What the service needs of a port; a thread's parent port is one, too. */
export type ServicePort = Pick<MessagePort, "postMessage">;

/** Runs one request and answers it on `port`; never rejects. */
export async function answer(
  records: UserCallRecords,
  request: StoreRequest,
  port: ServicePort,
): Promise<void> {
  let reply: StoreReply;
  try {
    reply = { id: request.id, ok: true, value: await perform(records, request) };
  } catch (error) {
    reply = { id: request.id, ok: false, error: toErrorData(error) };
  }
  // A client that is gone does not read its answer; posting to a closed port does nothing.
  port.postMessage(reply);
}

function perform(records: UserCallRecords, request: StoreRequest): Promise<unknown> {
  switch (request.op) {
    case "put":
      return records.put(request.record);
    case "get":
      return records.get(request.callId);
    case "list":
      return records.list(request.query);
    case "forget":
      return records.forget(request.userId);
    default:
      return assertNever(request);
  }
}
