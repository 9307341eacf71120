/**
 * The calls of one shard: children of a dynamic supervisor, each of which may fail or end unnoticed
 * by the others. None is ever started again here: what a call is worth after its own failures is
 * its own business, and after the loss of the shard the ledger's.
 */
import { call, callShutdownMs } from "../../actors/call/call.js";
import type { CallMemory, CallSpec, CastPorts } from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import {
  childSpec,
  supervisor,
  type ActorRef,
  type Behavior,
  type ChildSpec,
  type SupervisorMessage,
} from "../../actors/kernel/index.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";

/** All calls of a lost shard come at once. */
const commandsMax = 10_000;

/** Told when the calls of this shard begin and end. */
export type CallsListener = {
  /** Frames and notices of the call go by this directory from now on. */
  started(callId: string, directory: CallDirectory): void;
  ended(callId: string): void;
  isLive(callId: string): boolean;
};

/** One call to start. `earlier`: it comes from a lost shard. */
export type CallStart = {
  readonly spec: CallSpec;
  readonly earlier?: { readonly memory: CallMemory; readonly incarnation: number };
};

export class ShardCalls {
  readonly #ports: CastPorts;
  readonly #listener: CallsListener;
  readonly #supervisor: ActorRef<SupervisorMessage>;

  /** @param spawn starts the supervisor in the shard's system */
  constructor(options: {
    readonly ports: CastPorts;
    readonly listener: CallsListener;
    readonly spawn: (behavior: Behavior<unknown, SupervisorMessage>) => ActorRef<SupervisorMessage>;
  }) {
    this.#ports = options.ports;
    this.#listener = options.listener;
    this.#supervisor = options.spawn(supervisor({ children: [], commandsMax }));
  }

  /** Starts a call. One that cannot start has ended, as `failed`. */
  start(start: CallStart): void {
    const { callId } = start.spec;
    const delivery = this.#supervisor.tell({
      kind: "startChild",
      spec: this.#specOf(start),
      replyTo: { reply: (reply) => reply.isOk || this.#refused(callId, reply.error) },
    });
    if (delivery === "delivered") return;
    const text = `${callId} cannot be started: the calls of this shard are ${delivery}`;
    this.#refused(callId, toErrorData(new EngineError("CALL_REFUSED", text, { callId })));
  }

  #specOf({ spec, earlier }: CallStart): ChildSpec {
    const { callId } = spec;
    const directory = {} as CallDirectory;
    return childSpec({
      id: `call-${callId}`,
      restart: "temporary",
      shutdownMs: callShutdownMs,
      make: () => call({ ports: this.#ports, spec, directory, ...earlier }),
      onStarted: () => this.#listener.started(callId, directory),
      onEnded: () => this.#listener.ended(callId),
    });
  }

  #refused(callId: string, error: ErrorData): void {
    this.#ports.report(callId, { kind: "trouble", actor: "call", error });
    // The command came twice: the call that lives will tell of its own end.
    if (this.#listener.isLive(callId)) return;
    const nothing = { outcome: "failed", durationMs: 0, recordedMs: 0 };
    this.#ports.report(callId, { kind: "ended", ...nothing });
  }
}
