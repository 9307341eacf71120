/**
 * The threads of an engine, started so that they can be made to fail, and watched: who they are,
 * which shard has which call, and the shards' own histograms.
 */
import { compiledEntry } from "../../base/compiled-entry.js";
import { Histogram, type HistogramHandle } from "../../base/histogram.js";
import { nodeThreadHost } from "../../base/node-ports.js";
import type { ThreadHandle, ThreadHost, ThreadOptions } from "../../base/ports.js";
import type { ChaosCommand } from "./messages.js";

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
  #toNewcomers: ChaosCommand | undefined;

  /** Calls that this shard has been given, those that ended included. */
  callsOf(shard: string): string[] {
    return [...this.#shardOf].filter(([, name]) => name === shard).map(([callId]) => callId);
  }

  tell(name: string, command: ChaosCommand): void {
    this.#threads.get(name)?.post(command);
  }

  /** Tells every shard, also those that are started later. */
  tellShards(command: ChaosCommand): void {
    this.#toNewcomers = command;
    for (const name of this.#threads.keys()) if (isShard(name)) this.tell(name, command);
  }

  kill(name: string): void {
    void this.#threads.get(name)?.terminate();
  }

  resetFrameIn(): void {
    for (const lives of this.#frameIn.values()) for (const life of lives) life.reset();
  }

  /** Of all shards but one, and of those that are started later. */
  frameInWithout(shard: string | undefined): Histogram {
    const sum = new Histogram();
    for (const [name, lives] of this.#frameIn) {
      if (name !== shard) for (const life of lives) sum.add(life);
    }
    return sum;
  }

  #spawn(options: ThreadOptions): ThreadHandle {
    const { name, entry } = options;
    const thread = nodeThreadHost.spawn({ ...options, entry: armed(entry) });
    this.#threads.set(name, thread);
    if (!isShard(name)) return thread;
    thread.onMessage((message) => this.#reported(name, message as ShardReport));
    if (this.#toNewcomers !== undefined) thread.post(this.#toNewcomers);
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
  }

  #posted(thread: ThreadHandle, message: unknown, transfer?: readonly unknown[]): void {
    const { kind, spec } = message as ShardCommand;
    const isCall = kind === "startCall" || kind === "adoptCall";
    if (isCall && spec !== undefined) this.#shardOf.set(spec.callId, thread.name);
    thread.post(message, transfer);
  }
}

function isShard(name: string): boolean {
  return name.startsWith("shard-");
}

/** The entry behind one that listens for what is to go wrong. */
function armed(entry: URL): URL {
  const chaos = compiledEntry("bench/chaos/chaos-thread.js");
  const source = `import ${JSON.stringify(chaos.href)}; await import(${JSON.stringify(entry.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}
