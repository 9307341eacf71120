/** What a shard is told of a call: the request, with what its flow and the configuration add. */
import type { CallSpec } from "../../actors/call/cast-ports.js";
import type { Config } from "../../config/schema.js";
import { hearingOf } from "../../speech/hearing/call-hearing.js";
import type { CallRequest } from "../engine-node.js";
import type { LibraryFlow } from "./flow-library.js";

/** @param request its flow is one of `flows` */
export function callSpec(
  callId: string,
  request: CallRequest,
  { flows, config }: { readonly flows: ReadonlyMap<string, LibraryFlow>; readonly config: Config },
): CallSpec {
  const { userId, flow: flowId, variables = {} } = request;
  const { answerMsMax, durationMsMax } = config.calls;
  return {
    callId,
    userId,
    flowId,
    variables,
    isRecorded: request.isRecorded ?? config.recording.isEnabled,
    hearing: hearingOf(request.hearing, flows.get(flowId)?.flow.hearing, config.hearing),
    answerMsMax,
    durationMsMax,
  };
}
