/**
 * The ledger: what must outlive the shard of every live call. Each call has the newest memory its
 * shard sent, as bytes nobody here looks into, and how often it lost its shard.
 */
import type { CallSpec } from "../../actors/call/cast-ports.js";

export type LedgerEntry = {
  readonly spec: CallSpec;
  shardIndex: number;
  /** Newest memory (`CallMemory` as msgpack); undefined before the call was answered. */
  memory: Uint8Array | undefined;
  /** Shards this call was lost with. */
  losses: number;
  /** No shard has it: it waits for its own to come back. */
  isWaiting: boolean;
};

/** What becomes of a call whose shard is lost. */
export type Takeover =
  /** Another shard goes on with it, or starts it when it was not answered yet. */
  | { readonly kind: "move"; readonly callId: string; readonly entry: LedgerEntry }
  /** No shard is there: it waits for its own to come back. */
  | { readonly kind: "wait"; readonly callId: string; readonly entry: LedgerEntry }
  /** It was there at too many losses: it may be what kills its shards. */
  | { readonly kind: "giveUp"; readonly callId: string; readonly entry: LedgerEntry };

/** Losses after which a call is not trusted to another shard. */
export const lossesMax = 3;

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  add(spec: CallSpec, shardIndex: number): void {
    this.#entries.set(spec.callId, {
      spec,
      shardIndex,
      memory: undefined,
      losses: 0,
      isWaiting: false,
    });
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

  /**
   * Counts a loss for every call of the shard, and spreads those that go on over the live shards,
   * least loaded first. Without one they stay where they are until it is back.
   */
  takeOver(lostShardIndex: number, liveShards: readonly number[]): Takeover[] {
    const loads = new Map(liveShards.map((index) => [index, this.callsOf(index).length]));
    return this.callsOf(lostShardIndex).map((callId) => {
      const entry = this.#entries.get(callId)!;
      entry.losses += 1;
      if (entry.losses >= lossesMax) return { kind: "giveUp", callId, entry };
      const [next] = [...loads].sort(([, a], [, b]) => a - b);
      entry.isWaiting = next === undefined;
      if (next === undefined) return { kind: "wait", callId, entry };
      entry.shardIndex = next[0];
      loads.set(next[0], next[1] + 1);
      return { kind: "move", callId, entry };
    });
  }

  /** Takes the calls that waited for a shard to come back. */
  takeWaiting(shardIndex: number): LedgerEntry[] {
    const entries = this.callsOf(shardIndex).map((callId) => this.#entries.get(callId)!);
    const waiting = entries.filter(({ isWaiting }) => isWaiting);
    for (const entry of waiting) entry.isWaiting = false;
    return waiting;
  }
}
