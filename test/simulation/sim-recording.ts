/**
 * The recording of one call as the real store keeps it: chunks in order, one that is there already
 * is not written again, and none comes behind the last one. Only one job at a time may be at it:
 * two workers that append at once would write over one another.
 */
import { EngineError, toErrorData } from "../../base/errors.js";
import type { JobResult, RecordJob } from "../../engine/jobs/jobs.js";
import type { VendorOptions } from "./sim-vendors.js";

/** As the pool of jobs: one that takes longer is given up, and its worker ended. */
const jobMsMax = 15_000;
/** Sooner, as whoever waits for it waits for nothing else. */
const closeMsMax = 5000;

type Settle<T> = { ok(value: T): void; fail(error: Error): void };

export class SimRecording {
  readonly #options: VendorOptions;
  readonly #violated: (rule: string, what: string) => void;
  #chunks = 0;
  #isComplete = false;
  /** The job that is at it. */
  #busy: string | undefined;
  /** Processes so far: the jobs of one that was killed are over. */
  #processes = 0;

  constructor(options: VendorOptions, violated: (rule: string, what: string) => void) {
    this.#options = options;
    this.#violated = violated;
  }

  /** The process that works at it is killed, and the workers with it. */
  processLost(): void {
    this.#processes += 1;
    this.#busy = undefined;
  }

  record({ index, isLast }: { readonly index: number; readonly isLast: boolean }): Promise<void> {
    return this.#job({ site: "store", what: `chunk ${index}`, msMax: jobMsMax }, () => {
      if (index < this.#chunks) return this.#requireSameEnd(index, isLast);
      if (this.#isComplete) this.#violated("recording", `chunk ${index} after the last`);
      if (index > this.#chunks) this.#violated("recording", `chunk ${index} of ${this.#chunks}`);
      this.#chunks = index + 1;
      this.#isComplete ||= isLast;
    });
  }

  /** Its writer is gone: it ends behind the last whole chunk. Returns its length. */
  close(): Promise<number> {
    return this.#job({ site: "cursor", what: "its end", msMax: closeMsMax }, () => {
      this.#isComplete = true;
      return this.#chunks * 1000;
    });
  }

  recordedChunks(): Promise<number> {
    const job = { site: "cursor", what: "its length", msMax: jobMsMax } as const;
    return this.#job(job, () => this.#chunks);
  }

  #requireSameEnd(index: number, isLast: boolean): void {
    if (isLast === (this.#isComplete && index === this.#chunks - 1)) return;
    throw new EngineError("RECORDING_CHUNK_DIFFERS", `simulated: chunk ${index} is there`);
  }

  #job<T>(
    job: { readonly site: "store" | "cursor"; readonly what: string; readonly msMax: number },
    take: () => T,
  ): Promise<T> {
    const { loop, rng, faults } = this.#options;
    const { site, what, msMax } = job;
    if (this.#busy !== undefined) {
      this.#violated("recording", `a job is at ${what} while another one is at ${this.#busy}`);
    }
    this.#busy = what;
    const process = this.#processes;
    const fault = faults.pass(site);
    const delayMs = fault?.mode === "slow" ? fault.durationMs : rng.int(1, 30);
    const isOverdue = fault?.mode === "hang" || delayMs > msMax;
    return loop.promise((settle: Settle<T>) => {
      loop.world.after(isOverdue ? msMax : delayMs, () => {
        if (process !== this.#processes) return;
        this.#busy = undefined;
        if (isOverdue) settle.fail(new EngineError("JOB_OVERDUE", "simulated: the job hangs"));
        else if (fault?.mode === "fail") settle.fail(new EngineError("STORE_FAILED", "simulated"));
        else carryOut(take, settle);
      });
    });
  }
}

function carryOut<T>(take: () => T, settle: Settle<T>): void {
  try {
    settle.ok(take());
  } catch (error) {
    settle.fail(error as Error);
  }
}

/**
 * Chunks of several calls in one job: what hangs holds up the others. A worker takes one after the
 * other, which matters where two are of one recording: an actor that was restarted sends the chunk
 * again that its earlier life left waiting for the job.
 */
export async function recordPack(
  { kind, chunks }: RecordJob,
  recordingOf: (callId: string) => SimRecording,
): Promise<JobResult> {
  const last = new Map<string, Promise<unknown>>();
  const errors = chunks.map((chunk) => {
    const { callId } = chunk;
    const record = () =>
      recordingOf(callId)
        .record(chunk)
        .then(() => undefined, toErrorData);
    const done = last.get(callId)?.then(record) ?? record();
    last.set(callId, done);
    return done;
  });
  return { kind, errors: await Promise.all(errors) };
}
