/**
 * One life of a shard's thread: started, given the flows and prompts, watched, and ended when its
 * loop is blocked for too long.
 */
import type { ThreadExit, ThreadHost, Time } from "../../base/ports.js";
import type { Config } from "../../config/schema.js";
import type { PromptData, ShardReport } from "../control/messages.js";
import type { BlockedStack } from "./blocked-stack.js";
import type { LibraryFlow } from "./flow-library.js";
import { createBeat, takeLagMs, waitedMs } from "./loop-beat.js";
import { shareOfVendors } from "./recognition.js";
import { startShard, type ShardThread } from "./thread-handles.js";
import type { Watchdog } from "./watchdog.js";

export type ShardLife = {
  readonly thread: ShardThread;
  /** `callMark` of the call that had its turn last. */
  readonly lastMark: () => number;
  /** How long its loop was held up at most, since this was last asked. */
  readonly takeLagMs: () => number;
  /**
   * It carries calls from now on: a loop that is blocked counts. One in the background gets no turn
   * at all on a machine that is full, and is not ended for that.
   */
  guard(): void;
  /** Calls `run` when the thread ends though nobody asked it to. */
  onLost(run: (exit: ThreadExit) => void): void;
};

export type ShardLifeOptions = {
  readonly host: ThreadHost;
  readonly time: Time;
  readonly config: Config;
  readonly recognitionSockets: readonly string[];
  readonly flows: readonly LibraryFlow[];
  readonly watchdog: Watchdog;
  readonly blockedStack: BlockedStack;
  /** All that there are so far. */
  readonly prompts: () => readonly PromptData[];
  readonly report: (thread: ShardThread, report: ShardReport) => void;
  readonly ready: (report: Extract<ShardReport, { kind: "ready" }>) => void;
  readonly log: (level: "warn" | "error", message: string, fields: object) => void;
};

/** @throws {EngineError} why it could not start; then its thread has ended */
export async function startShardLife(
  options: ShardLifeOptions,
  start: {
    readonly name: string;
    readonly shardIndex: number;
    /** Nobody waits for it. */
    readonly isInBackground: boolean;
  },
): Promise<ShardLife> {
  const { name, shardIndex, isInBackground } = start;
  const { host, time, config, recognitionSockets, flows, watchdog } = options;
  const { threads } = config;
  const beat = createBeat();
  const atWork = new Int32Array(new SharedArrayBuffer(4));
  const share = <Vendor extends { readonly streamsMax: number }>(vendors: readonly Vendor[]) =>
    shareOfVendors(vendors, shardIndex % threads.shardCount, threads);
  const vendors = share(config.recognition.vendors);
  const { choose, hedgeMs } = config.recognition;
  const recognition = { sockets: recognitionSockets, vendors, choose, hedgeMs };
  const synthesis = { ...config.synthesis, vendors: share(config.synthesis.vendors) };
  const wanted = new Set(flows.flatMap(({ flow }) => flow.analyzers));
  const analyzers = share(config.analyzers.filter((one) => wanted.has(one.name)));
  const data = { name, recognition, synthesis, analyzers, beat, atWork };
  const thread = startShard(host, time, {
    data,
    heapMbMax: threads.shardHeapMbMax,
    isInBackground,
  });
  thread.onReport((report) => options.report(thread, report));
  options.ready(await thread.ready("ready"));
  for (const { fileName, source } of flows) thread.tell({ kind: "addFlow", fileName, source });
  for (const prompt of options.prompts()) thread.tell({ kind: "addPrompt", prompt });
  const watched = watchedOf(thread, beat, options);
  thread.onLost(() => watchdog.unwatch(watched));
  return {
    thread,
    lastMark: () => atWork[0]!,
    takeLagMs: () => takeLagMs(beat),
    guard: () => watchdog.watch(watched),
    onLost: (run) => thread.onLost(run),
  };
}

/** Reports a loop that is blocked with its stack, and ends the thread at the limit. */
function watchedOf(thread: ShardThread, beat: Int32Array, options: ShardLifeOptions) {
  const { blockedStack, log } = options;
  const { name } = thread;
  return {
    beat,
    waitedMs: () => waitedMs(beat),
    blocked: (blockedMs: number): void => {
      // Beside the watch, which goes on: the end does not wait for the stack.
      void blockedStack.take(name).then((stack) => {
        const fields = { thread: name, blockedMs, ...(stack && { stack }) };
        log("warn", "a thread's loop is blocked", fields);
      });
    },
    end: (blockedMs: number): void => {
      log("error", "a thread is ended: its loop is blocked", { thread: name, blockedMs });
      void thread.terminate();
    },
  };
}
