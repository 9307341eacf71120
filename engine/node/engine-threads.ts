/**
 * The gateway and the shards as one: who is there, what they have been given, and a new one in the
 * place of one that is gone. What becomes of the calls of a lost thread, the listener decides.
 */
import { randomBytes } from "node:crypto";
import { mediaToken } from "../../access/security/media-token.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import type { Histogram } from "../../base/histogram.js";
import { addFigures, type AnalyzerFigures } from "../../speech/analyzers/analyzer-counters.js";
import type { VoiceFigures } from "../../speech/tts/network/voice-counters.js";
import type { ThreadExit, ThreadHost, Time } from "../../base/ports.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { CallSpec } from "../../actors/call/cast-ports.js";
import type { Config } from "../../config/schema.js";
import type {
  GatewayCommand,
  GatewayCounters,
  GatewayReport,
  PromptData,
  ShardReport,
} from "../control/messages.js";
import type { ShardMailboxes } from "../engine-node.js";
import type { Job } from "../jobs/jobs.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { BlockedStack } from "./blocked-stack.js";
import type { LedgerEntry } from "./ledger.js";
import type { LibraryFlow } from "./flow-library.js";
import { lateFrameMs } from "./admission.js";
import type { LoadReadings } from "./load-meter.js";
import { MailboxDesk } from "./mailbox-desk.js";
import type { VoiceReport } from "../shard/voice-report.js";
import { VoiceFiguresByThread } from "./voice-figures.js";
import { RecognitionFigures, type RecognitionFiguresByVendor } from "./recognition-figures.js";
import { Restarts } from "./restarts.js";
import { ShardPool, type LostShard, type ShardPlace } from "./shard-pool.js";
import {
  connectShard,
  startGateway,
  type GatewayThread,
  type ShardThread,
} from "./thread-handles.js";
import { ThreadLatency, type LatencyName } from "./thread-latency.js";
import { Watchdog } from "./watchdog.js";

export type ThreadsListener = {
  callEvent(callId: string, event: CallEvent): void;
  /** `CallMemory` as msgpack. */
  remember(callId: string, memory: Uint8Array): void;
  /** The calls of this shard want a new one. */
  lost(shard: LostShard): void;
  /** The sockets of all calls are gone. @returns the calls whose clients may come back */
  gatewayLost(): readonly string[];
  /** Whom a gateway that begins must let in, because the one before would have. */
  awaited(): readonly Extract<GatewayCommand, { kind: "expectCall" | "expectResume" }>[];
  /** A shard is there, and takes the calls that waited for it. */
  shardBack(place: ShardPlace): void;
  /** What the gateway says of the media of a call. */
  media(report: MediaReport): void;
  log(level: "info" | "warn" | "error", message: string, fields: object): void;
};

/** Reports of the gateway about one call. */
export type MediaReport = Extract<GatewayReport, { readonly callId: string }>;

export type EngineThreadsOptions = {
  readonly host: ThreadHost;
  readonly time: Time;
  readonly config: Config;
  readonly jobs: JobPool;
  readonly recognitionSockets: readonly string[];
  /** Signs resume tokens; the same in every life of the engine. Secret. */
  readonly resumeKey: Uint8Array;
  readonly flows: readonly LibraryFlow[];
  readonly listener: ThreadsListener;
  readonly blockedStack: BlockedStack | undefined;
  readonly quarantineMax?: number | undefined;
};

type SpawnedGateway = {
  readonly gateway: GatewayThread;
  /** Rejects when it cannot. */
  readonly listening: Promise<Extract<GatewayReport, { readonly kind: "listening" }>>;
};

export class EngineThreads {
  readonly #options: EngineThreadsOptions;
  readonly #prompts: PromptData[] = [];
  readonly #latency = new ThreadLatency();
  /** From its start on; it listens once its thread and the shards are there. */
  #gateway: GatewayThread | undefined;
  #isListening = false;
  #counters: GatewayCounters | undefined;
  readonly #mailboxes: MailboxDesk;
  readonly #recognition = new RecognitionFigures();
  readonly #analyzers = new Map<ShardThread, AnalyzerFigures>();
  readonly #voices = new VoiceFiguresByThread();
  readonly #watchdog: Watchdog;
  readonly #restarts: Restarts;
  readonly #shards: ShardPool;
  readonly #givenUp: string[] = [];
  #isStopping = false;
  port = 0;

  constructor(options: EngineThreadsOptions) {
    this.#options = options;
    const { host, time, config, listener } = options;
    this.#mailboxes = new MailboxDesk(time);
    this.#watchdog = new Watchdog(time);
    this.#restarts = this.#restartsOf(listener);
    const { shardCount } = config.threads;
    this.#shards = new ShardPool({
      ...options,
      shardCount,
      restarts: this.#restarts,
      watchdog: this.#watchdog,
      blockedStack: options.blockedStack ?? { take: () => Promise.resolve(undefined) },
      prompts: () => this.#prompts,
      report: (thread, report) => this.#shardReport(thread, report),
      ready: (report) => this.#latency.add(report),
      log: (...line) => listener.log(...line),
      connect: (thread, place) =>
        this.#gateway === undefined ? [] : connectShard(host, this.#gateway, thread, place),
      lost: (lost) => listener.lost(lost),
      back: (place) => listener.shardBack(place),
    });
  }

  /** Starts the gateway and every shard. @throws {EngineError} why one could not start */
  async start(): Promise<void> {
    const spawned = this.#spawnGateway(this.#options.config.gateway.port);
    // Whoever comes back at once finds a shard.
    await this.#shards.start();
    await this.#listen(spawned);
  }

  /** Where calls live, and where those of a lost shard may go. */
  get shards(): Pick<ShardPool, "live" | "coming" | "quarantine"> {
    return this.#shards;
  }

  get counters(): GatewayCounters | undefined {
    return this.#counters;
  }

  /** Whether every thread runs. */
  get isWhole(): boolean {
    return this.#isListening && this.#shards.isWhole;
  }

  /** Threads that were lost too often and do not come back. */
  get givenUp(): readonly string[] {
    return this.#givenUp;
  }

  latency(): Record<LatencyName, Histogram> {
    return this.#latency.sum();
  }

  /** What came of the recognisers on the network, by name. */
  get recognition(): RecognitionFiguresByVendor {
    return this.#recognition.sum;
  }

  /** What came of the analyzers, by name. */
  get analyzers(): AnalyzerFigures {
    return addFigures([...this.#analyzers.values()]);
  }

  /** What came of the voices, by name. */
  get voices(): VoiceFigures {
    return this.#voices.sum;
  }

  /** How the mailboxes of every shard stand. */
  async mailboxes(): Promise<ShardMailboxes[]> {
    const asks = this.#shards
      .threads()
      .map((thread) =>
        this.#mailboxes.ask((askId) => thread.tell({ kind: "tellMailboxes", askId })),
      );
    const reports = await Promise.all(asks);
    return reports.map((report, shard) =>
      report === undefined
        ? { shard, isAnswering: false }
        : { shard, isAnswering: true, ...report },
    );
  }

  /** How loaded the threads are; the worst since the last reading. */
  load(): LoadReadings {
    return { ...this.#latency.frames(lateFrameMs), ...this.#shards.load() };
  }

  resetLatency(): void {
    this.#latency.reset();
  }

  /** What the node's own voices tell. */
  voiceReport(report: VoiceReport): void {
    if (report.kind === "voices") this.#voices.take(this, report.figures);
    else this.#options.listener.log(report.level, report.message, report.fields);
  }

  addPrompt(prompt: PromptData): void {
    this.#prompts.push(prompt);
    this.#gateway?.tell({ kind: "addPrompt", prompt });
    for (const thread of this.#shards.threads()) thread.tell({ kind: "addPrompt", prompt });
  }

  /** A token that lets one media stream of this call in, once, while it may still be answered. */
  mediaToken(callId: string, goodForMs: number): string {
    const { resumeKey: key, time } = this.#options;
    const untilEpochMs = time.epochMs() + goodForMs;
    return mediaToken(key, { callId, untilEpochMs, nonce: randomBytes(12) });
  }

  startCall(spec: CallSpec, place: { readonly shardIndex: number; readonly token: string }): void {
    const { callId, answerMsMax: expiresInMs } = spec;
    this.#gateway?.tell({ kind: "expectCall", callId, expiresInMs, ...place });
    this.#shards.tell(place.shardIndex, { kind: "startCall", spec });
  }

  /** Has the shard of the entry go on with its call, from its memory if it has one. */
  giveTo({ spec, shardIndex, memory, losses, processLosses, endsAs }: LedgerEntry): void {
    const incarnation = losses + processLosses + 1;
    if (memory === undefined) this.#shards.tell(shardIndex, { kind: "startCall", spec });
    else this.#shards.tell(shardIndex, { kind: "adoptCall", spec, memory, incarnation });
    // Its last shard may have died before it heard of it.
    if (endsAs !== undefined) this.hangup(shardIndex, spec.callId, endsAs);
  }

  /** Gives calls to the shards that their entries name now; those that wait are parked. */
  moveCalls(from: ShardPlace, entries: readonly LedgerEntry[]): void {
    const { shardIndex: lostShardIndex, incarnation: lostIncarnation } = from;
    for (const entry of entries) if (!entry.isWaiting && !entry.isDormant) this.giveTo(entry);
    const calls = entries.map(({ spec: { callId }, shardIndex, isWaiting }) =>
      isWaiting ? { callId } : { callId, shardIndex },
    );
    this.#gateway?.tell({ kind: "moveCalls", lostShardIndex, lostIncarnation, calls });
  }

  /** A command about one call, for the gateway. */
  tellGateway(
    command: Extract<GatewayCommand, { kind: "farewell" | "forgetCall" | "pressKey" }>,
  ): void {
    this.#gateway?.tell(command);
  }

  /** The call has ended: nobody may come for it. A quarantine shard that is empty now ends too. */
  forgetCall(callId: string, emptyShard: number | undefined): void {
    this.tellGateway({ kind: "forgetCall", callId });
    if (emptyShard !== undefined) this.#shards.release(emptyShard);
  }

  hangup(shardIndex: number, callId: string, outcome: string): void {
    this.#shards.tell(shardIndex, { kind: "hangup", callId, outcome });
  }

  drain(): void {
    this.#gateway?.tell({ kind: "drain" });
  }

  /** Ends every thread, also those that are just starting. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#watchdog.stop();
    await this.#restarts.stop();
    await this.#gateway?.stop({ kind: "stop" });
    await this.#shards.stop();
  }

  #restartsOf(listener: ThreadsListener): Restarts {
    return new Restarts(this.#options.time, {
      back: (thread) => listener.log("info", "a thread runs again", { thread }),
      failed: (thread, error, retryMs) => {
        const fields = { ...toErrorData(error), thread, retryMs };
        listener.log("error", "a thread could not be started again", fields);
      },
      givenUp: (thread, { restartsMax, periodMs }) => {
        this.#givenUp.push(thread);
        const fields = { thread, restartsMax, periodMs };
        listener.log("error", "a thread is lost again and again: it is given up", fields);
      },
    });
  }

  #spawnGateway(port: number): SpawnedGateway {
    const { host, time, config } = this.#options;
    const gateway = startGateway(host, time, { ...config.gateway, port });
    this.#gateway = gateway;
    gateway.onReport((report) => this.#gatewayReport(report));
    gateway.tell({ kind: "setResumeKey", key: this.#options.resumeKey });
    for (const prompt of this.#prompts) gateway.tell({ kind: "addPrompt", prompt });
    const listening = gateway.ready("listening");
    // Nobody may wait for it yet when it fails.
    listening.catch(() => undefined);
    return { gateway, listening };
  }

  /** The gateway takes clients in, also those of one before it. */
  async #listen({ gateway, listening }: SpawnedGateway): Promise<void> {
    for (const command of this.#options.listener.awaited()) gateway.tell(command);
    gateway.tell({ kind: "listen" });
    try {
      const ready = await listening;
      if (this.#isStopping) {
        await gateway.stop({ kind: "stop" });
        throw new EngineError("THREAD_FAILED", "the gateway is not needed: the engine stops");
      }
      this.port = ready.port;
      this.#latency.add(ready);
    } catch (error) {
      if (this.#gateway === gateway) this.#gateway = undefined;
      throw error;
    }
    this.#isListening = true;
    gateway.onLost((exit) => this.#gatewayLost(gateway, exit));
  }

  #gatewayLost(gateway: GatewayThread, { exitCode, error }: ThreadExit): void {
    this.#gateway = undefined;
    this.#isListening = false;
    const why = error === undefined ? `exit code ${exitCode}` : toErrorData(error).message;
    const { listener } = this.#options;
    listener.log("error", "a thread is lost", { thread: gateway.name, why });
    const waiting = listener.gatewayLost();
    for (const thread of this.#shards.threads()) thread.tell({ kind: "gatewayLost", waiting });
    this.#restarts.again(gateway.name, async () => {
      const spawned = this.#spawnGateway(this.port);
      this.#shards.connectAll();
      await this.#listen(spawned);
    });
  }

  #gatewayReport(report: GatewayReport): void {
    const { listener } = this.#options;
    if (report.kind === "counters") this.#counters = report.counters;
    else if (report.kind === "log") listener.log(report.level, report.message, report.fields);
    else if ("callId" in report) listener.media(report);
  }

  #shardReport(thread: ShardThread, report: ShardReport): void {
    const { listener } = this.#options;
    switch (report.kind) {
      case "remember":
        return listener.remember(report.callId, report.memory);
      case "callEvent":
        return listener.callEvent(report.callId, report.event);
      case "job":
        return this.#runJob(thread, report.jobId, report.job);
      case "recognition":
        return this.#recognition.take(thread, report.figures);
      case "analyzers":
        return void this.#analyzers.set(thread, report.figures);
      case "voices":
        return this.#voices.take(thread, report.figures);
      case "mailboxes":
        return this.#mailboxes.answer(report.askId, report.report);
      case "log": {
        const { level, message, fields } = report;
        return listener.log(level, message, { thread: thread.name, ...fields });
      }
      case "actorFailed": {
        const { path, error } = report;
        return listener.log("error", "an actor failed", { path, ...error });
      }
      default:
        return;
    }
  }

  #runJob(thread: ShardThread, jobId: number, job: Job): void {
    this.#options.jobs.run(job).then(
      (value) => thread.tell({ kind: "jobDone", jobId, result: { ok: true, value } }),
      (thrown: unknown) => {
        const error = toErrorData(thrown);
        thread.tell({ kind: "jobDone", jobId, result: { ok: false, error } });
      },
    );
  }
}
