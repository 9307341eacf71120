/**
 * The ledger: what must outlive the shard of every live call. Each call has the newest memory its
 * shard sent, as bytes nobody here looks into, and how often it lost its shard.
 *
 * Losses are evidence: a call may be what kills its shards. Suspects (`suspects.ts`) go on in
 * quarantine; if a shard dies that one of them had for itself, it was this call, and it is ended.
 */
import type { CallSpec } from "../../actors/call/cast-ports.js";
import { callMark } from "../../base/call-mark.js";
import { lossesBeforeQuarantine, suspectsOf } from "./suspects.js";

export type LedgerEntry = {
  readonly spec: CallSpec;
  /** `noShard` once it is given up. */
  shardIndex: number;
  /** Newest memory (`CallMemory` as msgpack); undefined before the call was answered. */
  memory: Uint8Array | undefined;
  /** Shards this call was lost with. */
  losses: number;
  /** Processes it outlived. */
  processLosses: number;
  /** Losses at which it was this call's turn. */
  suspicions: number;
  /** No shard has it: it waits for the one at `shardIndex`. */
  isWaiting: boolean;
  /** Its shard is there for suspects. */
  isQuarantined: boolean;
  /**
   * It outlived its process, and no shard has it before its client comes back; then the one at
   * `shardIndex` takes it up.
   */
  isDormant: boolean;
  /** What its first media stream must show, and until when; undefined once that is open. Secret. */
  invitation: Invitation | undefined;
  /** Of its oldest resume token that is good; undefined where its client cannot come back. */
  generation: number | undefined;
  /** It was told to end with this outcome. */
  endsAs: string | undefined;
};

/** `untilMs`: monotonic. */
export type Invitation = { readonly token: string; readonly untilMs: number };

/** What is known of a call that outlived its process. */
export type RestoredCall = {
  readonly spec: CallSpec;
  readonly memory: Uint8Array;
  readonly losses: number;
  readonly processLosses: number;
  readonly generation: number;
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
  /** It goes on apart from the others, alone or with other suspects. */
  readonly isQuarantined: boolean;
};

type Place = { readonly shardIndex: number; readonly isLive: boolean };

/** Where the calls of a lost shard may go. */
export type Places = {
  /** Shards that take any call. */
  readonly live: readonly number[];
  /** One that will be there again; undefined when there is none. */
  readonly coming: number | undefined;
  /** A shard for suspects, each time another one; undefined when there is none left. */
  quarantine(): Place | undefined;
};

export type ShardLoss = {
  readonly shardIndex: number;
  /** It was there for suspects. */
  readonly isQuarantine: boolean;
  /** `callMark` of the call that had its turn last. */
  readonly lastMark: number;
};

/** Whose place another call may take meanwhile. */
export const noShard = -1;

/** A call that is never alone when it loses its shard, but loses it again and again. */
const lossesMax = 12;

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  /** How many suspects came to each quarantine shard since it was taken. */
  readonly #guests = new Map<number, number>();

  add(spec: CallSpec, shardIndex: number, invitation?: Invitation): LedgerEntry {
    const entry: LedgerEntry = {
      spec,
      shardIndex,
      memory: undefined,
      losses: 0,
      processLosses: 0,
      suspicions: 0,
      isWaiting: false,
      isQuarantined: false,
      isDormant: false,
      invitation,
      generation: undefined,
      endsAs: undefined,
    };
    this.#entries.set(spec.callId, entry);
    return entry;
  }

  /** A call that outlived its process: it is dormant until its client comes back. */
  restore({ spec, ...known }: RestoredCall, shardIndex: number): LedgerEntry {
    return Object.assign(this.add(spec, shardIndex), known, { isDormant: true });
  }

  find(callId: string): LedgerEntry | undefined {
    return this.#entries.get(callId);
  }

  remember(callId: string, memory: Uint8Array): void {
    const entry = this.#entries.get(callId);
    if (entry !== undefined) entry.memory = memory;
  }

  /** @returns the shard it had, when no other call is left there */
  remove(callId: string): number | undefined {
    const shardIndex = this.#entries.get(callId)?.shardIndex;
    this.#entries.delete(callId);
    const isUsed = shardIndex === undefined || this.#isUsed(shardIndex);
    return isUsed ? undefined : shardIndex;
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

  /** The one of these shards that has the fewest calls. */
  leastLoaded(shardIndexes: readonly number[]): number {
    const [least] = [...this.loads(shardIndexes)].sort(([, a], [, b]) => a - b);
    return least![0];
  }

  /**
   * Counts a loss for every call of the shard, and says where each goes: suspects into quarantine,
   * apart from each other as far as there is room; the others over the live shards, least loaded
   * first. Without one they wait for one that comes back.
   */
  takeOver(loss: ShardLoss, places: Places): Takeover[] {
    const loads = this.loads(places.live);
    // Who has its place now is empty.
    if (loads.has(loss.shardIndex)) loads.set(loss.shardIndex, 0);
    const lost = this.callsOf(loss.shardIndex).map((callId) => this.#entries.get(callId)!);
    for (const entry of lost) {
      // One that sleeps has no part in it.
      if (entry.isDormant) continue;
      entry.losses += 1;
      if (callMark(entry.spec.callId) === loss.lastMark) entry.suspicions += 1;
    }
    // Also since it came there: one that left before may have been the one.
    const isAlone = loss.isQuarantine && this.#guests.get(loss.shardIndex) === 1;
    const isOver = ({ losses }: LedgerEntry): boolean =>
      losses >= lossesMax || (isAlone && losses > lossesBeforeQuarantine);
    const { groups, free } = suspectsOf(
      lost.filter((entry) => !isOver(entry)),
      loss.isQuarantine,
    );
    const anywhere = (): Place | undefined => leastLoaded(loads) ?? comingBack(places);
    const wards = this.#wards(loss);
    return [
      ...lost.filter(isOver).map(giveUp),
      ...groups.flatMap((group) => {
        const place = this.#apart(group.length, places, wards);
        return group.map((entry) => goOn(entry, place ?? anywhere(), place !== undefined));
      }),
      ...free.map((entry) => goOn(entry, anywhere(), false)),
    ];
  }

  /** A quarantine shard for so many suspects: one of their own, or where the fewest others are. */
  #apart(count: number, places: Places, wards: Place[]): Place | undefined {
    const own = places.quarantine();
    const place = own ?? wards.shift();
    if (place === undefined) return undefined;
    const before = own === undefined ? (this.#guests.get(place.shardIndex) ?? 0) : 0;
    this.#guests.set(place.shardIndex, before + count);
    return place;
  }

  /** Quarantine shards of earlier suspects, those with the fewest calls first. */
  #wards(loss: ShardLoss): Place[] {
    const used = new Map<number, { count: number; isLive: boolean }>();
    for (const { shardIndex, isWaiting, isQuarantined } of this.#entries.values()) {
      if (!isQuarantined || shardIndex === loss.shardIndex) continue;
      used.set(shardIndex, { count: (used.get(shardIndex)?.count ?? 0) + 1, isLive: !isWaiting });
    }
    const wards = [...used].sort(([, a], [, b]) => a.count - b.count);
    return wards.map(([shardIndex, { isLive }]) => ({ shardIndex, isLive }));
  }

  #isUsed(shardIndex: number): boolean {
    for (const entry of this.#entries.values()) if (entry.shardIndex === shardIndex) return true;
    return false;
  }

  /** Takes the calls that waited for a shard. */
  takeWaiting(shardIndex: number): LedgerEntry[] {
    const entries = this.callsOf(shardIndex).map((callId) => this.#entries.get(callId)!);
    const waiting = entries.filter(({ isWaiting }) => isWaiting);
    for (const entry of waiting) entry.isWaiting = false;
    return waiting;
  }
}

function giveUp(entry: LedgerEntry): Takeover {
  entry.shardIndex = noShard;
  entry.isWaiting = false;
  entry.isQuarantined = false;
  return { callId: entry.spec.callId, entry, kind: "giveUp", isQuarantined: false };
}

function goOn(entry: LedgerEntry, place: Place | undefined, isQuarantined: boolean): Takeover {
  if (place === undefined) return giveUp(entry);
  entry.isWaiting = !place.isLive;
  entry.shardIndex = place.shardIndex;
  entry.isQuarantined = isQuarantined;
  const kind = place.isLive ? "move" : "wait";
  return { callId: entry.spec.callId, entry, kind, isQuarantined };
}

function comingBack({ coming }: Places): Place | undefined {
  return coming === undefined ? undefined : { shardIndex: coming, isLive: false };
}

/** Counts the call that is about to go there. */
function leastLoaded(loads: Map<number, number>): Place | undefined {
  const [next] = [...loads].sort(([, a], [, b]) => a - b);
  if (next === undefined) return undefined;
  const [shardIndex, load] = next;
  loads.set(shardIndex, load + 1);
  return { shardIndex, isLive: true };
}
