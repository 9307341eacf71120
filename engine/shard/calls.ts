/** CallSupervisor: the calls of one shard, each a child that may end unnoticed by the others. */
import { call } from "../../actors/call/call.js";
import type { CallMemory, CallSpec, CastPorts } from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import type { Behavior } from "../../actors/kernel/index.js";

export type CallsMessage =
  | {
      readonly kind: "startCall";
      readonly spec: CallSpec;
      /** Of a call that comes from a lost shard. */
      readonly earlier?: { readonly memory: CallMemory; readonly incarnation: number };
    }
  | { readonly kind: "callDown"; readonly callId: string };

/** Told when the calls of this shard begin and end. */
export type CallsListener = {
  /** Frames and notices of the call go by this directory from now on. */
  started(callId: string, directory: CallDirectory): void;
  ended(callId: string): void;
};

export function callSupervisor(
  ports: CastPorts,
  listener: CallsListener,
): Behavior<null, CallsMessage> {
  return {
    start: () => null,
    receive(_state, message, ctx) {
      if (message.kind === "callDown") return listener.ended(message.callId);
      const { spec, earlier } = message;
      const directory = {} as CallDirectory;
      directory.call = ctx.spawn(
        `call-${spec.callId}`,
        call({ ports, spec, directory, ...earlier }),
      );
      ctx.watch(directory.call, () => ({ kind: "callDown", callId: spec.callId }));
      listener.started(spec.callId, directory);
    },
  };
}
