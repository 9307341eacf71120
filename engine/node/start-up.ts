/**
 * Starts the parts of an engine from the store upwards. What has started is undone when a later
 * part does not start, and when the engine stops: the other way round.
 */
import { checkLanguages } from "./call-language.js";
import { nodeRng } from "../../base/node-ports.js";
import type { ThreadHost, Time } from "../../base/ports.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { Config } from "../../config/schema.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import {
  loadRecordedPrompts,
  type RecordedPrompts,
} from "../../speech/prompts/recorded-prompts.js";
import type { CallStore } from "../../storage/call-ledger.js";
import { lockDataDir } from "../../storage/data-lock.js";
import { loadMasterKey } from "../../storage/master-key.js";
import { createJobPool, type JobPool } from "../jobs/job-pool.js";
import { oneWriter } from "../jobs/one-writer.js";
import type { BlockedStack } from "./blocked-stack.js";
import { EngineThreads, type ThreadsListener } from "./engine-threads.js";
import { checkAnalyzers, loadFlowLibrary, type LibraryFlow } from "./flow-library.js";
import { FlowPrompts } from "./flow-prompts.js";
import { openPromptRendering } from "./prompt-rendering.js";
import { dropLostCalls, findLostCalls, type LostCall } from "./process-loss.js";
import { startRecognition, type Recognition } from "./recognition.js";
import { StoreKeeper } from "./store-thread.js";
import { createTrunks } from "./trunks.js";
import { UndoList } from "./undo-list.js";

/** What calls live on: there before the engine takes any. */
export type Ground = {
  readonly store: CallStore;
  readonly jobs: JobPool;
  readonly flows: ReadonlyMap<string, LibraryFlow>;
  readonly threads: EngineThreads;
};

/** The parts of an engine that runs. */
export type Running = Ground & {
  readonly recognition: Recognition;
  readonly prompts: FlowPrompts;
  readonly trunks: ReadonlyMap<string, Trunk>;
  /** Whether every thread runs, the store's too. */
  isWhole(this: void): boolean;
  /** Threads that were lost too often and do not come back. */
  givenUp(this: void): readonly string[];
  /** Stops every part. */
  stop(): Promise<void>;
};

export type StartOptions = {
  readonly config: Config;
  readonly host: ThreadHost;
  readonly time: Time;
  /** An embedder's own, beside those of the configuration. */
  readonly ownTrunks: readonly Trunk[];
  /** Takes the data directory for this engine alone; by default with a lock of the kernel's. */
  readonly lockData: typeof lockDataDir | undefined;
  /** In the place of our own pool. */
  readonly jobs: JobPool | undefined;
  /** In the place of the one kept with the data. */
  readonly resumeKey: Uint8Array | undefined;
  /** Where a blocked thread is; undefined where nobody can tell. */
  readonly blockedStack: BlockedStack | undefined;
  readonly quarantineMax?: number | undefined;
  readonly listener: ThreadsListener;
  /**
   * The threads are about to start. Told of the calls that were live when the last process died;
   * @returns those that do not go on: they are dropped
   */
  readonly begin: (ground: Ground, lost: readonly LostCall[]) => readonly LostCall[];
  readonly progress: (text: string) => void;
};

/** @throws {EngineError} why a part did not start; then nothing runs */
export async function startParts(options: StartOptions): Promise<Running> {
  const list = new UndoList();
  const { listener } = options;
  const undo = () =>
    list.undo((part, error) =>
      listener.log("error", "a part could not be stopped", { part, error }),
    );
  try {
    return { ...(await startAll(options, list)), stop: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

async function startAll(options: StartOptions, undo: UndoList): Promise<Omit<Running, "stop">> {
  const { config, host, time, progress, listener } = options;
  const { dataDir, kekFile } = config.storage;
  const flows = await loadFlowLibrary(config.flows);
  const analyzerNames = config.analyzers.map(({ name }) => name);
  checkAnalyzers(flows, analyzerNames);
  checkLanguages(flows);
  const lock = (options.lockData ?? lockDataDir)(dataDir, time.epochMs());
  undo.add("data directory", () => lock.release());
  progress("store");
  const log: ThreadsListener["log"] = (...line) => listener.log(...line);
  const keeper = new StoreKeeper({ host, time, data: { dataDir, kekFile }, log });
  undo.add("store", () => keeper.stop());
  const store = await keeper.start();
  const size = config.threads.jobWorkerCount;
  const workerData = { dataDir, kekFile, voiceprint: config.voiceprint };
  const jobs = oneWriter(options.jobs ?? createJobPool({ size, workerData }));
  undo.add("jobs", () => jobs.stop());
  const lost = await findLostCalls(store, log);
  progress("speech recognition");
  const recognition = await startRecognition(config.recognition, time, log);
  undo.add("recognition", () => recognition.stop());
  progress("gateway and shards");
  const threads = new EngineThreads({
    host,
    time,
    config,
    blockedStack: options.blockedStack,
    quarantineMax: options.quarantineMax,
    jobs,
    recognitionSockets: recognition.sockets,
    // The store has made the key file.
    resumeKey: options.resumeKey ?? loadMasterKey({ dataDir, kekFile }).resumeKey,
    flows: [...flows.values()],
    listener,
  });
  const ended = options.begin({ store, jobs, flows, threads }, lost);
  // Nothing else waits for it, but the store and the jobs stop after it.
  const dropped = dropLostCalls(ended, { store, jobs, log });
  undo.add("lost calls", () => dropped);
  undo.add("gateway and shards", () => threads.stop());
  await threads.start();
  progress("prompts");
  const prompts = await startPrompts(options, { flows, jobs, threads }, undo);
  progress("trunks");
  const trunks = await startTrunks(options, undo);
  await dropped;
  const isWhole = (): boolean => keeper.isThere && threads.isWhole;
  const givenUp = () => (keeper.isGivenUp ? [...threads.givenUp, "store"] : threads.givenUp);
  return { store, jobs, recognition, flows, threads, prompts, trunks, isWhole, givenUp };
}

/** Prompts that are stored are there at once; the others are made while the engine runs. */
async function startPrompts(
  { config, time, listener }: StartOptions,
  parts: {
    readonly flows: ReadonlyMap<string, LibraryFlow>;
    readonly jobs: JobPool;
    readonly threads: EngineThreads;
  },
  undo: UndoList,
): Promise<FlowPrompts> {
  const { jobs, threads } = parts;
  const log: ThreadsListener["log"] = (...line) => listener.log(...line);
  const flows = [...parts.flows.values()].map(({ flow }) => flow);
  const { recordings } = config.prompts;
  const recorded = recordings === undefined ? undefined : loadRecordedPrompts(recordings);
  const rendering = await openPromptRendering({
    config,
    jobs,
    time,
    rng: nodeRng,
    recorded,
    report: (report) => threads.voiceReport(report),
  });
  undo.add("prompts", () => {
    prompts.stop();
    rendering.stop();
    return Promise.resolve();
  });
  const { store } = rendering;
  const prompts = new FlowPrompts({ flows, store, add: (one) => threads.addPrompt(one), log });
  tellUnused(recorded, flows, log);
  await prompts.start();
  return prompts;
}

function tellUnused(
  recorded: RecordedPrompts | undefined,
  flows: readonly CompiledFlow[],
  log: ThreadsListener["log"],
): void {
  const requests = flows.flatMap(({ fixedPrompts, offline, voice, language }) =>
    [...fixedPrompts, offline].map((text) => ({ text, voice, language })),
  );
  for (const text of recorded?.unused(requests) ?? []) {
    log("warn", "no flow says the text of a recording", { text });
  }
}

async function startTrunks(
  { config, time, ownTrunks, listener }: StartOptions,
  undo: UndoList,
): Promise<ReadonlyMap<string, Trunk>> {
  const isRecognizing = config.recognition.isEnabled;
  const configured = await createTrunks(config.trunks, {
    time,
    isRecognizing,
    log: (level, message, fields) => listener.log(level, message, fields),
  });
  const trunks = new Map([...ownTrunks, ...configured].map((trunk) => [trunk.name, trunk]));
  for (const trunk of trunks.values()) {
    undo.add(`trunk ${trunk.name}`, () => trunk.stop());
    await trunk.start();
  }
  return trunks;
}
