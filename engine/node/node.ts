/**
 * The composition root: ports meet adapters here, and nowhere else. It starts the parts from the
 * store upwards, and stops them the other way round.
 */
import { randomUUID } from "node:crypto";
import { EngineError } from "../../base/errors.js";
import { nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import type { ThreadHost, Time } from "../../base/ports.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { Config } from "../../config/schema.js";
import type {
  CallListener,
  CallRequest,
  CallView,
  EngineNode,
  HealthReport,
  LatencyReport,
  ShardMailboxes,
} from "../engine-node.js";
import { inspectorStack } from "./blocked-stack.js";
import { checkRequest } from "./call-check.js";
import { Admission, admissionError, type AdmissionLimits, type Refused } from "./admission.js";
import { CallRegistry } from "./call-registry.js";
import { newView, recordOf } from "./call-view.js";
import type { LostThread, MediaReport } from "./engine-threads.js";
import { Farewells } from "./farewells.js";
import { offlinePromptId } from "./flow-prompts.js";
import { healthReport } from "./health-report.js";
import { Ledger } from "./ledger.js";
import { LedgerWriter } from "./ledger-writer.js";
import { LostShards } from "./lost-shards.js";
import { latencyReport } from "./latency-report.js";
import { encodeLiveCall } from "./live-call.js";
import { LoadMeter } from "./load-meter.js";
import { recordingWav } from "./recording-wav.js";
import { startParts, type Running } from "./start-up.js";
import { TrunkDesk } from "./trunk-desk.js";

/** How long a polite end waits for calls that are asked to hang up. */
const hangupMsMax = 5000;

/** What a test or an embedder may put in the place of our own. */
export type NodeParts = {
  readonly time?: Time;
  readonly threadHost?: ThreadHost;
  readonly jobs?: JobPool;
  /** Signs the tokens with which lost media connections come back. Secret. */
  readonly resumeKey?: Uint8Array;
  /** Ids of calls, unique for ever. */
  readonly newCallId?: () => string;
  /** Beside those of the configuration. */
  readonly trunks?: readonly Trunk[];
  /** When a call is refused by what is measured. */
  readonly admission?: AdmissionLimits;
  /** Shards for suspects at a time. */
  readonly quarantineMax?: number | undefined;
  readonly log?: (level: "info" | "warn" | "error", message: string, fields: object) => void;
};

/** @param parts what is not in the configuration: an embedder's own trunks, log, time */
export function createNode(config: Config, parts: NodeParts = {}): EngineNode {
  return new Node(config, parts);
}

class Node implements EngineNode {
  readonly #config: Config;
  readonly #time: Time;
  readonly #host: ThreadHost;
  readonly #parts: NodeParts;
  readonly #log: NonNullable<NodeParts["log"]>;
  readonly #calls: CallRegistry;
  readonly #ledger = new Ledger();
  readonly #lostShards: LostShards;
  #farewells: Farewells | undefined;
  #writer: LedgerWriter | undefined;
  readonly #admission: Admission;
  #meter: LoadMeter | undefined;
  readonly #trunks: TrunkDesk;
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;
  #isDraining = false;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, parts: NodeParts) {
    this.#config = config;
    this.#time = parts.time ?? nodeTime();
    this.#host = parts.threadHost ?? nodeThreadHost;
    this.#parts = parts;
    this.#log = parts.log ?? (() => undefined);
    this.#calls = new CallRegistry(this.#time);
    this.#admission = new Admission(parts.admission);
    this.#trunks = new TrunkDesk({
      calls: this.#calls,
      running: () => this.#running,
      hangup: (callId, outcome) => this.#hangup(callId, outcome),
    });
    this.#lostShards = new LostShards({
      ledger: this.#ledger,
      threads: () => this.#running?.threads,
      giveUp: ({ spec }) => this.#farewells?.begin(spec),
      changed: (callId) => this.#writer?.changed(callId),
      log: this.#log,
    });
  }

  async start(
    progress: (text: string) => void = () => undefined,
  ): Promise<{ readonly mediaUrl: string }> {
    this.#starting ??= startParts({
      config: this.#config,
      host: this.#host,
      time: this.#time,
      ownTrunks: this.#parts.trunks ?? [],
      jobs: this.#parts.jobs,
      quarantineMax: this.#parts.quarantineMax,
      // Of real threads only: a simulation has none.
      blockedStack: this.#host === nodeThreadHost ? inspectorStack(this.#time) : undefined,
      resumeKey: this.#parts.resumeKey,
      listener: {
        callEvent: (callId, event) => this.#callEvent(callId, event),
        remember: (callId, memory) => {
          this.#ledger.remember(callId, memory);
          this.#writer?.changed(callId);
        },
        lost: (thread) => this.#threadLost(thread),
        shardBack: (place) => this.#lostShards.back(place),
        media: (report) => this.#media(report),
        log: this.#log,
      },
      progress,
    });
    this.#running = await this.#starting;
    this.#meter ??= this.#loadMeter(this.#running);
    this.#writer ??= this.#ledgerWriter(this.#running);
    this.#farewells ??= this.#farewellsOf(this.#running);
    return { mediaUrl: this.#mediaUrl() };
  }

  async startCall(request: CallRequest, listener?: CallListener): Promise<CallView> {
    const running = this.#admit();
    const trunk = checkRequest(request, running);
    const callId = this.#parts.newCallId?.() ?? randomUUID();
    const { ringMsMax, answerMsMax, durationMsMax } = this.#config.calls;
    const token = running.threads.mediaToken(callId, answerMsMax);
    this.#reserve(trunk, callId);
    const view = newView(callId, request, this.#time.epochMs());
    this.#calls.add(view, listener);
    // The intent is on record before anybody is dialled: a crash cannot make us dial twice.
    await this.#putIntent(view, running).catch((error: unknown) => {
      trunk.release?.(callId);
      throw error;
    });
    const shardIndex = this.#leastLoaded(running.threads.shards.live);
    const { userId, flow: flowId, to, variables = {} } = request;
    const isRecorded = request.isRecorded ?? this.#config.recording.isEnabled;
    const spec = { callId, userId, flowId, variables, isRecorded, answerMsMax, durationMsMax };
    this.#ledger.add(spec, shardIndex);
    this.#writer?.changed(callId);
    running.threads.startCall(spec, { shardIndex, token });
    this.#trunks.dial(trunk, { callId, to, mediaUrl: this.#mediaUrl(), token, ringMsMax });
    return view;
  }

  /** While it is stored the engine may have begun to drain, or lost a thread: then nobody dials. */
  async #putIntent(view: CallView, running: Running): Promise<void> {
    const { callId } = view;
    try {
      await running.store.put(recordOf(view));
    } catch (error) {
      this.#calls.remove(callId);
      throw error;
    }
    if (!this.#isDraining && running.threads.isWhole) return;
    this.#fail(callId);
    throw this.#refusal();
  }

  async getCall(callId: string): Promise<CallView | undefined> {
    const live = this.#calls.find(callId);
    if (live !== undefined) return live;
    const record = await this.#running?.store.get(callId);
    return record?.detail as CallView | undefined;
  }

  async callEnded(callId: string): Promise<CallView> {
    if (this.#calls.find(callId) !== undefined) return this.#calls.ended(callId);
    const view = await this.getCall(callId);
    if (view?.status === "ended") return view;
    throw new EngineError("UNKNOWN_CALL", `there is no call ${callId}`, { callId });
  }

  async hangup(callId: string): Promise<CallView> {
    const ended = this.#calls.ended(callId);
    this.#hangup(callId, "cancelled");
    return ended;
  }

  readonly transfer: EngineNode["transfer"] = (callId, to) => this.#trunks.transfer(callId, to);
  readonly sendKeys: EngineNode["sendKeys"] = (callId, keys) => this.#trunks.sendKeys(callId, keys);
  readonly webhook: EngineNode["webhook"] = (trunk, request) =>
    this.#trunks.webhook(trunk, request);

  async readRecording(callId: string): Promise<Uint8Array | undefined> {
    return recordingWav(this.#config.storage, await this.getCall(callId));
  }

  health(): HealthReport {
    return healthReport({
      running: this.#running,
      isDraining: this.#isDraining,
      overload: this.#admission.overload,
      trunkNotes: this.#trunks.notes(),
      liveCalls: this.#calls.count,
      callsMax: this.#config.calls.callsMax,
    });
  }

  latency(): LatencyReport {
    return latencyReport(this.#running?.threads.latency());
  }

  async mailboxes(): Promise<readonly ShardMailboxes[]> {
    const reports = (await this.#running?.threads.mailboxes()) ?? [];
    return reports.map((report, shard) =>
      report === undefined
        ? { shard, isAnswering: false }
        : { shard, isAnswering: true, ...report },
    );
  }

  recognition(): ReturnType<EngineNode["recognition"]> {
    return this.#running?.threads.recognition ?? {};
  }

  voices(): ReturnType<EngineNode["voices"]> {
    return this.#running?.threads.voices ?? { voices: {}, unspoken: {} };
  }

  resetLatency(): void {
    this.#running?.threads.resetLatency();
  }

  processIds(): readonly number[] {
    return this.#running?.recognition.processIds() ?? [];
  }

  flows(): readonly { id: string; version: string; language: string }[] {
    const flows = [...(this.#running?.flows.values() ?? [])];
    return flows.map(({ flow: { id, version, language } }) => ({ id, version, language }));
  }

  stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(options.drainMs ?? 0);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<void> {
    this.#isDraining = true;
    // A start that failed has undone itself.
    const running = await this.#starting?.catch(() => undefined);
    if (running === undefined) return;
    running.threads.drain();
    await this.#allEnded(drainMs);
    for (const callId of this.#calls.ids()) this.#hangup(callId, "cancelled");
    await this.#allEnded(hangupMsMax);
    this.#writer?.stop();
    this.#meter?.stop();
    await running.stop();
  }

  #ledgerWriter({ store }: Running): LedgerWriter {
    const time = this.#time;
    const read = (callId: string) => {
      const [entry, view] = [this.#ledger.find(callId), this.#calls.find(callId)];
      if (entry === undefined || view === undefined) return undefined;
      const { spec, memory, losses } = entry;
      const clockOffsetMs = time.epochMs() - time.nowMs();
      const call = { spec, view, losses, clockOffsetMs, ...(memory && { memory }) };
      return { userId: spec.userId, memory: encodeLiveCall(call) };
    };
    return new LedgerWriter({ ledger: store, time, read, log: this.#log });
  }

  /** Resolves when no call is left, or after `withinMs`. */
  async #allEnded(withinMs: number): Promise<void> {
    const ended = Promise.all(this.#calls.ids().map((callId) => this.#calls.ended(callId)));
    let timer: ReturnType<Time["after"]> | undefined;
    const late = new Promise<void>((resolve) => (timer = this.#time.after(withinMs, resolve)));
    await Promise.race([ended, late]);
    timer?.cancel();
  }

  #admit(): Running {
    const { callsMax } = this.#config.calls;
    const running = this.#running;
    const isFull = this.#calls.count >= callsMax;
    if (running === undefined || !running.threads.isWhole || this.#isDraining || isFull) {
      throw this.#refusal();
    }
    const nowMs = this.#time.nowMs();
    const refused = this.#admission.judge(nowMs, this.#calls.count);
    if (refused !== undefined) throw this.#refusal(refused);
    this.#admission.taken(nowMs);
    return running;
  }

  /** @throws {EngineError} `ADMISSION_REFUSED` when the trunk has no line for the call now */
  #reserve(trunk: Trunk, callId: string): void {
    const refusal = trunk.reserve?.(callId);
    if (refusal === undefined) return;
    const { why, retryAfterMs } = refusal;
    throw this.#refusal({ why, retryAfterSeconds: Math.ceil(retryAfterMs / 1000) });
  }

  /** @param load what the measured load speaks against it; left out, something else does */
  #refusal(load?: Refused): EngineError {
    return admissionError(this.health(), load);
  }

  #loadMeter({ threads, recognition }: Running): LoadMeter {
    return new LoadMeter({
      time: this.#time,
      read: () => ({ ...threads.load(), leases: recognition.leases() }),
      sampled: (sample) => this.#admission.measured(sample),
    });
  }

  #leastLoaded(live: readonly number[]): number {
    const [least] = [...this.#ledger.loads(live)].sort(([, a], [, b]) => a - b);
    return least![0];
  }

  #callEvent(callId: string, event: CallEvent): void {
    const view = this.#calls.apply(callId, event);
    if (view === undefined) this.#writer?.changed(callId);
    if (event.kind === "restarted") {
      this.#log("warn", "an actor of a call was restarted", { callId, ...event });
    }
    if (view !== undefined) void this.#finish(view);
  }

  /** The call is over: on record first, then out of memory. */
  async #finish(view: CallView): Promise<void> {
    const { callId } = view;
    const emptyShard = this.#ledger.remove(callId);
    this.#writer?.forget(callId);
    this.#running?.threads.forgetCall(callId, emptyShard);
    this.#trunks.over(callId);
    try {
      await this.#running?.store.put(recordOf(view));
    } catch (error) {
      this.#log("error", "the record of a call could not be stored", { callId, error });
    }
    this.#calls.remove(callId);
  }

  #hangup(callId: string, outcome: string): void {
    const entry = this.#ledger.find(callId);
    if (entry !== undefined) this.#running?.threads.hangup(entry.shardIndex, callId, outcome);
  }

  /** Calls of a lost shard go on elsewhere; those of a lost gateway have no sockets any more. */
  #threadLost(lost: LostThread): void {
    if (lost !== "gateway") return this.#lostShards.lost(lost);
    this.#farewells?.gatewayLost();
    for (const callId of this.#ledger.callsOf(undefined)) {
      this.#hangup(callId, "failed");
      this.#fail(callId);
    }
  }

  #media(report: MediaReport): void {
    if (report.kind === "mediaClosed") this.#farewells?.mediaClosed(report.callId);
  }

  #farewellsOf({ flows, jobs, threads }: Running): Farewells {
    return new Farewells({
      time: this.#time,
      jobs,
      say: (callId, flowId) => {
        const id = offlinePromptId(flows.get(flowId)!.flow);
        threads.tellGateway({ kind: "farewell", callId, promptId: id });
      },
      ended: (callId, recordedMs) => this.#fail(callId, recordedMs),
      log: this.#log,
    });
  }

  #fail(callId: string, recordedMs = 0): void {
    this.#callEvent(callId, { kind: "ended", outcome: "failed", durationMs: 0, recordedMs });
  }

  #mediaUrl(): string {
    const { host, advertisedUrl, tls } = this.#config.gateway;
    const scheme = tls === undefined ? "ws" : "wss";
    return advertisedUrl ?? `${scheme}://${host}:${this.#running?.threads.port ?? 0}`;
  }
}
