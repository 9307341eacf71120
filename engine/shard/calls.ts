/** CallSupervisor: the calls of one shard, each a child that may end unnoticed by the others. */
import { call } from "../../actors/call/call.js";
import type { CallSpec, CastPorts } from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import type { Behavior } from "../../actors/kernel/index.js";

export type CallsMessage =
  | { readonly kind: "startCall"; readonly spec: CallSpec }
  | { readonly kind: "callDown"; readonly callId: string };

/**
 * @param calls filled and emptied by this actor: where frames and notices of a call go
 */
export function callSupervisor(
  ports: CastPorts,
  calls: Map<string, CallDirectory>,
): Behavior<null, CallsMessage> {
  return {
    start: () => null,
    receive(_state, message, ctx) {
      if (message.kind === "callDown") return void calls.delete(message.callId);
      const { spec } = message;
      const directory = {} as CallDirectory;
      calls.set(spec.callId, directory);
      directory.call = ctx.spawn(`call-${spec.callId}`, call({ ports, spec, directory }));
      ctx.watch(directory.call, () => ({ kind: "callDown", callId: spec.callId }));
    },
  };
}
