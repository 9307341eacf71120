/**
 * After the loss of a process: what the store still holds without an outcome was live when it died.
 * Those whose clients may come back go on (`outlived-calls.ts`). Each other call is ended as
 * `dropped`, with the state it was last in, and its recording is closed behind its last whole
 * second.
 *
 * Every step may be repeated: a recording that is closed stays as it is, and the outcome takes the
 * call's memory along in one transaction. So a restart that dies in the middle is simply resumed by
 * the next one, and nothing is counted twice.
 */
import { toErrorData } from "../../base/errors.js";
import type { CallLedger, CallStore, LiveCall as StoredCall } from "../../storage/call-ledger.js";
import type { CallRecord } from "../../storage/call-records.js";
import type { CallView } from "../engine-node.js";
import type { JobPool } from "../jobs/job-pool.js";
import { decodeLiveCall, type LiveCall } from "./live-call.js";

/** A node with more live calls than this is not ours. */
const lostCallsMax = 100_000;
/** Calls that are dropped at the same time: their cost is opening files and syncing them. */
const abreast = 8;

/** What is on record as the cause of a dropped call. */
export const droppedCause = "the engine's process ended";

export type LossLog = (level: "info" | "warn" | "error", message: string, fields: object) => void;

/** A call that was live when its process died. */
export type LostCall = {
  readonly callId: string;
  readonly startedEpochMs: number;
  /** The last that is known of its process: the call cannot have ended before. */
  readonly lastEpochMs: number;
  /** Undefined when it does not open any more. */
  readonly record: CallRecord | undefined;
  /** Undefined when it has no memory, or one that does not read. */
  readonly call: LiveCall | undefined;
};

/**
 * Every call that was live when the last process died. What does not open or read is said in the
 * log, and the call is among them all the same.
 *
 * @throws {StorageError} when the store itself does not answer
 */
export async function findLostCalls(
  store: Pick<CallStore, "get" | keyof CallLedger>,
  log: LossLog,
): Promise<LostCall[]> {
  const { calls, aliveEpochMs = 0 } = await store.liveCalls({ countMax: lostCallsMax });
  return mapAbreast(calls, async (stored) => {
    const { callId, startedEpochMs, savedEpochMs = 0 } = stored;
    const lastEpochMs = Math.max(startedEpochMs, savedEpochMs, aliveEpochMs);
    const record = await orLog(log, stored, "the record of a lost call does not open", () =>
      store.get(callId),
    );
    const call = await orLog(log, stored, "the memory of a lost call does not read", async () => {
      const kept = await store.recall(callId);
      return kept === undefined ? undefined : decodeLiveCall(callId, kept.memory);
    });
    return { callId, startedEpochMs, lastEpochMs, record, call };
  });
}

async function orLog<T>(
  log: LossLog,
  { callId }: StoredCall,
  message: string,
  run: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const { code, message: why, detail } = toErrorData(error);
    log("error", message, { callId, code, why, ...detail });
    return undefined;
  }
}

export type DropOptions = {
  readonly store: Pick<CallStore, "put" | "settle">;
  readonly jobs: JobPool;
  readonly log: LossLog;
};

/** Ends calls as `dropped`. Never rejects: what could not be stored is tried by the next start. */
export async function dropLostCalls(
  calls: readonly LostCall[],
  options: DropOptions,
): Promise<void> {
  await mapAbreast(calls, (lost) => dropLostCall(lost, options));
}

/** Ends one call as `dropped`. Never rejects. */
export async function dropLostCall(lost: LostCall, options: DropOptions): Promise<void> {
  const { store, log } = options;
  const { callId, lastEpochMs: endedEpochMs, record } = lost;
  const outcome = "dropped";
  try {
    if (record === undefined) await store.settle({ callId, outcome, endedEpochMs });
    else {
      const recordedMs = await closeRecording(record, options);
      const view = viewOf(lost, record);
      const detail = {
        ...view,
        status: "ended",
        outcome,
        cause: droppedCause,
        endedEpochMs,
        recordedMs,
      };
      await store.put({ ...record, outcome, endedEpochMs, detail });
    }
    const state = lost.call?.view.state;
    log("warn", "a call was dropped: its process ended", { callId, state, endedEpochMs });
  } catch (error) {
    const { code, message: why } = toErrorData(error);
    log("error", "a lost call could not be ended", { callId, code, why });
  }
}

/** The newest there is: the ledger's, or what went on record before anybody was dialled. */
function viewOf({ call }: LostCall, { detail }: CallRecord): CallView {
  return call?.view ?? (detail as CallView);
}

/**
 * Closes the recording of a call whose writer is gone, behind its last whole second.
 *
 * @returns the length of what is recorded; 0 when there is nothing, or it does not open
 */
export async function closeRecording(
  { callId, userId }: Pick<CallRecord, "callId" | "userId">,
  { jobs, log }: Pick<DropOptions, "jobs" | "log">,
): Promise<number> {
  try {
    const closed = await jobs.run({ kind: "closeRecording", callId, userId });
    return closed.kind === "closeRecording" ? closed.recordedMs : 0;
  } catch (error) {
    const { code, message: why } = toErrorData(error);
    log("error", "the recording of a lost call could not be closed", { callId, code, why });
    return 0;
  }
}

/** Runs over all, a few at a time; results in order. */
async function mapAbreast<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next[0]] = await run(next[1]);
    }
  };
  await Promise.all(Array.from({ length: abreast }, worker));
  return results;
}
