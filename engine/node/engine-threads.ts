/**
 * The gateway and the shards as one: who is there, what they have been given, and a new one in the
 * place of one that is gone. What becomes of the calls of a lost thread, the listener decides.
 */
import { EngineError, toErrorData } from "../../base/errors.js";
import { ringFill } from "../../base/frame-ring.js";
import { Histogram } from "../../base/histogram.js";
import type { ThreadHost, Time } from "../../base/ports.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { CallSpec } from "../../actors/call/cast-ports.js";
import type { Config } from "../../config/schema.js";
import type {
  GatewayCounters,
  GatewayReport,
  MailboxReport,
  PromptData,
  ShardReport,
} from "../control/messages.js";
import type { Job } from "../jobs/jobs.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { LedgerEntry } from "./ledger.js";
import type { LibraryFlow } from "./flow-library.js";
import { lateFrameMs } from "./admission.js";
import type { LoadReadings } from "./load-meter.js";
import { createBeat, takeLagMs } from "./loop-beat.js";
import { MailboxDesk } from "./mailbox-desk.js";
import { shareOfVendors } from "./recognition.js";
import { RecognitionFigures, type RecognitionFiguresByVendor } from "./recognition-figures.js";
import { Restarts } from "./restarts.js";
import {
  connectShard,
  startGateway,
  startShard,
  sumOf,
  type GatewayThread,
  type ShardThread,
} from "./thread-handles.js";
import { Watchdog, type Watched } from "./watchdog.js";

/** A life of a shard that is over. */
export type LostShard = { readonly shardIndex: number; readonly incarnation: number };
export type LostThread = LostShard | "gateway";

export type ThreadsListener = {
  callEvent(callId: string, event: CallEvent): void;
  /** `CallMemory` as msgpack. */
  remember(callId: string, memory: Uint8Array): void;
  /** The calls of this shard want a new one; with the gateway all calls are lost. */
  lost(thread: LostThread): void;
  /** A shard that was lost is there again, and takes the calls that waited for it. */
  shardBack(thread: LostShard): void;
  log(level: "info" | "warn" | "error", message: string, fields: object): void;
};

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
};

type ShardLatency = Omit<Extract<ShardReport, { kind: "ready" }>, "kind">;
/** `isLost`: its thread is gone and the next one is not there yet. */
type ShardSeat = {
  readonly thread: ShardThread;
  readonly beat: Int32Array;
  incarnation: number;
  isLost: boolean;
  /** Between it and the gateway; empty while there is none. */
  rings: readonly SharedArrayBuffer[];
};

export class EngineThreads {
  readonly #options: EngineThreadsOptions;
  readonly #prompts: PromptData[] = [];
  readonly #shards: ShardSeat[] = [];
  /** Histograms of every life of every thread, so that a restart forgets nothing. */
  readonly #latency = {
    frameIn: [] as Histogram[],
    frameOut: [] as Histogram[],
    turn: [] as Histogram[],
    turnEngine: [] as Histogram[],
  };
  #gateway: GatewayThread | undefined;
  #counters: GatewayCounters | undefined;
  readonly #mailboxes: MailboxDesk;
  readonly #recognition = new RecognitionFigures();
  readonly #watchdog: Watchdog;
  readonly #restarts: Restarts;
  #firstStart: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  port = 0;

  constructor(options: EngineThreadsOptions) {
    this.#options = options;
    this.#mailboxes = new MailboxDesk(options.time);
    this.#watchdog = new Watchdog(options.time);
    const { listener } = options;
    this.#restarts = new Restarts(options.time, {
      back: (thread) => listener.log("info", "a thread runs again", { thread }),
      failed: (thread, error, retryMs) => {
        const fields = { ...toErrorData(error), thread, retryMs };
        listener.log("error", "a thread could not be started again", fields);
      },
    });
  }

  /** Starts the gateway, then every shard. @throws {EngineError} why one could not start */
  async start(): Promise<void> {
    await this.#startGateway(this.#options.config.gateway.port);
    const { shardCount } = this.#options.config.threads;
    const indexes = Array.from({ length: shardCount }, (_, index) => index);
    const starts = indexes.map((index) => this.#startShard(index, 1));
    this.#firstStart = Promise.allSettled(starts);
    await Promise.all(starts);
  }

  get shardCount(): number {
    return this.#shards.length;
  }

  /** Shards that can take calls now. */
  get liveShards(): readonly number[] {
    return this.#shards.flatMap((seat, index) => (seat.isLost ? [] : [index]));
  }

  get counters(): GatewayCounters | undefined {
    return this.#counters;
  }

  /** Whether every thread runs. */
  get isWhole(): boolean {
    return this.#gateway !== undefined && this.#shards.every(({ isLost }) => !isLost);
  }

  latency(): Record<"frameIn" | "frameOut" | "turn" | "turnEngine", Histogram> {
    return {
      frameIn: sumOf(this.#latency.frameIn),
      frameOut: sumOf(this.#latency.frameOut),
      turn: sumOf(this.#latency.turn),
      turnEngine: sumOf(this.#latency.turnEngine),
    };
  }

  /** What came of the recognisers on the network, by name. */
  get recognition(): RecognitionFiguresByVendor {
    return this.#recognition.sum;
  }

  /** How the mailboxes of every shard stand; undefined for one that does not answer. */
  mailboxes(): Promise<(MailboxReport | undefined)[]> {
    const asks = this.#shards.map(async ({ thread, isLost }) => {
      if (isLost) return undefined;
      return this.#mailboxes.ask((askId) => thread.tell({ kind: "tellMailboxes", askId }));
    });
    return Promise.all(asks);
  }

  /** How loaded the threads are; the worst since the last reading. */
  load(): LoadReadings {
    const { frameIn, frameOut } = this.latency();
    const lateFrames = frameIn.countOverMs(lateFrameMs) + frameOut.countOverMs(lateFrameMs);
    const seats = this.#shards.filter(({ isLost }) => !isLost);
    return {
      frames: frameIn.count + frameOut.count,
      lateFrames,
      loopLagMs: Math.max(0, ...seats.map(({ beat }) => takeLagMs(beat))),
      ringFill: Math.max(0, ...seats.flatMap(({ rings }) => rings.map(ringFill))),
    };
  }

  resetLatency(): void {
    for (const parts of Object.values(this.#latency)) for (const part of parts) part.reset();
  }

  addPrompt(prompt: PromptData): void {
    this.#prompts.push(prompt);
    this.#gateway?.tell({ kind: "addPrompt", prompt });
    for (const { thread } of this.#shards) thread.tell({ kind: "addPrompt", prompt });
  }

  startCall(spec: CallSpec, place: { readonly shardIndex: number; readonly token: string }): void {
    const { callId, answerMsMax: expiresInMs } = spec;
    this.#gateway?.tell({ kind: "expectCall", callId, expiresInMs, ...place });
    this.#shards[place.shardIndex]!.thread.tell({ kind: "startCall", spec });
  }

  /** Gives calls of a lost shard to the shards that their entries name now. */
  moveCalls(lost: LostShard, entries: readonly LedgerEntry[]): void {
    const { shardIndex: lostShardIndex, incarnation: lostIncarnation } = lost;
    for (const { spec, shardIndex, memory, losses } of entries) {
      const { thread } = this.#shards[shardIndex]!;
      const incarnation = losses + 1;
      if (memory === undefined) thread.tell({ kind: "startCall", spec });
      else thread.tell({ kind: "adoptCall", spec, memory, incarnation });
    }
    const calls = entries.map(({ spec: { callId }, shardIndex }) => ({ callId, shardIndex }));
    this.#gateway?.tell({ kind: "moveCalls", lostShardIndex, lostIncarnation, calls });
  }

  forgetCall(callId: string): void {
    this.#gateway?.tell({ kind: "forgetCall", callId });
  }

  hangup(shardIndex: number, callId: string, outcome: string): void {
    this.#shards[shardIndex]?.thread.tell({ kind: "hangup", callId, outcome });
  }

  drain(): void {
    this.#gateway?.tell({ kind: "drain" });
  }

  /** Ends every thread, also those that are just starting. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#watchdog.stop();
    await Promise.all([this.#restarts.stop(), this.#firstStart]);
    await this.#gateway?.stop({ kind: "stop" });
    await Promise.all(this.#shards.map(({ thread }) => thread.stop({ kind: "stop" })));
  }

  async #startGateway(port: number): Promise<void> {
    const { host, time, config } = this.#options;
    const gateway = startGateway(host, time, { ...config.gateway, port });
    gateway.onReport((report) => this.#gatewayReport(report));
    const ready = await gateway.ready("listening");
    await this.#endIfStopping(gateway);
    this.port = ready.port;
    this.#latency.frameOut.push(new Histogram(ready.frameOut));
    this.#gateway = gateway;
    gateway.tell({ kind: "setResumeKey", key: this.#options.resumeKey });
    for (const prompt of this.#prompts) gateway.tell({ kind: "addPrompt", prompt });
    this.#shards.forEach((seat, shardIndex) => {
      seat.incarnation += 1;
      const place = { shardIndex, incarnation: seat.incarnation };
      if (!seat.isLost) seat.rings = connectShard(host, gateway, seat.thread, place);
    });
    gateway.onLost(({ exitCode, error }) => {
      this.#gateway = undefined;
      this.#lost(gateway.name, "gateway", exitCode, error);
      this.#restarts.again(gateway.name, () => this.#startGateway(this.port));
    });
  }

  async #startShard(shardIndex: number, incarnation: number): Promise<void> {
    const { host, time, config, recognitionSockets, flows } = this.#options;
    const { shardHeapMbMax: heapMbMax } = config.threads;
    const beat = createBeat();
    const vendors = shareOfVendors(config.recognition.vendors, shardIndex, config.threads);
    const { choose, hedgeMs } = config.recognition;
    const recognition = { sockets: recognitionSockets, vendors, choose, hedgeMs };
    const data = { shardIndex, recognition, beat };
    const thread = startShard(host, time, { data, heapMbMax });
    thread.onReport((report) => this.#shardReport(thread, report));
    const ready = await thread.ready("ready");
    await this.#endIfStopping(thread);
    this.#addLatency(ready);
    for (const { fileName, source } of flows) thread.tell({ kind: "addFlow", fileName, source });
    for (const prompt of this.#prompts) thread.tell({ kind: "addPrompt", prompt });
    const seat: ShardSeat = { thread, beat, incarnation, isLost: false, rings: [] };
    this.#shards[shardIndex] = seat;
    if (this.#gateway !== undefined)
      seat.rings = connectShard(host, this.#gateway, thread, { shardIndex, incarnation });
    const watched = this.#watch(thread, beat);
    thread.onLost(({ exitCode, error }) => {
      seat.isLost = true;
      this.#watchdog.unwatch(watched);
      const lost = { shardIndex, incarnation: seat.incarnation };
      this.#lost(thread.name, lost, exitCode, error);
      this.#restarts.again(thread.name, async () => {
        await this.#startShard(shardIndex, seat.incarnation + 1);
        this.#options.listener.shardBack(lost);
      });
    });
  }

  /** Ends the thread when its loop is blocked for too long: its calls go on elsewhere. */
  #watch(thread: ShardThread, beat: Int32Array): Watched {
    const { listener } = this.#options;
    const { name } = thread;
    const watched: Watched = {
      beat,
      blocked: (blockedMs) =>
        listener.log("warn", "a thread's loop is blocked", { thread: name, blockedMs }),
      end: (blockedMs) => {
        listener.log("error", "a thread is ended: its loop is blocked", {
          thread: name,
          blockedMs,
        });
        void thread.terminate();
      },
    };
    this.#watchdog.watch(watched);
    return watched;
  }

  #addLatency({ frameIn, frameHeld, turn, turnEngine }: ShardLatency): void {
    // Late is late, whoever it waited for.
    this.#latency.frameIn.push(new Histogram(frameIn), new Histogram(frameHeld));
    this.#latency.turn.push(new Histogram(turn));
    this.#latency.turnEngine.push(new Histogram(turnEngine));
  }

  #lost(name: string, thread: LostThread, exitCode: number, error: unknown): void {
    const why = error === undefined ? `exit code ${exitCode}` : toErrorData(error).message;
    this.#options.listener.log("error", "a thread is lost", { thread: name, why });
    this.#options.listener.lost(thread);
  }

  /** A thread that gets ready when all is being stopped is not wanted any more. */
  async #endIfStopping(thread: GatewayThread | ShardThread): Promise<void> {
    if (!this.#isStopping) return;
    await thread.stop({ kind: "stop" });
    throw new EngineError("THREAD_FAILED", `${thread.name} is not needed: the engine stops`);
  }

  #gatewayReport(report: GatewayReport): void {
    if (report.kind === "counters") this.#counters = report.counters;
    if (report.kind === "log") {
      this.#options.listener.log(report.level, report.message, report.fields);
    }
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
