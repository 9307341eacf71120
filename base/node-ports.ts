/** The ports of `ports.ts` on Node itself. The only file that touches these globals. */
import { performance } from "node:perf_hooks";
import {
  MessageChannel,
  Worker,
  type ResourceLimits,
  type TransferListItem,
} from "node:worker_threads";
import { compiledEntry } from "./compiled-entry.js";
import type {
  Rng,
  ThreadExit,
  ThreadHandle,
  ThreadHost,
  ThreadOptions,
  Time,
  Timer,
} from "./ports.js";

/**
 * `performance.now()` starts at zero in every thread. `hrtime` is one clock for the whole process,
 * so the difference, taken once, makes the readings of all threads comparable.
 */
function monotonicOffsetMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6 - performance.now();
}

/** Real time. */
export function nodeTime(): Time {
  const offsetMs = monotonicOffsetMs();
  return {
    nowMs: () => performance.now() + offsetMs,
    epochMs: () => Date.now(),
    after(delayMs, run): Timer {
      const handle = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(handle) };
    },
    soon: (run) => void setImmediate(run),
  };
}

/** Real chance. */
export const nodeRng: Rng = { next: () => Math.random() };

/**
 * Young heap of a thread in MiB: three times what is used between two collections. V8 lets it grow
 * to 48, whatever that brings; a pause is as long as what has survived meanwhile.
 */
export const youngMbMax = 12;

function heapLimits({ heapMbMax }: ThreadOptions): ResourceLimits {
  const young = { maxYoungGenerationSizeMb: youngMbMax };
  return heapMbMax === undefined ? young : { ...young, maxOldGenerationSizeMb: heapMbMax };
}

/** Real threads. */
export const nodeThreadHost: ThreadHost = {
  spawn: spawnWorker,
  channel: () => new MessageChannel(),
};

function spawnWorker(options: ThreadOptions): ThreadHandle {
  const { entry, isInBackground = false } = options;
  const worker = new Worker(isInBackground ? compiledEntry("base/background-start.js") : entry, {
    name: options.name,
    argv: isInBackground ? [entry.href] : [],
    workerData: options.data,
    transferList: (options.transfer ?? []) as TransferListItem[],
    resourceLimits: heapLimits(options),
  });
  let failure: { error: unknown } | undefined;
  worker.on("error", (error) => (failure = { error }));
  return {
    name: options.name,
    post: (message, transfer) =>
      worker.postMessage(message, (transfer ?? []) as TransferListItem[]),
    onMessage: (receive) => void worker.on("message", receive),
    onExit: (receive) =>
      void worker.on("exit", (exitCode) => receive({ exitCode, ...failure } satisfies ThreadExit)),
    terminate: async () => void (await worker.terminate()),
  };
}
