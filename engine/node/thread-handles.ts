/** The node's ends of its threads: typed messages, and what happens when a thread is gone. */
import { compiledEntry } from "../../base/compiled-entry.js";
import { EngineError, fromErrorData } from "../../base/errors.js";
import { createFrameRing } from "../../base/frame-ring.js";
import type { ThreadExit, ThreadHandle, ThreadHost, Time } from "../../base/ports.js";
import type { GatewayConfig } from "../../config/schema.js";
import type {
  GatewayCommand,
  GatewayReport,
  ShardCommand,
  ShardReport,
} from "../control/messages.js";
import type { ShardThreadData } from "../shard/shard-thread.js";

/** 500 calls of 20 ms μ-law frames are 4.8 MB/s with their headers: over 3 s of them. */
const ringBytes = 16 * 1024 * 1024;
/** A thread that takes longer to say that it is ready has failed. */
const startMsMax = 20_000;
const stopMsMax = 5000;

type Reports = { readonly kind: string };

/** A thread with typed commands and reports. */
export class EngineThread<Command, Report extends Reports> {
  readonly name: string;
  readonly #thread: ThreadHandle;
  readonly #time: Time;
  #isStopping = false;
  readonly #exited: Promise<ThreadExit>;

  constructor(thread: ThreadHandle, time: Time) {
    this.name = thread.name;
    this.#thread = thread;
    this.#time = time;
    this.#exited = new Promise((resolve) => thread.onExit(resolve));
  }

  tell(command: Command, transfer?: readonly unknown[]): void {
    this.#thread.post(command, transfer);
  }

  onReport(receive: (report: Report) => void): void {
    this.#thread.onMessage((message) => receive(message as Report));
  }

  /** Calls `run` when the thread ends though nobody asked it to. */
  onLost(run: (exit: ThreadExit) => void): void {
    void this.#exited.then((exit) => {
      if (!this.#isStopping) run(exit);
    });
  }

  /**
   * Resolves with the first report of that kind. A thread that fails to get there is ended.
   *
   * @throws {EngineError} what it reported, or `THREAD_FAILED`
   */
  async ready<Kind extends Report["kind"]>(kind: Kind): Promise<Extract<Report, { kind: Kind }>> {
    try {
      return await this.#firstReport(kind);
    } catch (error) {
      this.#isStopping = true;
      await this.#thread.terminate();
      throw error;
    }
  }

  #firstReport<Kind extends Report["kind"]>(kind: Kind): Promise<Extract<Report, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const timer = this.#time.after(startMsMax, () =>
        reject(new EngineError("THREAD_FAILED", `${this.name} was not ready in ${startMsMax} ms`)),
      );
      this.onReport((report) => {
        if (report.kind === kind) resolve(report as Extract<Report, { kind: Kind }>);
        else if (report.kind === "failed") {
          reject(fromErrorData((report as unknown as { error: never }).error));
        } else return;
        timer.cancel();
      });
      void this.#exited.then(({ exitCode, error: cause }) => {
        timer.cancel();
        const message = `${this.name} ended with code ${exitCode} before it was ready`;
        reject(new EngineError("THREAD_FAILED", message, { exitCode }, { cause }));
      });
    });
  }

  /** Ends it at once, also in the middle of a loop; counts as lost. */
  terminate(): Promise<void> {
    return this.#thread.terminate();
  }

  /** Asks it to stop, waits for its end, and ends it when it does not. */
  async stop(command: Command): Promise<void> {
    this.#isStopping = true;
    this.tell(command);
    const timer = this.#time.after(stopMsMax, () => void this.#thread.terminate());
    await this.#exited;
    timer.cancel();
  }
}

export type GatewayThread = EngineThread<GatewayCommand, GatewayReport>;
export type ShardThread = EngineThread<ShardCommand, ShardReport>;

export function startGateway(host: ThreadHost, time: Time, config: GatewayConfig): GatewayThread {
  const entry = compiledEntry("engine/gateway/gateway-main.js");
  return new EngineThread(host.spawn({ name: "gateway-0", entry, data: config }), time);
}

export function startShard(
  host: ThreadHost,
  time: Time,
  options: {
    readonly data: ShardThreadData;
    readonly heapMbMax: number | undefined;
    readonly isInBackground: boolean;
  },
): ShardThread {
  const entry = compiledEntry("engine/shard/shard-main.js");
  const { data, heapMbMax, isInBackground } = options;
  const limit = heapMbMax === undefined ? {} : { heapMbMax };
  const thread = host.spawn({ name: data.name, entry, data, isInBackground, ...limit });
  return new EngineThread(thread, time);
}

/** Lays the two rings and the port between a gateway and a shard. @returns the rings */
export function connectShard(
  host: ThreadHost,
  gateway: GatewayThread,
  shard: ShardThread,
  place: { readonly shardIndex: number; readonly incarnation: number },
): readonly SharedArrayBuffer[] {
  const { port1, port2 } = host.channel();
  const { incarnation } = place;
  const rings = {
    ...place,
    inbound: createFrameRing({ bytes: ringBytes, incarnation }),
    outbound: createFrameRing({ bytes: ringBytes, incarnation }),
    taken: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
  gateway.tell({ kind: "attachShard", link: { ...rings, port: port1 } }, [port1]);
  shard.tell({ kind: "attachGateway", link: { ...rings, port: port2 } }, [port2]);
  return [rings.inbound, rings.outbound];
}
