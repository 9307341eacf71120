/**
 * The threads of an engine, started so that they can be made to fail, and watched: who they are,
 * which shard has which call, and the shards' own histograms.
 */
import { BroadcastChannel } from "node:worker_threads";
import { compiledEntry } from "../../base/compiled-entry.js";
import { Histogram, type HistogramHandle } from "../../base/histogram.js";
import { nodeThreadHost } from "../../base/node-ports.js";
import type { ThreadHandle, ThreadHost, ThreadOptions } from "../../base/ports.js";
import { chaosChannel, isShard, isSpareShard, type Chaos, type ChaosCommand } from "./messages.js";

type ShardReport = { readonly kind: string; readonly frameIn?: HistogramHandle };
type ShardCommand = { readonly kind: string; readonly spec?: { readonly callId: string } };

export class ChaosHost {
  /** For the engine. */
  readonly host: ThreadHost = { ...nodeThreadHost, spawn: (options) => this.#spawn(options) };
  /** Newest thread of each name. */
  readonly #threads = new Map<string, ThreadHandle>();
  /** `frameIn` of every life, by the name of the shard. */
  readonly #frameIn = new Map<string, Histogram[]>();
  /** The shard that a call was given to last. */
  readonly #shardOf = new Map<string, string>();
  /** Shards that said so and still run; and those that ever had a call. */
  readonly #ready = new Set<string>();
  readonly #wasGiven = new Set<string>();
  readonly #channel = new BroadcastChannel(chaosChannel);
  #toNewcomers: Chaos | undefined;

  constructor() {
    this.#channel.unref();
  }

  /** The shard with the most calls. */
  busiest(): string {
    const counts = new Map<string, number>();
    for (const name of this.#shardOf.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    return most?.[0] ?? "shard-0";
  }

  /** Calls that this shard has, or had when they ended; of all shards when none is given. */
  callsOf(shard?: string): string[] {
    const calls = [...this.#shardOf];
    return calls.flatMap(([callId, name]) => (shard === undefined || name === shard ? callId : []));
  }

  /** The shards that have calls now. */
  withCalls(): string[] {
    return [...new Set(this.#shardOf.values())];
  }

  /** Whether there is a shard that has had no call yet, beside those of the configuration. */
  get hasSpare(): boolean {
    return [...this.#ready].some((name) => isSpareShard(name) && !this.#wasGiven.has(name));
  }

  /** Forgets the calls of before, and what was said about them. */
  forgetCalls(): void {
    this.#shardOf.clear();
    this.#toNewcomers = undefined;
  }

  tell(name: string, chaos: Chaos): void {
    const command: ChaosCommand = { to: name, ...chaos };
    this.#channel.postMessage(command);
  }

  /** Tells every shard, also those that are started later. */
  tellShards(chaos: Chaos): void {
    this.#toNewcomers = chaos;
    for (const name of this.#threads.keys()) if (isShard(name)) this.tell(name, chaos);
  }

  kill(name: string): void {
    void this.#threads.get(name)?.terminate();
  }

  resetFrameIn(): void {
    for (const lives of this.#frameIn.values()) for (const life of lives) life.reset();
  }

  /** Of these shards, in all their lives. */
  frameInOf(shards: readonly string[]): Histogram {
    const sum = new Histogram();
    for (const name of shards) for (const life of this.#frameIn.get(name) ?? []) sum.add(life);
    return sum;
  }

  #spawn(options: ThreadOptions): ThreadHandle {
    const { name, entry } = options;
    const thread = nodeThreadHost.spawn({ ...options, entry: armed(name, entry) });
    this.#threads.set(name, thread);
    thread.onExit(() => this.#ready.delete(name));
    if (!isShard(name)) return thread;
    thread.onMessage((message) => this.#reported(name, message as ShardReport));
    return {
      name,
      post: (...args) => this.#posted(thread, ...args),
      onMessage: (receive) => thread.onMessage(receive),
      onExit: (receive) => thread.onExit(receive),
      terminate: () => thread.terminate(),
    };
  }

  #reported(name: string, { kind, frameIn }: ShardReport): void {
    if (kind !== "ready" || frameIn === undefined) return;
    const lives = this.#frameIn.get(name) ?? [];
    this.#frameIn.set(name, [...lives, new Histogram(frameIn)]);
    this.#ready.add(name);
    if (this.#toNewcomers !== undefined) this.tell(name, this.#toNewcomers);
  }

  #posted(thread: ThreadHandle, message: unknown, transfer?: readonly unknown[]): void {
    const { kind, spec } = message as ShardCommand;
    const isCall = kind === "startCall" || kind === "adoptCall";
    if (isCall && spec !== undefined) {
      this.#shardOf.set(spec.callId, thread.name);
      this.#wasGiven.add(thread.name);
    }
    thread.post(message, transfer);
  }
}

/** The entry behind one that listens for what is to go wrong. */
function armed(name: string, entry: URL): URL {
  const chaos = compiledEntry("bench/chaos/chaos-thread.js");
  const source = `
    import { listen } from ${JSON.stringify(chaos.href)};
    listen(${JSON.stringify(name)});
    await import(${JSON.stringify(entry.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}
