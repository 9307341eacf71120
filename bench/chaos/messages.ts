/** What an engine that is made to fail is asked, and what its threads are told. */

/** What is done to it. */
export const faultNames = [
  "shard-killed",
  "shard-blocked",
  "shard-heap",
  "shard-rejection",
  "poisonous-call",
  "gateway-killed",
  "recognition-killed",
  "tts-hanging",
  "socket-cut",
  "store-slow",
  "store-locked",
] as const;

export type FaultName = (typeof faultNames)[number];

/** A fault has struck. */
export type Strike = {
  /** Wall time, with fractions. */
  readonly epochMs: number;
  /** The calls that lived on the part that failed. */
  readonly hit: readonly string[];
  /** Only its own call is to be lost. */
  readonly poisoned?: string;
};

export type ChaosAsks = {
  /** Resolves when every thread runs, the spare one too, and no call is left of before. */
  readonly settled: { readonly ask: undefined; readonly answer: undefined };
  /** Chooses what will be struck; answers the calls that it will hit. */
  readonly aim: { readonly ask: FaultName; readonly answer: readonly string[] };
  readonly strike: { readonly ask: FaultName; readonly answer: Strike };
  /** Begins the figures of the shards anew. */
  readonly resetShards: { readonly ask: undefined; readonly answer: undefined };
  /** `frameIn` of the shards that had calls and were not struck, as one: milliseconds at p99. */
  readonly othersFrameInP99Ms: { readonly ask: undefined; readonly answer: number };
};

/** How a thread of the engine is told, beside its own messages. */
export const chaosChannel = "voxtree-chaos";

/** By the name of a thread. */
export function isShard(name: string): boolean {
  return name.startsWith("shard-") || isSpareShard(name);
}

export function isSpareShard(name: string): boolean {
  return name.startsWith("spare-");
}

/** `to`: the name of the thread. */
export type ChaosCommand = { readonly to: string } & Chaos;

export type Chaos =
  | { readonly what: "block"; readonly forMs?: number }
  | { readonly what: "heap" }
  | { readonly what: "reject" }
  /** From now on, whoever has this call fails. */
  | { readonly what: "poison"; readonly callId: string };
