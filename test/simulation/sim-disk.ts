/**
 * What outlives every thread: records of calls, and recordings. Behind it the store thread and the
 * job pool of the simulation, which may be slow, locked, failing or silent for a while.
 */
import type { MessagePort } from "node:worker_threads";
import { decode } from "@msgpack/msgpack";
import type { CallMemory } from "../../actors/call/cast-ports.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import { encodeMulaw } from "../../codecs/audio/g711.js";
import type { Job, JobResult } from "../../engine/jobs/jobs.js";
import type { JobPool } from "../../engine/jobs/job-pool.js";
import { decodeLiveCall } from "../../engine/node/live-call.js";
import type { CallMemoryEntry, LiveCalls } from "../../storage/call-ledger.js";
import type { CallRecord } from "../../storage/call-records.js";
import type { StoreCommand, StoreReply, StoreRequest } from "../../storage/store-messages.js";
import type { SimLoop } from "./sim-loop.js";
import { voiceOf } from "./spoken-code.js";
import type { BodyContext, ThreadBody } from "./sim-threads.js";

/** What the store does at this moment. */
export type StoreMood = "well" | "slow" | "locked" | "failing" | "silent";

export class SimDisk {
  readonly records = new Map<string, CallRecord>();
  /** A broken build: says that it has stored what it has not. */
  isForgetful = false;
  losesOutcomes = false;
  /** It was not well at some time: what was to be stored then may be missing. */
  wasUnwell = false;
  #mood: StoreMood = "well";
  readonly #memories = new Map<string, CallMemoryEntry>();
  #aliveEpochMs: number | undefined;
  readonly #violated: (callId: string, rule: string, what: string) => void;

  constructor(violated: (callId: string, rule: string, what: string) => void) {
    this.#violated = violated;
  }

  get mood(): StoreMood {
    return this.#mood;
  }

  turn(mood: StoreMood): void {
    this.#mood = mood;
    this.wasUnwell ||= mood !== "well" && mood !== "slow";
  }

  /** The newest memory of a call's cast that came to the disk. */
  memoryOf(callId: string): CallMemory | undefined {
    const kept = this.#memories.get(callId);
    const memory = kept && decodeLiveCall(callId, kept.memory).memory;
    return memory && (decode(memory) as CallMemory);
  }

  /** Carries a request out, as the real store does: an outcome is never taken back. */
  carryOut(request: StoreRequest): unknown {
    switch (request.op) {
      case "put":
        return this.#put(request.record);
      case "get":
        return this.records.get(request.callId);
      case "remember":
        if (this.#isLive(request.entry.callId))
          this.#memories.set(request.entry.callId, request.entry);
        return undefined;
      case "recall":
        return this.#memories.get(request.callId);
      case "liveCalls":
        return this.#liveCalls();
      case "alive":
        this.#aliveEpochMs = request.epochMs;
        return undefined;
      case "settle": {
        const { callId, outcome, endedEpochMs } = request.call;
        const record = this.records.get(callId);
        if (record !== undefined && record.outcome === undefined) {
          this.#put({ ...record, outcome, endedEpochMs });
        }
        return undefined;
      }
      default:
        throw new EngineError("STORE_FAILED", `simulated: ${request.op} is not there`);
    }
  }

  #isLive(callId: string): boolean {
    const record = this.records.get(callId);
    return record !== undefined && record.outcome === undefined;
  }

  #liveCalls(): LiveCalls {
    const live = [...this.records.values()].filter(({ outcome }) => outcome === undefined);
    const calls = live.map(({ callId, flowId, startedEpochMs }) => {
      const savedEpochMs = this.#memories.get(callId)?.savedEpochMs;
      return { callId, flowId, startedEpochMs, ...(savedEpochMs && { savedEpochMs }) };
    });
    const aliveEpochMs = this.#aliveEpochMs;
    return { calls, ...(aliveEpochMs && { aliveEpochMs }) };
  }

  #put(record: CallRecord): void {
    if (record.outcome === undefined ? this.isForgetful : this.losesOutcomes) return;
    const before = this.records.get(record.callId);
    if (before?.outcome !== undefined) {
      if (record.outcome === undefined || record.outcome === before.outcome) return;
      const what = `${record.outcome} is to be stored over ${before.outcome}`;
      this.#violated(record.callId, "one-outcome", what);
    }
    this.records.set(record.callId, record);
    if (record.outcome !== undefined) this.#memories.delete(record.callId);
  }
}

/** How long a healthy store takes; a locked one; a slow one. */
const storeMs = { well: 2, failing: 3, locked: 1200, slow: 300 } as const;

/** The store thread. */
export function storeBody(context: BodyContext, disk: SimDisk): ThreadBody {
  const { time, report, close } = context;
  let lastMs = 0;
  const answer = (port: MessagePort, request: StoreRequest): void => {
    if (disk.mood === "silent") return;
    // One after the other, as one writer works.
    lastMs = Math.max(lastMs, time.nowMs() + storeMs[disk.mood]);
    time.after(lastMs - time.nowMs(), () => port.postMessage(reply(request)));
  };
  const reply = (request: StoreRequest): StoreReply => {
    const { id } = request;
    try {
      if (disk.mood === "failing") throw new EngineError("STORE_FAILED", "simulated: disk full");
      return { id, ok: true, value: disk.carryOut(request) };
    } catch (error) {
      return { id, ok: false, error: toErrorData(error) };
    }
  };
  report({ kind: "ready" });
  return {
    receive(message) {
      const command = message as StoreCommand;
      if (command.kind === "connect") {
        const { port } = command;
        port.on("message", (request: StoreRequest) => answer(port, request));
        return;
      }
      report({ kind: "closed" });
      close();
    },
  };
}

/** Carries out the jobs of a call. */
export type CallJobs = (job: Job) => Promise<JobResult> | undefined;

/** The pool of the node: jobs of calls go to the call's own vendors, prompts are made at once. */
export function simJobs(loop: SimLoop, callJobs: CallJobs): JobPool {
  let pendingCount = 0;
  return {
    async run(job) {
      pendingCount += 1;
      try {
        return await (callJobs(job) ?? promptJob(loop, job));
      } finally {
        pendingCount -= 1;
      }
    },
    get pendingCount() {
      return pendingCount;
    },
    stop: () => Promise.resolve(),
  };
}

function promptJob(loop: SimLoop, job: Job): Promise<JobResult> {
  return loop.promise((settle) => {
    if (job.kind === "synthesize") {
      settle.ok({ kind: "synthesize", audio: voiceOf(job.request.text) });
    } else if (job.kind === "encodePrompt") {
      const { samples } = job.pcm;
      const audio = new Uint8Array(new SharedArrayBuffer(samples.length));
      // No phone here has the other format.
      if (job.format.codec === "pcmu") encodeMulaw(samples, audio);
      settle.ok({ kind: "encodePrompt", audio });
    } else settle.fail(new EngineError("SIMULATED", `no ${job.kind} here`));
  });
}
