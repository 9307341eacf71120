/**
 * A world: an engine on simulated threads, and around it a trunk, phones, vendors and a disk. Some
 * hundred calls come and go in it while things go wrong; then the engine is drained, and everything
 * must be as it was.
 */
import { toErrorData } from "../../base/errors.js";
import type { LegCommand, LegNotice, ShardReport } from "../../engine/control/messages.js";
import type { CallRequest, CallView } from "../../engine/engine-node.js";
import type { Job, JobResult } from "../../engine/jobs/jobs.js";
import type { OpenRecognizer } from "../../engine/shard/open-recognizer.js";
import { callCommandOf, onceInOrder } from "./node-commands.js";
import { judgeLimit } from "./admission-judge.js";
import type { Fault } from "./fault-plan.js";
import type { Sabotage } from "./sabotage.js";
import { seededRng } from "./seeded-rng.js";
import type { SimCall } from "./sim-call.js";
import { SimDisk, simJobs, storeBody } from "./sim-disk.js";
import { answerMsMax, durationMsMax, restMs, SimEngine } from "./sim-engine.js";
import { SimLoop, type ThreadTime } from "./sim-loop.js";
import { SimNetwork } from "./sim-network.js";
import { recordPack } from "./sim-recording.js";
import type { BodyContext, SimThread, ThreadBody } from "./sim-threads.js";
import { simTrunk } from "./sim-trunk.js";
import { openStream, simSynthesize } from "./sim-vendors.js";
import type { Trace } from "./trace.js";
import type { Violations } from "./violations.js";
import type { CastWatcher, Part } from "./watched-cast.js";
import { strikeWorld } from "./world-faults.js";
import { gatewayBody, shardBody } from "./world-threads.js";

export type WorldOptions = {
  readonly seed: number;
  readonly index: number;
  readonly flowFiles: readonly string[];
  readonly faults: readonly Fault[];
  readonly sabotage: Sabotage | undefined;
  readonly trace: Trace;
  readonly violations: Violations;
  readonly onFault: (fault: Fault) => void;
};

/** No world has so many at once. */
const manyCalls = 2000;

/** A process that was killed is back by then, with what it had to clear away. */
const recoveryMs = 8000;
const upMsMax = 60_000;

export class World {
  readonly seed: number;
  readonly index: number;
  readonly sabotage: Sabotage | undefined;
  readonly loop = new SimLoop();
  readonly trace: Trace;
  readonly violations: Violations;
  readonly network = new SimNetwork(this.loop);
  readonly disk: SimDisk;
  /** No call lives longer, not even one that every shard dies with. */
  readonly lifeMsMax = answerMsMax + durationMsMax + 20_000;
  /** When a thread was last lost, or blocked, or the store unwell. */
  lastTroubleMs = -1;
  handledCount = 0;
  /** Calls that the engine takes at once. */
  readonly callsMax: number;
  engine: SimEngine;
  readonly slowWays = new Map<string, { readonly untilMs: number; readonly extraMs: number }>();
  readonly #options: WorldOptions;
  readonly #simCalls = new Map<string, SimCall>();
  readonly #callOfSlot = new Map<number, SimCall>();
  readonly #callOfJob = new WeakMap<Job, SimCall>();
  /** The call for which code runs at this moment. */
  #current: SimCall | undefined;
  #starting: SimCall | undefined;
  #endedCount = 0;
  /** Ended while their process died: the end was told, and may not have come to the disk. */
  readonly #unwritten = new Set<string>();
  /** Who waits for the end of a call. */
  readonly #waiting = new Set<SimCall>();

  constructor(options: WorldOptions) {
    const { seed, index, sabotage, trace, violations } = options;
    this.#options = options;
    this.seed = seed;
    this.index = index;
    this.sabotage = sabotage;
    this.trace = trace;
    this.violations = violations;
    this.disk = new SimDisk((callId, rule, what) => this.#call(callId)?.violated(rule, what));
    this.disk.isForgetful = sabotage === "intent-unwritten";
    this.disk.losesOutcomes = sabotage === "outcome-unwritten";
    const rng = seededRng(seed, 0xad31, index);
    this.callsMax = rng.chance(0.4) ? rng.int(20, 60) : manyCalls;
    this.engine = this.#newEngine();
  }

  get endedCount(): number {
    return this.#endedCount;
  }

  get isStopping(): boolean {
    return this.engine.isStopping;
  }

  async start(): Promise<boolean> {
    const isUp = await this.engine.start();
    for (const fault of this.#options.faults) this.#schedule(fault);
    return isUp;
  }

  startCall(simCall: SimCall, request: CallRequest): void {
    this.#simCalls.set(simCall.callId, simCall);
    const { engine } = this;
    if (!engine.isUp) return simCall.refused("DOWN");
    engine.time.soon(() => {
      this.#starting = simCall;
      const dialled = engine.node.startCall(request, (view) => simCall.seen(view));
      this.#starting = undefined;
      dialled.then(
        (view) => this.#awaitEnd(engine, simCall, view),
        (error: unknown) => simCall.refused(toErrorData(error).code),
      );
    });
  }

  hangup(simCall: SimCall): void {
    const { engine } = this;
    engine.time.soon(() => {
      // Rejected where it is over already.
      engine.node.hangup(simCall.callId).catch(() => undefined);
    });
  }

  callEnded(): void {
    this.#endedCount += 1;
  }

  judgeProgress(): void {
    for (const simCall of this.#simCalls.values()) simCall.judge.progress();
  }

  /** The process is killed; another one starts on the same disk. */
  loseProcess(downMs: number): void {
    this.engine.kill();
    this.troubled(downMs + recoveryMs);
    this.#waiting.clear();
    const { world } = this.loop;
    const lost = [...this.#simCalls.values()].filter(({ outcome }) => outcome === undefined);
    for (const { callId, outcome } of this.#simCalls.values()) {
      const isWritten = this.disk.records.get(callId)?.outcome !== undefined;
      if (outcome !== undefined && !isWritten) this.#unwritten.add(callId);
    }
    for (const { recording } of this.#simCalls.values()) recording.processLost();
    for (const simCall of lost) simCall.judge.processLost(this.disk.memoryOf(simCall.callId));
    world.after(downMs, () => {
      this.engine = this.#newEngine();
      this.engine.startAside();
    });
    world.after(downMs + recoveryMs, () => {
      for (const simCall of lost) this.#recovered(simCall);
      // A node that has stopped meanwhile answers at once, with no event behind it.
      this.loop.flush();
    });
  }

  /** Its process was killed, and another one has it, or has ended it. */
  #recovered(simCall: SimCall): void {
    if (simCall.outcome !== undefined) return;
    this.engine.node.callEnded(simCall.callId).then(
      ({ outcome = "none" }) => simCall.endedElsewhere(outcome),
      // Nobody has it: what does the record say?
      () => simCall.afterProcessLoss(this.disk),
    );
  }

  /** Drains the engine and judges what it leaves. */
  async stop(drainMs: number): Promise<void> {
    // Where its process was just killed, the next one must be there first.
    await this.loop.run(this.loop.world.nowMs() + upMsMax, () => this.engine.isUp);
    await this.engine.stop(drainMs);
    for (const simCall of this.#simCalls.values()) {
      if (simCall.outcome === undefined) simCall.violated("one-outcome", "it never ended");
      else this.#judgeRecord(simCall, simCall.outcome);
    }
    this.#judgeWaiting();
  }

  /** All calls are over and the engine runs on: what is left of them? */
  async rest(): Promise<void> {
    await this.loop.run(this.loop.world.nowMs() + restMs, () => false);
    this.engine.judgeRest();
    this.#judgeWaiting();
  }

  /** From now on, and until what takes `durationMs` is over, not everything is as it should be. */
  troubled(durationMs: number): void {
    this.lastTroubleMs = Math.max(this.lastTroubleMs, this.loop.world.nowMs() + durationMs);
  }

  #judgeWaiting(): void {
    for (const simCall of this.#waiting)
      simCall.violated("ask-open", "who waits never hears of it");
  }

  /** What is on record is what was told; a store that was unwell may have missed the end. */
  #judgeRecord(simCall: SimCall, outcome: string): void {
    if (outcome.startsWith("refused:") || this.disk.wasUnwell) return;
    const record = this.disk.records.get(simCall.callId);
    if (record?.outcome === outcome || this.#unwritten.has(simCall.callId)) return;
    simCall.violated("on-record", `${outcome} is on record as ${record?.outcome ?? "unknown"}`);
  }

  #awaitEnd(engine: SimEngine, simCall: SimCall, { callId }: CallView): void {
    judgeLimit(this.violations, engine.node.health().liveCalls, this.callsMax);
    this.#waiting.add(simCall);
    engine.node.callEnded(callId).then(
      (view) => {
        this.#waiting.delete(simCall);
        if (view.outcome === simCall.outcome) return;
        simCall.violated("one-outcome", `${simCall.outcome} was told, ${view.outcome} comes last`);
      },
      (error: unknown) => {
        this.#waiting.delete(simCall);
        // It ended before anybody could ask, and its record could not be stored.
        if (this.disk.wasUnwell) return;
        simCall.violated("one-outcome", `no end to wait for: ${toErrorData(error).code}`);
      },
    );
  }

  #call(callId: string | undefined): SimCall | undefined {
    return callId === undefined ? undefined : this.#simCalls.get(callId);
  }

  #newEngine(): SimEngine {
    const { loop, network, seed, index } = this;
    const rng = seededRng(seed, 0x9e71, index);
    const ways = new Map<string, number>();
    const engine: SimEngine = new SimEngine({
      loop,
      network,
      flowFiles: this.#options.flowFiles,
      // Sometimes there is no room for all prompts: then more is streamed.
      promptBytesMax: rng.chance(0.7) ? 2 ** 28 : 400_000,
      body: (name, context) => this.#body(name, context),
      carry: (message, _receiver, arrive) => this.#carry(message, arrive),
      wayMs: (name) => {
        if (!ways.has(name)) ways.set(name, 0.1 + rng.next() * 3);
        const slow = this.slowWays.get(name);
        const isSlow = slow !== undefined && slow.untilMs > loop.world.nowMs();
        return ways.get(name)! + (isSlow ? slow.extraMs : 0);
      },
      jobs: simJobs(loop, (job) => this.#job(job)),
      newCallId: () => this.#starting!.callId,
      trunk: simTrunk((request, tell) =>
        this.#call(request.callId)!.dial(request, engine.time, tell),
      ),
      // Its calls are nowhere until they are taken over.
      lost: () => this.troubled(3000),
      areUndead: this.sabotage === "thread-undead",
      callsMax: this.sabotage === "admission-open" ? manyCalls : this.callsMax,
      quarantineMax: this.sabotage === "suspects-free" ? 0 : undefined,
      commanded: (_name, command) => {
        const { kind, callId } = callCommandOf(command) ?? {};
        if (kind === undefined) return onceInOrder;
        const fate = this.#call(callId)?.commanded(kind) ?? onceInOrder;
        // What the node tells that thread about other calls waits behind it, and behind others.
        if (fate.laterMs > 0) this.troubled(2 * fate.laterMs);
        return fate;
      },
      violated: (rule, what) => this.violations.add(-1, rule, what),
    });
    return engine;
  }

  #body(name: string, context: BodyContext): ThreadBody {
    if (name.startsWith("gateway")) return gatewayBody(context, this.network);
    if (name === "store") return storeBody(context, this.disk);
    return shardBody(context, {
      watcher: ({ thread }) => this.#watcher(thread),
      recognizer: this.#recognizer(context.time),
      report: (report) => this.#shardReport(report, context),
    });
  }

  /** One world in ten has no recogniser: callees answer by key. */
  #recognizer(time: ThreadTime): OpenRecognizer | undefined {
    if (seededRng(this.seed, 0xa5, this.index).chance(0.1)) return undefined;
    return {
      recognizer: {
        ratesHz: [8000, 16000],
        open: ({ grammar }, listener) =>
          openStream(this.#current!.vendors, { time, grammar, listener }),
      },
      prepare: () => undefined,
      close: () => undefined,
    };
  }

  #shardReport(report: ShardReport, { thread, report: post }: BodyContext): void {
    if (report.kind === "job" && this.#current !== undefined) {
      this.#callOfJob.set(report.job, this.#current);
    }
    if (report.kind !== "remember" && report.kind !== "callEvent") return post(report);
    const simCall = this.#call(report.callId)!;
    const told = (): void => simCall.reported(report, thread);
    if (report.kind === "remember") {
      if (this.sabotage === "memory-stale" && simCall.judge.memoryCount >= 2) return told();
      if (this.sabotage === "memory-late") {
        return void thread.time.after(1, () => {
          told();
          post(report);
        });
      }
    } else if (report.event.kind === "ended") {
      if (this.sabotage === "outcome-twice") told();
      if (this.sabotage === "timer-leaked") thread.time.after(3_600_000, () => undefined);
    }
    told();
    post(report);
  }

  /** A job of a call goes to the call's own vendors. */
  #job(job: Job): Promise<JobResult> | undefined {
    if (job.kind === "record") {
      return recordPack(job, (callId) => this.#call(callId)!.recording);
    }
    const simCall =
      this.#callOfJob.get(job) ?? this.#call("callId" in job ? job.callId : undefined);
    if (simCall === undefined) return undefined;
    const { recording, vendors } = simCall;
    switch (job.kind) {
      case "synthesize":
        return simSynthesize(vendors, job.request).then((audio) => ({ kind: job.kind, audio }));
      case "recordedChunks":
        return recording.recordedChunks().then((chunks) => ({ kind: job.kind, chunks }));
      case "closeRecording":
        return recording.close().then((recordedMs) => ({ kind: job.kind, recordedMs }));
      default:
        return undefined;
    }
  }

  /** What goes between the gateway and a shard goes over the way of its call. */
  #carry(message: unknown, arrive: () => void): void {
    const { kind, callId, slot } = message as Partial<LegCommand & LegNotice & { callId: string }>;
    let simCall = this.#call(callId);
    if (kind === "legOpened" && slot !== undefined && simCall !== undefined) {
      this.#callOfSlot.set(slot, simCall);
    }
    if (slot !== undefined) simCall ??= this.#callOfSlot.get(slot);
    // Questions to the store name a call, too.
    if (simCall === undefined || kind === undefined) {
      return void this.loop.world.after(0.2, arrive);
    }
    if (this.sabotage === "hangup-ignored" && kind === "hangup") return;
    simCall.carry(message as LegCommand | LegNotice, arrive);
  }

  #watcher(thread: SimThread): CastWatcher {
    const callOf = ({ callIndex }: Part): SimCall | undefined =>
      callIndex === undefined ? undefined : this.#call(`c${callIndex}`);
    return {
      isAlive: () => thread.time.isAlive,
      nowMs: () => this.loop.world.nowMs(),
      enter: (part) => void (this.#current = callOf(part)),
      starting: (part) => callOf(part)?.starting(part, thread),
      handling: (part, message, when) => {
        if (when === "before") this.handledCount += 1;
        callOf(part)?.handling(part, message, when, thread);
      },
      told: (part, message) => callOf(part)?.told(part, message),
      violated: (part, rule, what) => this.violations.add(part.callIndex ?? -1, rule, what),
      tamper: this.sabotage === "restarts-unbounded" ? forgetRestarts : undefined,
      limits: this.sabotage === "mailbox-unbounded" ? { audio: 1_000_000 } : undefined,
    };
  }

  #schedule(fault: Fault): void {
    const { world } = this.loop;
    world.after(fault.at, () => {
      if (this.isStopping || !this.engine.isUp) return;
      this.#options.onFault(fault);
      const what = `${fault.site} ${fault.role ?? fault.mode}`;
      this.trace.note(world.nowMs(), -1, what, fault.durationMs);
      strikeWorld(this, fault);
    });
  }
}

/** A Call that never remembers how often it has restarted whom. */
function forgetRestarts({ role }: Part, state: unknown): void {
  if (role !== "call") return;
  const { cast } = state as { readonly cast: { restartsMs: readonly number[] } };
  cast.restartsMs = [];
}
