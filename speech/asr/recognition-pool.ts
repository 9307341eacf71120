/**
 * The recognition processes, as children of this one: started, counted, started again when they
 * die, and ended. Audio does not pass here: shards connect to the sockets.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiledEntry } from "../../base/compiled-entry.js";
import { fromErrorData, type ErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import { isPocketSphinxAvailable } from "./pocketsphinx.js";
import type { Leases } from "./recognition-engine.js";
import type { RecognitionProcessOptions, RecognitionReport } from "./recognition-main.js";
import { RecognitionError, type GrammarWarning } from "./recognizer.js";

export type RecognitionPoolOptions = {
  readonly time: Time;
  /** Default 1; each uses at most one core. */
  readonly processes?: number;
  /** Utterances at once in each process. Default 16. */
  readonly decodersPerProcess?: number;
  /** @see debianModelDirectory */
  readonly modelDirectory?: string;
  /** Parent of the directory of the sockets; default the system's for temporary files. */
  readonly temporaryDirectory?: string;
  readonly onEvent?: (event: RecognitionPoolEvent) => void;
};

export type RecognitionPoolEvent =
  /** A process is gone and will be started again after `restartMs`. */
  | {
      readonly kind: "processLost";
      readonly index: number;
      readonly reason: string;
      readonly restartMs: number;
    }
  | { readonly kind: "processReady"; readonly index: number; readonly pid: number }
  | { readonly kind: "warning"; readonly warning: GrammarWarning };

export interface RecognitionPool {
  /** What clients connect to; the same for as long as the pool lives. */
  readonly sockets: readonly string[];
  /** Decoders in use, of those whose process is ready. */
  readonly leases: Leases;
  /** Of the processes that run now. */
  readonly processIds: readonly number[];
  /** Ends all processes and removes the sockets. Twice does nothing. */
  stop(): Promise<void>;
}

/** First wait before a restart; it doubles while the process keeps dying. */
const restartMs = 100;
const restartMsMax = 5000;
/** A process that lived this long starts with the first wait again. */
const steadyMs = 30_000;
/** How long a process may take to end by itself. */
const stopMsMax = 2000;

/**
 * Starts the processes; resolves when all are ready.
 *
 * @throws {RecognitionError} `RECOGNITION_UNAVAILABLE` saying what to install, or what the first
 *   start of a process failed with
 */
export async function startRecognitionPool(
  options: RecognitionPoolOptions,
): Promise<RecognitionPool> {
  const available = isPocketSphinxAvailable(options.modelDirectory);
  if (!available.ok) {
    const { why, install } = available;
    throw new RecognitionError("RECOGNITION_UNAVAILABLE", `${why}; ${install}`, { why, install });
  }
  // mkdtemp makes it 0700: nobody else may connect.
  const directory = await mkdtemp(join(options.temporaryDirectory ?? tmpdir(), "voxtree-asr-"));
  const indexes = Array.from({ length: options.processes ?? 1 }, (_, index) => index);
  const keepers = indexes.map(
    (index) => new ProcessKeeper(options, index, join(directory, `${index}.sock`)),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(keepers.map((keeper) => keeper.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    sockets: keepers.map((keeper) => keeper.socketPath),
    get leases() {
      const inUse = keepers.reduce((sum, keeper) => sum + keeper.leases.inUse, 0);
      const total = keepers.reduce((sum, keeper) => sum + keeper.leases.total, 0);
      return { inUse, total };
    },
    get processIds() {
      return keepers.flatMap((keeper) => keeper.pid ?? []);
    },
    stop,
  };
}

/** Keeps one process alive. */
class ProcessKeeper {
  readonly socketPath: string;
  readonly #options: RecognitionPoolOptions;
  readonly #index: number;
  readonly #decoders: number;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #leases: Leases = { inUse: 0, total: 0 };
  #waitMs = restartMs;
  #readyAtMs: number | undefined;
  #restart: Timer | undefined;
  #failure: ErrorData | undefined;

  constructor(options: RecognitionPoolOptions, index: number, socketPath: string) {
    this.#options = options;
    this.#index = index;
    this.#decoders = options.decodersPerProcess ?? 16;
    this.socketPath = socketPath;
  }

  get leases(): Leases {
    return this.#leases;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The first start: here a failure is the caller's to handle. */
  async start(): Promise<void> {
    await rm(this.socketPath, { force: true });
    return new Promise((resolve, reject) => this.#spawn({ resolve, reject }));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const deadline = this.#options.time.after(stopMsMax, () => child.kill("SIGKILL"));
    if (child.connected) child.disconnect();
    await ended;
    deadline.cancel();
  }

  #spawn(first?: { resolve: () => void; reject: (error: unknown) => void }): void {
    const { modelDirectory } = this.#options;
    const processOptions: RecognitionProcessOptions = {
      socketPath: this.socketPath,
      decoders: this.#decoders,
      ...(modelDirectory === undefined ? {} : { modelDirectory }),
    };
    const entry = fileURLToPath(compiledEntry("speech/asr/recognition-main.js"));
    const child = fork(entry, [JSON.stringify(processOptions)], {
      // Flags of this process, such as a debugger's port, are not for the child.
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    this.#failure = undefined;
    child.on("message", (report: RecognitionReport) => {
      this.#receive(report);
      if (report.kind === "ready") first?.resolve();
    });
    child.on("error", () => undefined);
    child.once("exit", (code, signal) => {
      this.#child = undefined;
      this.#leases = { inUse: 0, total: 0 };
      const isFirst = first !== undefined && this.#readyAtMs === undefined;
      if (isFirst) first.reject(this.#startError(code, signal));
      else this.#restartLater(this.#failure?.message ?? `exit code ${code}, signal ${signal}`);
    });
  }

  #receive(report: RecognitionReport): void {
    const { onEvent } = this.#options;
    switch (report.kind) {
      case "ready":
        this.#readyAtMs = this.#options.time.nowMs();
        this.#leases = { inUse: 0, total: this.#decoders };
        return onEvent?.({ kind: "processReady", index: this.#index, pid: this.#child!.pid! });
      case "leases":
        return void (this.#leases = report.leases);
      case "warning":
        return onEvent?.(report);
      case "failed":
        return void (this.#failure = report.error);
    }
  }

  #restartLater(reason: string): void {
    if (this.#isStopping) return;
    const { time, onEvent } = this.#options;
    const livedMs = time.nowMs() - (this.#readyAtMs ?? time.nowMs());
    if (livedMs > steadyMs) this.#waitMs = restartMs;
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(2 * waitMs, restartMsMax);
    this.#restart = time.after(waitMs, () => {
      // The dead process left its socket behind, and a new one could not listen on it.
      void rm(this.socketPath, { force: true }).then(() => {
        if (!this.#isStopping) this.#spawn();
      });
    });
    onEvent?.({ kind: "processLost", index: this.#index, reason, restartMs: waitMs });
  }

  #startError(code: number | null, signal: string | null): Error {
    if (this.#failure !== undefined) return fromErrorData(this.#failure);
    return new RecognitionError(
      "RECOGNITION_UNAVAILABLE",
      `the recognition process ended while starting, exit code ${code}, signal ${signal}`,
      { code, signal },
    );
  }
}
