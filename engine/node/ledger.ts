/**
 * The ledger: what must outlive the shard of every live call. Each call has the newest memory its
 * shard sent, as bytes nobody here looks into, and how often it lost its shard.
 *
 * Losses are evidence: a call may be what kills its shards. After the second loss it goes on alone,
 * on a shard of its own; if that one dies too, it was this call, and it is ended.
 */
import type { CallSpec } from "../../actors/call/cast-ports.js";
import { callMark } from "../../base/call-mark.js";

export type LedgerEntry = {
  readonly spec: CallSpec;
  /** `noShard` once it is given up. */
  shardIndex: number;
  /** Newest memory (`CallMemory` as msgpack); undefined before the call was answered. */
  memory: Uint8Array | undefined;
  /** Shards this call was lost with. */
  losses: number;
  /** Losses at which it was this call's turn. */
  suspicions: number;
  /** No shard has it: it waits for the one at `shardIndex`. */
  isWaiting: boolean;
};

/** What becomes of a call whose shard is lost. */
export type Takeover = {
  readonly callId: string;
  readonly entry: LedgerEntry;
  /**
   * `move`: another shard goes on with it, or starts it when it was not answered yet. `wait`: its
   * shard is not there yet. `giveUp`: no shard may have it any more.
   */
  readonly kind: "move" | "wait" | "giveUp";
  /** It goes on alone. */
  readonly isQuarantined: boolean;
};

/** Where the calls of a lost shard may go. */
export type Places = {
  /** Shards that take any call. */
  readonly live: readonly number[];
  /** One that will be there again; undefined when there is none. */
  readonly coming: number | undefined;
  /** A shard for one call alone, each time another one; undefined when there is none left. */
  quarantine(): { readonly shardIndex: number; readonly isLive: boolean } | undefined;
};

export type ShardLoss = {
  readonly shardIndex: number;
  /** It was there for one call alone. */
  readonly isQuarantine: boolean;
  /** `callMark` of the call that had its turn last. */
  readonly lastMark: number;
};

/** Whose place another call may take meanwhile. */
export const noShard = -1;

/** Losses after which a call goes on alone. */
export const lossesBeforeQuarantine = 2;
/** A call that is not found guilty in quarantine, but is there whenever a shard dies. */
const lossesMax = 10;

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  add(spec: CallSpec, shardIndex: number): LedgerEntry {
    const entry = {
      spec,
      shardIndex,
      memory: undefined,
      losses: 0,
      suspicions: 0,
      isWaiting: false,
    };
    this.#entries.set(spec.callId, entry);
    return entry;
  }

  find(callId: string): LedgerEntry | undefined {
    return this.#entries.get(callId);
  }

  remember(callId: string, memory: Uint8Array): void {
    const entry = this.#entries.get(callId);
    if (entry !== undefined) entry.memory = memory;
  }

  remove(callId: string): void {
    this.#entries.delete(callId);
  }

  /** Ids of the calls on a shard; of all when no shard is given. */
  callsOf(shardIndex: number | undefined): string[] {
    const all = [...this.#entries];
    const here = all.filter(
      ([, entry]) => shardIndex === undefined || entry.shardIndex === shardIndex,
    );
    return here.map(([callId]) => callId);
  }

  /** How many calls each of these shards has. */
  loads(shardIndexes: readonly number[]): Map<number, number> {
    const loads = new Map(shardIndexes.map((index) => [index, 0]));
    for (const { shardIndex } of this.#entries.values()) {
      const load = loads.get(shardIndex);
      if (load !== undefined) loads.set(shardIndex, load + 1);
    }
    return loads;
  }

  /**
   * Counts a loss for every call of the shard, and spreads those that go on over the live shards,
   * least loaded first; without one they wait for one that comes back. Who had its turn at
   * the losses is the first to be quarantined: there may not be a place for everybody.
   */
  takeOver(loss: ShardLoss, places: Places): Takeover[] {
    const loads = this.loads(places.live);
    // Who has its place now is empty.
    if (loads.has(loss.shardIndex)) loads.set(loss.shardIndex, 0);
    const lost = this.callsOf(loss.shardIndex).map((callId) => {
      const entry = this.#entries.get(callId)!;
      entry.losses += 1;
      if (callMark(callId) === loss.lastMark) entry.suspicions += 1;
      return { callId, entry };
    });
    lost.sort((a, b) => b.entry.suspicions - a.entry.suspicions);
    return lost.map(({ callId, entry }) => {
      const isGuilty = loss.isQuarantine && entry.losses > lossesBeforeQuarantine;
      if (isGuilty || entry.losses >= lossesMax) return giveUp(callId, entry);
      const isSuspect = entry.losses >= lossesBeforeQuarantine;
      const alone = isSuspect ? places.quarantine() : undefined;
      const place = alone ?? leastLoaded(loads) ?? comingBack(places);
      if (place === undefined) return giveUp(callId, entry);
      entry.isWaiting = !place.isLive;
      entry.shardIndex = place.shardIndex;
      const kind = entry.isWaiting ? "wait" : "move";
      return { callId, entry, kind, isQuarantined: alone !== undefined };
    });
  }

  /** Takes the calls that waited for a shard. */
  takeWaiting(shardIndex: number): LedgerEntry[] {
    const entries = this.callsOf(shardIndex).map((callId) => this.#entries.get(callId)!);
    const waiting = entries.filter(({ isWaiting }) => isWaiting);
    for (const entry of waiting) entry.isWaiting = false;
    return waiting;
  }
}

function giveUp(callId: string, entry: LedgerEntry): Takeover {
  entry.shardIndex = noShard;
  entry.isWaiting = false;
  return { callId, entry, kind: "giveUp", isQuarantined: false };
}

function comingBack({ coming }: Places) {
  return coming === undefined ? undefined : { shardIndex: coming, isLive: false };
}

/** Counts the call that is about to go there. */
function leastLoaded(loads: Map<number, number>) {
  const [next] = [...loads].sort(([, a], [, b]) => a - b);
  if (next === undefined) return undefined;
  const [shardIndex, load] = next;
  loads.set(shardIndex, load + 1);
  return { shardIndex, isLive: true };
}
