/** A call as the outside sees it when it begins, and as it goes on record. */
import type { CallRecord } from "../../storage/call-records.js";
import type { CallRequest, CallView } from "../engine-node.js";

/** A call that is about to be dialled. */
export function newView(callId: string, request: CallRequest, startedEpochMs: number): CallView {
  const { userId, flow, trunk, to } = request;
  return {
    callId,
    userId,
    flow,
    trunk,
    to,
    status: "dialing",
    startedEpochMs,
    recordedMs: 0,
    transcript: [],
    keys: [],
    turns: [],
    interruptions: [],
  };
}

export function recordOf(view: CallView): CallRecord {
  const { callId, userId, flow: flowId, startedEpochMs, outcome, endedEpochMs } = view;
  return {
    callId,
    userId,
    flowId,
    startedEpochMs,
    ...(outcome === undefined ? {} : { outcome }),
    ...(endedEpochMs === undefined ? {} : { endedEpochMs }),
    detail: view,
  };
}
