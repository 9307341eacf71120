/**
 * The world of a run: one shard thread with the real kernel and cast, one gateway thread with the
 * real playout, and calls that come and go. A second shard and the ledger have their places here:
 * `remember` keeps each call's memory, and the gateway hands legs over.
 */
import type { CastPorts } from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  type ActorRef,
  type ActorSystem,
} from "../../actors/kernel/index.js";
import { Histogram } from "../../base/histogram.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { callSupervisor, type CallsMessage } from "../../engine/shard/calls.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { Fault } from "./fault-plan.js";
import type { SimCall } from "./sim-call.js";
import { SimGateway } from "./sim-gateway.js";
import { SimLoop, type ThreadTime } from "./sim-loop.js";
import { simSynthesize, spokenMs } from "./sim-vendors.js";
import { speechLevel } from "./spoken-code.js";
import { Trace } from "./trace.js";
import { Violations } from "./violations.js";
import { WatchedCast, type CastWatcher } from "./watched-cast.js";

/** A guard of ours taken away, to see that the simulation notices. */
export type Sabotage =
  /** The gateway never hears of a clear. */
  | "clear-ignored"
  /** Every end is reported twice. */
  | "outcome-twice"
  /** A timer of each call is never cancelled. */
  | "timer-leaked"
  /** Audio may pile up without bound. */
  | "mailbox-unbounded";

export type WorldOptions = {
  readonly seed: number;
  readonly flows: readonly CompiledFlow[];
  readonly faults: readonly Fault[];
  readonly sabotage?: Sabotage | undefined;
  readonly write?: ((line: string) => void) | undefined;
  readonly onFault: (fault: Fault) => void;
};

const bytesPerMs = 8;

export class World {
  readonly seed: number;
  readonly sabotage: Sabotage | undefined;
  readonly loop = new SimLoop();
  readonly shardTime: ThreadTime = this.loop.thread();
  readonly gatewayTime: ThreadTime = this.loop.thread();
  readonly trace: Trace;
  readonly violations = new Violations(() => this.loop.world.nowMs());
  readonly gateway: SimGateway;
  /** The shard's table of calls, kept by its supervisor. */
  readonly calls = new Map<string, CallDirectory>();
  readonly hasWorldFaults: boolean;
  readonly #simCalls: (SimCall | undefined)[] = [];
  readonly #flows: ReadonlyMap<string, CompiledFlow>;
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #cast: WatchedCast;
  readonly #system: ActorSystem;
  readonly #supervisor: ActorRef<CallsMessage>;
  /** The call for which code runs at this moment. */
  #current: SimCall | undefined;
  #endedCount = 0;
  #openVads = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.sabotage = options.sabotage;
    this.trace = new Trace({ write: options.write });
    this.hasWorldFaults = options.faults.length > 0;
    this.#flows = new Map(options.flows.map((flow) => [flow.id, flow]));
    this.#renderPrompts();
    const { gatewayTime: time } = this;
    this.gateway = new SimGateway({ time, findPrompt: (id) => this.#prompts.get(id) });
    this.#cast = new WatchedCast(this.#watcher());
    this.#system = createActorSystem({
      name: "shard-0",
      dispatcher: createSchedulerDispatcher(this.shardTime),
      time: this.shardTime,
      deadLetters: this.#cast.buried,
      onFailure: () => undefined,
    });
    this.#cast.attach(this.#system);
    const supervisor = callSupervisor(this.#castPorts(), {
      started: (callId, directory) => void this.calls.set(callId, directory),
      ended: (callId) => void this.calls.delete(callId),
    });
    this.#supervisor = this.#system.spawn("calls", this.#cast.wrap(supervisor));
    for (const fault of options.faults) this.#schedule(fault, options.onFault);
  }

  get endedCount(): number {
    return this.#endedCount;
  }

  get handledCount(): number {
    return this.#cast.handledCount;
  }

  startCall(simCall: SimCall): void {
    this.#simCalls[simCall.index] = simCall;
    this.#supervisor.tell({ kind: "startCall", spec: simCall.spec });
  }

  callEnded(_simCall: SimCall): void {
    this.#endedCount += 1;
  }

  judgeProgress(): void {
    for (const simCall of this.#simCalls) simCall?.judgeProgress();
  }

  /** All calls are over: what is left of them? */
  judgeRest(): void {
    for (const index of this.gateway.openCalls) {
      this.violations.add(index, "leg-left", "the call is over and its line is open");
    }
    if (this.calls.size > 0) this.violations.add(-1, "call-left", `${this.calls.size} calls`);
    // The supervisor of the calls lives on.
    if (this.#cast.liveCount > 1) {
      this.violations.add(-1, "actor-left", `${this.#cast.liveCount - 1} actors live on`);
    }
    const timers = this.shardTime.liveTimers + this.gatewayTime.liveTimers;
    if (timers > 0) this.violations.add(-1, "timer-left", `${timers} timers wait`);
    if (this.#openVads > 0) this.violations.add(-1, "vad-left", `${this.#openVads} detectors`);
  }

  stop(): void {
    this.#system.stop();
  }

  #renderPrompts(): void {
    for (const { fixedPrompts, voice, language } of this.#flows.values()) {
      for (const text of fixedPrompts) {
        const audio = new Uint8Array(spokenMs(text) * bytesPerMs).fill(0x20);
        this.#prompts.set(promptId({ text, voice, language }), audio);
      }
    }
  }

  #watcher(): CastWatcher {
    const callOf = (index: number | undefined): SimCall | undefined =>
      index === undefined ? undefined : this.#simCalls[index];
    return {
      enter: (part) => void (this.#current = callOf(part.callIndex)),
      starting: (part) => callOf(part.callIndex)?.starting(part),
      handling: (part, message, when) => callOf(part.callIndex)?.handling(part, message, when),
      told: (part, message) => {
        if (part.role !== "dialog" || message.kind !== "bargeIn") return;
        callOf(part.callIndex)?.bargeInConfirmed();
      },
      violated: (part, rule, what) => this.violations.add(part.callIndex ?? -1, rule, what),
      limits: this.sabotage === "mailbox-unbounded" ? { audio: 1_000_000 } : undefined,
    };
  }

  #castPorts(): CastPorts {
    const current = (): SimCall => this.#current!;
    const bySlot = (slot: number): SimCall => this.#simCalls[this.gateway.callOf(slot)]!;
    return {
      time: this.shardTime,
      flow: (flowId) => this.#flows.get(flowId)!,
      vad: this.#vad(),
      get recognizer() {
        return current().recognizer;
      },
      synthesize: (request) => simSynthesize(current().vendors, request),
      findPrompt: (id) => (current().hasPrompts ? this.#prompts.get(id) : undefined),
      media: {
        playPrompt: (slot, utterance, id) =>
          bySlot(slot).send({ kind: "playPrompt", slot, utterance, promptId: id }),
        openStream: (slot, utterance) => bySlot(slot).send({ kind: "openStream", slot, utterance }),
        streamFrame: (slot, utterance, frame) => this.gateway.writeRing(slot, utterance, frame),
        endStream: (slot, utterance) => bySlot(slot).send({ kind: "endStream", slot, utterance }),
        clear: (slot, utterance) => bySlot(slot).send({ kind: "clear", slot, utterance }),
        hangup: (slot, reason) => bySlot(slot).send({ kind: "hangup", slot, reason }),
      },
      record: (chunk) => current().store.record(chunk),
      recordedChunks: () => current().store.recordedChunks(),
      remember: (callId, memory) => {
        const simCall = this.#simCalls[Number(callId.slice(1))];
        if (simCall !== undefined) simCall.memory = memory;
      },
      report: (callId, event) => {
        const simCall = this.#simCalls[Number(callId.slice(1))]!;
        simCall.event(event);
        if (event.kind !== "ended") return;
        if (this.sabotage === "outcome-twice") simCall.event(event);
        if (this.sabotage === "timer-leaked") this.shardTime.after(3_600_000, () => undefined);
      },
      latency: { frameIn: new Histogram(), turn: new Histogram(), turnEngine: new Histogram() },
    };
  }

  #vad(): VadFactory {
    const openVads = (by: number): void => void (this.#openVads += by);
    return {
      create() {
        openVads(1);
        return {
          isSpeech: (frame) => Math.abs(frame[0]!) > speechLevel,
          reset: () => undefined,
          close: () => openVads(-1),
        };
      },
      openCount: 0,
    };
  }

  #schedule(fault: Fault, onFault: (fault: Fault) => void): void {
    this.loop.world.after(fault.at, () => {
      onFault(fault);
      this.trace.note(this.loop.world.nowMs(), -1, fault.site, fault.durationMs);
      if (fault.site === "shardStall") this.shardTime.stall(fault.durationMs);
      else if (fault.site === "gatewayStall") this.gatewayTime.stall(fault.durationMs);
      else this.shardTime.jumpEpoch(fault.durationMs);
    });
  }
}
