/**
 * Where the chunks of all recordings of a shard gather on their way to the job pool: a job by way
 * of the node costs the same for one chunk as for fifty, and every live call has one a second.
 */
import type { RecordedChunk } from "../../actors/call/cast-ports.js";
import { fromErrorData, type ErrorData } from "../../base/errors.js";
import type { Scheduler } from "../../base/ports.js";

/** How long a chunk waits for others: much less than the second it holds. */
const gatherMs = 100;
/** So that a job stays short: a worker seals one in some 100 µs. */
const chunksPerJobMax = 64;

type Waiting = {
  readonly chunk: RecordedChunk;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/** Stores chunks; answers with what went wrong, by chunk. */
export type StoreChunks = (
  chunks: readonly RecordedChunk[],
) => Promise<readonly (ErrorData | undefined)[]>;

export class RecordingDesk {
  readonly #scheduler: Scheduler;
  readonly #store: StoreChunks;
  #waiting: Waiting[] = [];

  constructor(scheduler: Scheduler, store: StoreChunks) {
    this.#scheduler = scheduler;
    this.#store = store;
  }

  /** Resolves when it is on disk. @throws {EngineError} why it is not, this one or its job */
  record(chunk: RecordedChunk): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chunk, resolve, reject });
      if (this.#waiting.length === 1) this.#scheduler.after(gatherMs, () => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += chunksPerJobMax) {
      void this.#run(waiting.slice(from, from + chunksPerJobMax));
    }
  }

  async #run(job: readonly Waiting[]): Promise<void> {
    try {
      const errors = await this.#store(job.map(({ chunk }) => chunk));
      job.forEach(({ resolve, reject }, index) => {
        const error = errors[index];
        if (error === undefined) resolve();
        else reject(fromErrorData(error));
      });
    } catch (error) {
      for (const { reject } of job) reject(error);
    }
  }
}
