/**
 * The pool of worker threads for CPU-bound work. Every job has a deadline: a worker that exits in
 * the middle of one would otherwise leave it unanswered for ever.
 */
import { fileURLToPath } from "node:url";
import pools from "node-worker-threads-pool";
import { compiledEntry } from "../../base/compiled-entry.js";
import { fromErrorData, EngineError } from "../../base/errors.js";
import { youngMbMax } from "../../base/node-ports.js";
import type { JobReply } from "../control/messages.js";
import type { Job, JobResult, JobWorkerData } from "./jobs.js";

/** The longest job is a long sentence rendered while the machine is busy. */
const jobMsMax = 15_000;
/** Jobs waiting or running; more are refused. */
const jobsMax = 2000;

export interface JobPool {
  /**
   * @throws {EngineError} what the job threw, `JOB_OVERDUE` after 15 s, `JOBS_FULL`, or
   *   `JOB_LOST` when its worker died
   */
  run(job: Job): Promise<JobResult>;
  /** Jobs waiting or running. */
  readonly pendingCount: number;
  stop(): Promise<void>;
}

export function createJobPool(options: {
  readonly size: number;
  readonly workerData: JobWorkerData;
}): JobPool {
  const pool = new pools.StaticPool<(job: Job) => JobReply>({
    size: options.size,
    task: fileURLToPath(compiledEntry("engine/jobs/job-main.js")),
    workerData: options.workerData,
    resourceLimits: { maxYoungGenerationSizeMb: youngMbMax },
  });
  let pendingCount = 0;
  const exec = async (job: Job): Promise<JobReply> => {
    const executor = pool.createExecutor().setTimeout(jobMsMax);
    try {
      return await executor.exec(job);
    } catch (cause) {
      const isOverdue = pools.isTimeoutError(cause as Error);
      const [code, why] = isOverdue
        ? ["JOB_OVERDUE", `took over ${jobMsMax} ms`]
        : ["JOB_LOST", "was lost with its worker"];
      throw new EngineError(code, `job "${job.kind}" ${why}`, { kind: job.kind }, { cause });
    }
  };
  return {
    async run(job) {
      if (pendingCount >= jobsMax) {
        throw new EngineError("JOBS_FULL", `${jobsMax} jobs are waiting already`, { jobsMax });
      }
      pendingCount += 1;
      try {
        const reply = await exec(job);
        if (!reply.ok) throw fromErrorData(reply.error);
        return reply.value;
      } finally {
        pendingCount -= 1;
      }
    },
    get pendingCount() {
      return pendingCount;
    },
    stop: async () => void (await pool.destroy()),
  };
}
