/** What becomes of the calls of a lost shard: the ledger decides, the threads are told. */
import type { EngineThreads } from "./engine-threads.js";
import type { Ledger, LedgerEntry } from "./ledger.js";
import type { LostShard, ShardPlace } from "./shard-pool.js";

export type LostShardsOptions = {
  readonly ledger: Ledger;
  /** Undefined until they have started. */
  readonly threads: () => Pick<EngineThreads, "shards" | "moveCalls"> | undefined;
  /** No shard may have this call any more. */
  readonly giveUp: (entry: LedgerEntry) => void;
  /** What the ledger knows of the call has changed. */
  readonly changed: (callId: string) => void;
  readonly log: (level: "warn", message: string, fields: object) => void;
};

export class LostShards {
  readonly #options: LostShardsOptions;

  constructor(options: LostShardsOptions) {
    this.#options = options;
  }

  lost(lost: LostShard): void {
    const { ledger, giveUp, changed, log } = this.#options;
    const threads = this.#options.threads();
    if (threads === undefined) return;
    const { live, coming } = threads.shards;
    const places = { live, coming, quarantine: () => threads.shards.quarantine() };
    const takeovers = ledger.takeOver(lost, places);
    const goingOn = takeovers.filter(({ kind }) => kind !== "giveUp");
    // First of all: until then the callees are not heard.
    if (goingOn.length > 0)
      threads.moveCalls(
        lost,
        goingOn.map(({ entry }) => entry),
      );
    for (const { kind, callId, entry, isQuarantined } of takeovers) {
      const { losses } = entry;
      log("warn", "a call lost its shard", { callId, what: kind, losses, isQuarantined });
      if (kind === "giveUp") giveUp(entry);
      else changed(callId);
    }
  }

  /** Calls for which there was no other shard have waited for this one. */
  back(place: ShardPlace): void {
    const waiting = this.#options.ledger.takeWaiting(place.shardIndex);
    if (waiting.length > 0) this.#options.threads()?.moveCalls(place, waiting);
  }
}
