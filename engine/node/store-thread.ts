/**
 * The store thread, the only writer of the embedded database, and what takes its place when it is
 * lost: another one, on the same file. What was asked of the lost one ends as `STORE_LOST`, and
 * whoever must not lose it asks again (`record-writer.ts`, `ledger-writer.ts`); live calls need no
 * store, and none begins without one.
 */
import { toErrorData } from "../../base/errors.js";
import { compiledEntry } from "../../base/compiled-entry.js";
import type { ThreadExit, ThreadHost, Time } from "../../base/ports.js";
import type { CallStore } from "../../storage/call-ledger.js";
import { createStoreClient } from "../../storage/store-client.js";
import type { StoreReport, StoreThreadOptions } from "../../storage/store-messages.js";
import { Restarts } from "./restarts.js";
import { EngineThread } from "./thread-handles.js";

type StoreCommand =
  { readonly kind: "close" } | { readonly kind: "connect"; readonly port: unknown };

export type StoreKeeperOptions = {
  readonly host: ThreadHost;
  readonly time: Time;
  readonly data: StoreThreadOptions;
  readonly log: (level: "info" | "error", message: string, fields: object) => void;
};

/**
 * One life of the thread. Its clients have bounds of their own: however much the ledger has to
 * say, an outcome is not refused for it.
 */
type Life = {
  readonly thread: EngineThread<StoreCommand, StoreReport>;
  readonly records: CallStore;
  readonly ledger: CallStore;
};

export class StoreKeeper {
  readonly #options: StoreKeeperOptions;
  readonly #restarts: Restarts;
  #life: Life | undefined;
  #isThere = false;
  #isGivenUp = false;

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
    const { time, log } = options;
    this.#restarts = new Restarts(time, {
      back: (thread) => log("info", "a thread runs again", { thread }),
      failed: (thread, error, retryMs) => {
        const fields = { ...toErrorData(error), thread, retryMs };
        log("error", "a thread could not be started again", fields);
      },
      givenUp: (thread, { restartsMax, periodMs }) => {
        this.#isGivenUp = true;
        const fields = { thread, restartsMax, periodMs };
        log("error", "a thread is lost again and again: it is given up", fields);
      },
    });
  }

  /** Whether the thread runs. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** It was lost too often, and does not come back. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** @returns the store, whichever thread it is on. @throws {EngineError} why it did not start */
  async start(): Promise<CallStore> {
    await this.#begin();
    const records = (): CallStore => this.#life!.records;
    const ledger = (): CallStore => this.#life!.ledger;
    return {
      put: (record) => records().put(record),
      get: (callId) => records().get(callId),
      list: (query) => records().list(query),
      forget: (userId) => records().forget(userId),
      recall: (callId) => records().recall(callId),
      liveCalls: (query) => records().liveCalls(query),
      settle: (call) => records().settle(call),
      remember: (entry) => ledger().remember(entry),
      alive: (epochMs) => ledger().alive(epochMs),
      close: () => this.stop(),
    };
  }

  async stop(): Promise<void> {
    await this.#restarts.stop();
    if (this.#life === undefined) return;
    const { thread, records, ledger } = this.#life;
    await Promise.all([records.close(), ledger.close()]);
    await thread.stop({ kind: "close" });
    this.#isThere = false;
  }

  async #begin(): Promise<void> {
    const { host, time, data } = this.#options;
    const entry = compiledEntry("storage/store-main.js");
    const spawned = host.spawn({ name: "store", entry, data });
    const thread = new EngineThread<StoreCommand, StoreReport>(spawned, time);
    await thread.ready("ready");
    const client = (): CallStore => {
      const { port1, port2 } = host.channel();
      thread.tell({ kind: "connect", port: port2 }, [port2]);
      return createStoreClient({ port: port1, time });
    };
    this.#life = { thread, records: client(), ledger: client() };
    this.#isThere = true;
    thread.onLost((exit) => this.#lost(thread.name, exit));
  }

  #lost(name: string, { exitCode, error }: ThreadExit): void {
    this.#isThere = false;
    const why = error === undefined ? `exit code ${exitCode}` : toErrorData(error).message;
    this.#options.log("error", "a thread is lost", { thread: name, why });
    this.#restarts.again(name, () => this.#begin());
  }
}
