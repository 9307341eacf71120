/**
 * One job at a time for each recording. A shard that is lost may leave a job behind that is still
 * at work on a slow disk, while the shard that goes on with the call asks how many chunks there
 * are, and writes behind them: two workers at one file would write over one another. So a job waits
 * for those before it that are about the same recording; while no shard is lost, none does.
 */
import type { JobPool } from "./job-pool.js";
import type { Job } from "./jobs.js";

/** @param pool settles every job, also one that hangs */
export function oneWriter(pool: JobPool): JobPool {
  /** The last job of each recording that somebody is at; settles, never rejects. */
  const busy = new Map<string, Promise<void>>();
  let waitingCount = 0;
  const behind = async (before: readonly Promise<void>[], job: Job) => {
    waitingCount += 1;
    await Promise.all(before);
    waitingCount -= 1;
    return pool.run(job);
  };
  return {
    run(job) {
      const callIds = recordingsOf(job);
      const before = callIds.flatMap((callId) => busy.get(callId) ?? []);
      const running = before.length === 0 ? pool.run(job) : behind(before, job);
      if (callIds.length === 0) return running;
      const over = (): void => {
        for (const callId of callIds) if (busy.get(callId) === settled) busy.delete(callId);
      };
      const settled: Promise<void> = running.then(over, over);
      for (const callId of callIds) busy.set(callId, settled);
      return running;
    },
    get pendingCount() {
      return pool.pendingCount + waitingCount;
    },
    stop: () => pool.stop(),
  };
}

/** Ids of the calls whose recordings it reads or writes. */
function recordingsOf(job: Job): readonly string[] {
  switch (job.kind) {
    case "record":
      return job.chunks.map(({ callId }) => callId);
    case "recordedChunks":
    case "closeRecording":
      return [job.callId];
    default:
      return [];
  }
}
