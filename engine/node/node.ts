/**
 * The composition root: ports meet adapters here, and nowhere else. It starts the parts from the
 * store upwards, and stops them the other way round.
 */
import { randomUUID } from "node:crypto";
import { EngineError } from "../../base/errors.js";
import { nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import type { ThreadHost, Time } from "../../base/ports.js";
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
} from "../engine-node.js";
import { inspectorStack } from "./blocked-stack.js";
import { checkRequest, inLanguage } from "./call-check.js";
import { callSpec } from "./call-spec.js";
import { putIntent } from "./call-intent.js";
import { Admission, admissionError, type Refused } from "./admission.js";
import { CallRegistry } from "./call-registry.js";
import { newView, recordOf } from "./call-view.js";
import { DormantCalls } from "./dormant-calls.js";
import type { MediaReport, ThreadsListener } from "./engine-threads.js";
import { farewellsOf, type Farewells } from "./farewells.js";
import { healthReport } from "./health-report.js";
import { Ledger } from "./ledger.js";
import { LedgerWriter } from "./ledger-writer.js";
import { LostShards } from "./lost-shards.js";
import { latencyReport } from "./latency-report.js";
import { liveCallBytes } from "./live-call.js";
import { LoadMeter } from "./load-meter.js";
import type { NodeParts } from "./node-parts.js";
import type { LostCall } from "./process-loss.js";
import { RecordWriter } from "./record-writer.js";
import { recordingWav } from "./recording-wav.js";
import { Resumptions } from "./resumptions.js";
import { startParts, type Ground, type Running } from "./start-up.js";
import { voiceprintDesk } from "./voiceprint-desk.js";
import { TrunkDesk } from "./trunk-desk.js";

export type { NodeParts } from "./node-parts.js";

/** How long a polite end waits for calls that are asked to hang up. */
const hangupMsMax = 5000;
/** How long the end of the engine waits for a store that does not take the outcomes of calls. */
const recordsMsMax = 5000;

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
  readonly #resumptions: Resumptions;
  #farewells: Farewells | undefined;
  #writer: LedgerWriter | undefined;
  #records: RecordWriter | undefined;
  readonly #admission: Admission;
  #meter: LoadMeter | undefined;
  readonly #trunks: TrunkDesk;
  readonly #dormant: DormantCalls;
  #starting: Promise<Running> | undefined;
  /** What calls need; there before everything has started. */
  #ground: Ground | undefined;
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
      threads: () => this.#ground?.threads,
      giveUp: ({ spec }) => this.#farewells?.begin(spec),
      changed: (callId) => this.#writer?.changed(callId),
      log: this.#log,
    });
    const shared = { ledger: this.#ledger, graceMs: config.gateway.resumeGraceMs, log: this.#log };
    this.#resumptions = new Resumptions({
      ...shared,
      time: this.#time,
      formatOf: (callId) => this.#calls.find(callId)?.format,
      wake: (entry) => this.#ground?.threads.giveTo(entry),
      changed: (callId, isResuming) => {
        this.#calls.setResuming(callId, isResuming);
        this.#writer?.changed(callId);
      },
      expired: (callId) => this.#expired(callId),
    });
    this.#dormant = new DormantCalls({
      ...shared,
      clock: this.#time,
      shardCount: config.threads.shardCount,
      calls: this.#calls,
      resumptions: this.#resumptions,
      ended: (...end) => this.#callEvent(...end),
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
      lockData: this.#parts.lockData,
      // Of real threads only: a simulation has none.
      blockedStack: this.#host === nodeThreadHost ? inspectorStack(this.#time) : undefined,
      resumeKey: this.#parts.resumeKey,
      listener: this.#threadsListener(),
      begin: (ground, lost) => this.#begin(ground, lost),
      progress,
    }).catch((error: unknown) => {
      this.#resumptions.stop();
      this.#writer?.stop();
      throw error;
    });
    this.#running = await this.#starting;
    const { threads, recognition } = this.#running;
    this.#meter ??= new LoadMeter({
      time: this.#time,
      read: () => ({ ...threads.load(), leases: recognition.leases() }),
      sampled: (sample) => this.#admission.measured(sample),
    });
    return { mediaUrl: this.#mediaUrl() };
  }

  /** Takes up the calls of a lost process that may go on; @returns the others */
  #begin(ground: Ground, lost: readonly LostCall[]): readonly LostCall[] {
    const { store } = ground;
    this.#ground = ground;
    this.#records = new RecordWriter({ store, time: this.#time, log: this.#log });
    this.#writer = new LedgerWriter({
      ledger: store,
      time: this.#time,
      read: (callId) => liveCallBytes(this.#ledger, this.#calls, callId, this.#time),
      log: this.#log,
    });
    this.#farewells = farewellsOf(ground, {
      time: this.#time,
      ended: (callId, recordedMs) => this.#fail(callId, recordedMs),
      log: this.#log,
    });
    const versionOf = (flowId: string) => ground.flows.get(flowId)?.flow.version;
    return this.#dormant.take(lost, { jobs: ground.jobs, versionOf });
  }

  #threadsListener(): ThreadsListener {
    return {
      callEvent: (callId, event) => this.#callEvent(callId, event),
      remember: (callId, memory) => {
        this.#ledger.remember(callId, memory);
        this.#writer?.changed(callId);
      },
      lost: (shard) => this.#lostShards.lost(shard),
      gatewayLost: () => this.#gatewayLost(),
      awaited: () => this.#resumptions.awaited(),
      shardBack: (place) => this.#lostShards.back(place),
      media: (report) => this.#media(report),
      log: this.#log,
    };
  }

  async startCall(asked: CallRequest, listener?: CallListener): Promise<CallView> {
    const request = inLanguage(asked, this.#running?.flows ?? new Map());
    const callId = this.#parts.newCallId?.() ?? randomUUID();
    // Nobody is dialled before what they will hear is there.
    if (this.#running?.prompts.isReady(request.flow) === false)
      await this.#running.prompts.ready(request.flow);
    const running = this.#admit();
    const trunk = checkRequest(request, running);
    const { ringMsMax, answerMsMax } = this.#config.calls;
    const token = running.threads.mediaToken(callId, answerMsMax);
    this.#reserve(trunk, callId);
    const view = newView(callId, request, this.#time.epochMs());
    this.#calls.add(view, listener);
    // The intent is on record before anybody is dialled: a crash cannot make us dial twice.
    await this.#putIntent(view, running).catch((error: unknown) => {
      trunk.release?.(callId);
      throw error;
    });
    const shardIndex = this.#ledger.leastLoaded(running.threads.shards.live);
    const spec = callSpec(callId, request, { flows: running.flows, config: this.#config });
    this.#ledger.add(spec, shardIndex, { token, untilMs: this.#time.nowMs() + answerMsMax });
    this.#writer?.changed(callId);
    running.threads.startCall(spec, { shardIndex, token });
    const { to } = request;
    this.#trunks.dial(trunk, { callId, to, mediaUrl: this.#mediaUrl(), token, ringMsMax });
    return view;
  }

  /** While it is stored the engine may have begun to drain, or lost a thread: then nobody dials. */
  async #putIntent(view: CallView, { store, isWhole }: Running): Promise<void> {
    await putIntent(view, { store, calls: this.#calls, records: this.#records, time: this.#time });
    if (!this.#isDraining && isWhole()) return;
    this.#fail(view.callId);
    throw this.#refusal();
  }

  async getCall(callId: string): Promise<CallView | undefined> {
    const live = this.#calls.find(callId) ?? this.#records?.find(callId)?.detail;
    return (live ?? (await this.#ground?.store.get(callId))?.detail) as CallView | undefined;
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
      waitingRecords: this.#records?.waitingCount ?? 0,
      trunkNotes: this.#trunks.notes(),
      liveCalls: this.#calls.count,
      callsMax: this.#config.calls.callsMax,
    });
  }

  latency(): LatencyReport {
    return latencyReport(this.#running?.threads.latency());
  }

  readonly mailboxes = async () => (await this.#running?.threads.mailboxes()) ?? [];

  readonly recognition: EngineNode["recognition"] = () => this.#running?.threads.recognition ?? {};
  readonly voiceprints: EngineNode["voiceprints"] = voiceprintDesk({
    jobs: () => this.#running?.jobs,
    getCall: (callId) => this.getCall(callId),
  });
  readonly analyzers: EngineNode["analyzers"] = () => this.#running?.threads.analyzers ?? {};
  readonly voices: EngineNode["voices"] = () =>
    this.#running?.threads.voices ?? { voices: {}, unspoken: {} };
  readonly prompts = () => this.#calls.withSaid(this.#running?.prompts.stats());
  readonly promptsReady: EngineNode["promptsReady"] = async () => this.#running?.prompts.allReady();
  readonly resetLatency = (): void => this.#running?.threads.resetLatency();

  readonly processIds = () => this.#running?.recognition.processIds() ?? [];
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
    await this.#calls.allEnded(this.#time, drainMs);
    for (const callId of this.#calls.ids()) this.#hangup(callId, "cancelled");
    await this.#calls.allEnded(this.#time, hangupMsMax);
    this.#resumptions.stop();
    this.#writer?.stop();
    this.#meter?.stop();
    await this.#records?.stop(recordsMsMax);
    await running.stop();
  }

  #admit(): Running {
    const { callsMax } = this.#config.calls;
    const running = this.#running;
    const isFull = this.#calls.count >= callsMax;
    if (running === undefined || !running.isWhole() || this.#isDraining || isFull) {
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

  #callEvent(callId: string, event: CallEvent, epochMs = this.#time.epochMs()): void {
    if (this.#trunks.holds(callId, event, (one) => this.#callEvent(callId, one, epochMs))) return;
    const view = this.#calls.apply(callId, event, epochMs);
    if (view === undefined) this.#writer?.changed(callId);
    if (event.kind === "answered") void this.#running?.prompts.want(event.format);
    if (event.kind === "restarted")
      this.#log("warn", "an actor of a call was restarted", { callId, ...event });
    if (view !== undefined) void this.#finish(view);
  }

  /** The call is over: on record first, then out of memory. */
  async #finish(view: CallView): Promise<void> {
    const { callId } = view;
    const emptyShard = this.#ledger.remove(callId);
    this.#writer?.forget(callId);
    this.#resumptions.forget(callId);
    this.#dormant.forget(callId);
    this.#ground?.threads.forgetCall(callId, emptyShard);
    this.#trunks.over(callId);
    await this.#records?.put(recordOf(view));
    this.#calls.remove(callId);
  }

  #hangup(callId: string, outcome: string): void {
    const entry = this.#ledger.find(callId);
    if (entry === undefined) return;
    if (entry.isDormant) return void this.#dormant.end(entry, outcome);
    entry.endsAs = outcome;
    this.#ground?.threads.hangup(entry.shardIndex, callId, outcome);
  }

  /** Nobody came back for a call. */
  #expired(callId: string): void {
    const entry = this.#ledger.find(callId);
    if (entry?.isDormant === true) void this.#dormant.drop(entry);
    else this.#hangup(callId, "failed");
  }

  /** Calls whose clients may come back are held; the others have no sockets any more. */
  #gatewayLost(): readonly string[] {
    this.#farewells?.gatewayLost();
    const { waiting, ended } = this.#resumptions.gatewayLost();
    for (const callId of ended) this.#hangup(callId, "failed");
    return waiting;
  }

  #media(report: MediaReport): void {
    this.#resumptions.report(report);
    if (report.kind === "mediaClosed") this.#farewells?.mediaClosed(report.callId);
    if (report.kind === "mediaFigures") this.#calls.setMedia(report.callId, report.figures);
  }

  #fail(callId: string, recordedMs = 0): void {
    this.#callEvent(callId, { kind: "ended", outcome: "failed", durationMs: 0, recordedMs });
  }

  #mediaUrl(): string {
    const { host, advertisedUrl, tls } = this.#config.gateway;
    const scheme = tls === undefined ? "ws" : "wss";
    return advertisedUrl ?? `${scheme}://${host}:${this.#ground?.threads.port ?? 0}`;
  }
}
