/**
 * Calls that outlived their process and have no shard: the ledger has them until their clients come
 * back, or until they are ended from here. They end as of the instant at which their process died.
 */
import type { CallEvent } from "../../actors/call/call-events.js";
import type { Clock } from "../../base/ports.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { CallRegistry } from "./call-registry.js";
import type { Ledger, LedgerEntry } from "./ledger.js";
import { outlivedCall, type OutlivedCall, type OutlivedOptions } from "./outlived-calls.js";
import { closeRecording, droppedCause, type LossLog, type LostCall } from "./process-loss.js";
import type { Resumptions } from "./resumptions.js";

export type DormantCallsOptions = {
  readonly clock: Clock;
  readonly graceMs: number;
  /** Shards that calls may be spread over. */
  readonly shardCount: number;
  readonly ledger: Ledger;
  readonly calls: CallRegistry;
  readonly resumptions: Pick<Resumptions, "hold">;
  /** The call is over, since that wall time. */
  readonly ended: (callId: string, event: CallEvent, epochMs: number | undefined) => void;
  readonly log: LossLog;
};

export class DormantCalls {
  readonly #options: DormantCallsOptions;
  /** When their process died. */
  readonly #diedEpochMs = new Map<string, number>();
  #jobs: JobPool | undefined;

  constructor(options: DormantCallsOptions) {
    this.#options = options;
  }

  /** Takes up the calls of a lost process that may go on; @returns the others */
  take(
    lost: readonly LostCall[],
    { jobs, versionOf }: Pick<OutlivedOptions, "versionOf"> & { readonly jobs: JobPool },
  ): readonly LostCall[] {
    this.#jobs = jobs;
    const { clock, graceMs, log } = this.#options;
    return lost.filter((one) => {
      const outlived = outlivedCall(one, { clock, graceMs, log, versionOf });
      if (outlived === undefined) return true;
      this.#hold(one, outlived);
      return false;
    });
  }

  /** Ends one with an outcome of somebody's choice. Once: later words change nothing. */
  async end(entry: LedgerEntry, outcome: string): Promise<void> {
    if (entry.endsAs !== undefined || this.#jobs === undefined) return;
    entry.endsAs = outcome;
    const { callId } = entry.spec;
    const { ended, log } = this.#options;
    const recordedMs = await closeRecording(entry.spec, { jobs: this.#jobs, log });
    const event = { kind: "ended", outcome, durationMs: 0, recordedMs } as const;
    ended(callId, event, this.#diedEpochMs.get(callId));
  }

  /** Nobody came back for one. */
  async drop(entry: LedgerEntry): Promise<void> {
    const { callId } = entry.spec;
    const { calls, log } = this.#options;
    calls.setCause(callId, droppedCause);
    const state = calls.find(callId)?.state;
    const endedEpochMs = this.#diedEpochMs.get(callId);
    log("warn", "a call was dropped: its process ended", { callId, state, endedEpochMs });
    await this.end(entry, "dropped");
  }

  /** The call is over. */
  forget(callId: string): void {
    this.#diedEpochMs.delete(callId);
  }

  #hold({ callId, lastEpochMs }: LostCall, { restored, view, withinMs }: OutlivedCall): void {
    const { clock, ledger, calls, resumptions, shardCount, log } = this.#options;
    const shards = Array.from({ length: shardCount }, (_, index) => index);
    calls.add(view, undefined);
    ledger.restore(restored, ledger.leastLoaded(shards));
    this.#diedEpochMs.set(callId, lastEpochMs);
    resumptions.hold(callId, clock.nowMs() + withinMs);
    const fields = { callId, state: view.state, withinMs };
    log("info", "a call outlived its process: its client may come back", fields);
  }
}
