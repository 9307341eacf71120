/**
 * The world of a run: one shard thread with the real kernel and cast, one gateway thread with the
 * real playout, and calls that come and go. A second shard and the ledger have their places here:
 * `remember` keeps each call's memory, and the gateway hands legs over.
 */
import type { MessagePort } from "node:worker_threads";
import type { CastPorts, MediaLink } from "../../actors/call/cast-ports.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  type ActorSystem,
} from "../../actors/kernel/index.js";
import { createFrameRing, FrameRingReader, FrameRingWriter } from "../../base/frame-ring.js";
import { Histogram } from "../../base/histogram.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { LegCommand, LegNotice } from "../../engine/control/messages.js";
import { Shard } from "../../engine/shard/shard.js";
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
import { WatchedCast, type CastWatcher, type Part } from "./watched-cast.js";

/** A guard of ours taken away, to see that the simulation notices. */
export type Sabotage =
  /** The gateway never hears of a clear. */
  | "clear-ignored"
  /** The ear's end of a clear is lost at the gateway: it plays on what it should drop. */
  | "cleared-played"
  /** A call restarts its actors for ever. */
  | "restarts-unbounded"
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
const inboundBytes = 2 ** 22;
const outboundBytes = 2 ** 21;

export class World {
  readonly seed: number;
  readonly sabotage: Sabotage | undefined;
  readonly loop = new SimLoop();
  readonly shardTime: ThreadTime = this.loop.thread();
  readonly gatewayTime: ThreadTime = this.loop.thread();
  readonly trace: Trace;
  readonly violations = new Violations(() => this.loop.world.nowMs());
  readonly gateway: SimGateway;
  readonly shard: Shard;
  readonly hasWorldFaults: boolean;
  readonly #simCalls: (SimCall | undefined)[] = [];
  readonly #flows: ReadonlyMap<string, CompiledFlow>;
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #cast: WatchedCast;
  readonly #system: ActorSystem;
  readonly #frames: FrameRingWriter;
  /** The shard's end of its port. */
  #takeNotice: (notice: LegNotice) => void = () => undefined;
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
    const inbound = createFrameRing({ bytes: inboundBytes, incarnation: 1 });
    const outbound = createFrameRing({ bytes: outboundBytes, incarnation: 1 });
    this.#frames = new FrameRingWriter(inbound);
    const ring = new FrameRingReader(outbound);
    const isClearLost = options.sabotage === "cleared-played";
    this.gateway = new SimGateway({
      time,
      ring,
      findPrompt: (id) => this.#prompts.get(id),
      isClearLost,
    });
    this.#cast = new WatchedCast(this.#watcher());
    this.#system = createActorSystem({
      name: "shard-0",
      dispatcher: createSchedulerDispatcher(this.shardTime),
      time: this.shardTime,
      deadLetters: this.#cast.buried,
      onFailure: () => undefined,
    });
    this.#cast.attach(this.#system);
    const system: ActorSystem = {
      ...this.#system,
      spawn: (name, behavior) => this.#system.spawn(name, this.#cast.wrap(behavior)),
    };
    const castPorts = (media: MediaLink): CastPorts => this.#castPorts(media);
    this.shard = new Shard({ time: this.shardTime, system, castPorts });
    const port = this.#shardPort();
    this.shard.attachGateway({ shardIndex: 0, incarnation: 1, port, inbound, outbound });
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
    this.shard.startCall(simCall.spec);
  }

  /** A notice of the gateway arrives at the shard. */
  notify(notice: LegNotice): void {
    this.#takeNotice(notice);
  }

  /** The gateway writes a frame to the shard's ring. */
  writeFrame(slot: number, payload: Uint8Array, mediaSamples: number): void {
    const atMs = this.loop.world.nowMs();
    this.#frames.write({ slot, sequence: 0, flags: 0, mediaSamples, atMs }, payload);
    if (!this.#frames.takeDoorbell()) return;
    this.shardTime.soon(() => this.#takeNotice({ kind: "doorbell" }));
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
    const { callCount } = this.shard;
    if (callCount > 0) this.violations.add(-1, "call-left", `${callCount} calls`);
    // The supervisor of the calls lives on, and the shard's own timers with it.
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
      tamper: this.sabotage === "restarts-unbounded" ? forgetRestarts : undefined,
      limits: this.sabotage === "mailbox-unbounded" ? { audio: 1_000_000 } : undefined,
    };
  }

  /** What the shard posts goes over the way of the call it concerns. */
  #shardPort(): MessagePort {
    const port = {
      on: (_event: string, take: (notice: LegNotice) => void) => void (this.#takeNotice = take),
      postMessage: (command: LegCommand) =>
        this.#simCalls[this.gateway.callOf(command.slot)]!.send(command),
      close: () => undefined,
    };
    return port as unknown as MessagePort;
  }

  #castPorts(media: MediaLink): CastPorts {
    const current = (): SimCall => this.#current!;
    return {
      time: this.shardTime,
      flow: (flowId) => this.#flows.get(flowId)!,
      vad: this.#vad(),
      get recognizer() {
        return current().recognizer;
      },
      synthesize: (request) => simSynthesize(current().vendors, request),
      findPrompt: (id) => (current().hasPrompts ? this.#prompts.get(id) : undefined),
      media,
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
      latency: {
        frameIn: new Histogram(),
        frameHeld: new Histogram(),
        turn: new Histogram(),
        turnEngine: new Histogram(),
      },
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

/** A Call that never remembers how often it has restarted whom. */
function forgetRestarts({ role }: Part, state: unknown): void {
  if (role === "call") (state as { cast: { restartsMs: readonly number[] } }).cast.restartsMs = [];
}
