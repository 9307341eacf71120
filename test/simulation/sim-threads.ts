/**
 * Threads without threads: each is a body of real code with a time of its own. It starts after a
 * while, may fail to, can be stalled, and ends when it is told to, terminated or lost. What it had
 * reported before still arrives, and then its exit: as Node does it.
 */
import type { MessagePort } from "node:worker_threads";
import { EngineError } from "../../base/errors.js";
import type { ThreadExit, ThreadHandle, ThreadHost, ThreadOptions } from "../../base/ports.js";
import type { SimLoop, ThreadTime } from "./sim-loop.js";
import type { CommandFate } from "./node-commands.js";
import { SimPort, simChannel, type Carry } from "./sim-port.js";

/** What runs in a thread, once it has started. */
export type ThreadBody = {
  receive(message: unknown): void;
  /** The thread is gone, however it ended. */
  gone?(): void;
};

/** What a body is given. */
export type BodyContext = {
  readonly thread: SimThread;
  readonly time: ThreadTime;
  readonly data: unknown;
  readonly report: (message: unknown) => void;
  /** The thread ends by itself. */
  readonly close: () => void;
};

export type SimThreadsOptions = {
  readonly loop: SimLoop;
  /** Of the thread that starts all others. */
  readonly nodeTime: ThreadTime;
  /** Puts the code into a thread by its name. */
  readonly body: (name: string, context: BodyContext) => ThreadBody;
  /** What ways between threads do to a message. */
  readonly carry: Carry;
  /** How long a message takes between the node and this thread. */
  readonly wayMs: (name: string) => number;
  readonly startMs: (name: string) => number;
  /** Whether the next start of this thread fails. */
  readonly failsToStart: (name: string) => boolean;
  /** A shard has this place, now or still. */
  readonly seated: (shardIndex: number, thread: SimThread) => void;
  /** Looks at a command of the node, and says what becomes of it on its way. */
  readonly commanded: (name: string, command: unknown) => CommandFate;
  /** A broken build: a thread that is terminated goes on. */
  readonly areUndead?: boolean;
  /** A thread is gone, though nobody asked it to stop. */
  readonly lost: (name: string) => void;
};

export class SimThread implements ThreadHandle {
  readonly name: string;
  /** Its name and which life of it. */
  readonly life: string;
  readonly time: ThreadTime;
  readonly #options: SimThreadsOptions;
  readonly #data: unknown;
  readonly #seated: (shardIndex: number) => void;
  readonly #receivers: ((message: unknown) => void)[] = [];
  readonly #exits: ((exit: ThreadExit) => void)[] = [];
  readonly #ports: SimPort[] = [];
  readonly #early: unknown[] = [];
  #body: ThreadBody | undefined;
  #toThreadMs = 0;
  #toNodeMs = 0;
  #isGone = false;
  /** Its exit is known. */
  #isOver = false;

  /** @param seated it has this place among the shards now */
  constructor(
    options: SimThreadsOptions,
    life: number,
    spawned: ThreadOptions,
    seated: (shardIndex: number) => void,
  ) {
    const { name, data, transfer } = spawned;
    this.#options = options;
    this.#seated = seated;
    this.name = name;
    this.life = `${name} ${life}`;
    this.#data = data ?? {};
    this.time = options.loop.thread();
    this.#adopt(transfer);
    this.time.after(options.startMs(name), () => this.#start(data));
  }

  /** The counter that the watchdog follows, where it has one. */
  get beat(): Int32Array | undefined {
    return (this.#data as { readonly beat?: Int32Array }).beat;
  }

  get isAlive(): boolean {
    return !this.#isGone;
  }

  post(message: unknown, transfer?: readonly unknown[]): void {
    const { loop } = this.#options;
    const sent = transfer === undefined ? copied(message) : message;
    const { kind, link } = message as { kind?: string; link?: { shardIndex: number } };
    if (kind === "attachGateway" && link !== undefined) this.#seated(link.shardIndex);
    this.#adopt(transfer);
    const deliver = (): void => {
      if (this.#body === undefined) return void this.#early.push(sent);
      this.#body.receive(sent);
      loop.flush();
    };
    const arrive = (): void => this.time.soon(deliver);
    const { times, laterMs, isOvertaken } = this.#options.commanded(this.name, message);
    const { world } = loop;
    if (times === 0) return;
    if (isOvertaken) return void world.after(this.#options.wayMs(this.name) + laterMs, arrive);
    this.#toThreadMs = this.#send(this.#toThreadMs + laterMs, arrive);
    if (times === 2) this.#toThreadMs = this.#send(this.#toThreadMs, arrive);
  }

  onMessage(receive: (message: unknown) => void): void {
    this.#receivers.push(receive);
  }

  onExit(run: (exit: ThreadExit) => void): void {
    this.#exits.push(run);
  }

  terminate(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    if (this.#options.areUndead === true && isShard(this.name)) {
      this.#exitLater({ exitCode: 1 });
    } else this.#end({ exitCode: 1 });
    return this.#options.loop.promise((settle) => this.onExit(() => settle.ok(undefined)));
  }

  /** It crashes. */
  lose(why: string): void {
    this.#end({ exitCode: 1, error: new EngineError("SIMULATED", why) });
  }

  /** Its process is gone: nobody is told. */
  vanish(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.time.end();
    this.#body?.gone?.();
  }

  #start(data: unknown): void {
    const { body, failsToStart, loop } = this.#options;
    loop.flush();
    if (failsToStart(this.name)) return this.lose("does not start");
    this.#body = body(this.name, {
      thread: this,
      time: this.time,
      data,
      report: (message) => this.#report(message),
      close: () => this.#end({ exitCode: 0 }),
    });
    for (const message of this.#early.splice(0)) this.#body.receive(message);
  }

  #report(message: unknown): void {
    if (!this.time.isAlive) return;
    const sent = copied(message);
    this.#toNodeMs = this.#send(this.#toNodeMs, () =>
      this.#options.nodeTime.soon(() => {
        for (const receive of this.#receivers) receive(sent);
      }),
    );
  }

  /** Runs `arrive` behind what was sent before. Returns when. */
  #send(lastMs: number, arrive: () => void): number {
    const { loop, wayMs } = this.#options;
    const nowMs = loop.world.nowMs();
    const arrivalMs = Math.max(lastMs, nowMs + wayMs(this.name));
    loop.world.after(arrivalMs - nowMs, arrive);
    return arrivalMs;
  }

  #end(exit: ThreadExit): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.time.end();
    this.#body?.gone?.();
    if (exit.exitCode !== 0) this.#options.lost(this.name);
    // The runtime closes what the thread had; the other ends hear of it.
    for (const port of this.#ports) port.close();
    this.#exitLater(exit);
  }

  #exitLater(exit: ThreadExit): void {
    const tell = (): void => {
      this.#isOver = true;
      for (const run of this.#exits.splice(0)) run(exit);
    };
    this.#toNodeMs = this.#send(this.#toNodeMs, () => this.#options.nodeTime.soon(tell));
  }

  #adopt(transfer: readonly unknown[] = []): void {
    for (const port of transfer) {
      if (!(port instanceof SimPort)) continue;
      port.owner = this.time;
      this.#ports.push(port);
    }
  }
}

/** Also one that waits for the place of another. */
export function isShard(name: string): boolean {
  return name.startsWith("shard") || name.startsWith("spare");
}

export class SimThreadHost implements ThreadHost {
  /** The newest thread of each name; under `shard-<index>` whoever has that place. */
  readonly threads = new Map<string, SimThread>();
  /** Every thread there ever was. */
  readonly all: SimThread[] = [];
  readonly #options: SimThreadsOptions;

  constructor(options: SimThreadsOptions) {
    this.#options = options;
  }

  spawn(options: ThreadOptions): SimThread {
    const thread = new SimThread(this.#options, this.all.length, options, (shardIndex) => {
      this.threads.set(`shard-${shardIndex}`, thread);
      this.#options.seated(shardIndex, thread);
    });
    this.threads.set(options.name, thread);
    this.all.push(thread);
    return thread;
  }

  channel(): { readonly port1: MessagePort; readonly port2: MessagePort } {
    const { loop, nodeTime, carry } = this.#options;
    return simChannel(loop, nodeTime, carry);
  }
}

/** Large and shared things go as they are: nobody changes them afterwards. */
const passedOn = new Set(["addPrompt", "addFlow", "job", "jobDone", "ready", "listening"]);

function copied(message: unknown): unknown {
  const { kind } = message as { readonly kind?: string };
  return kind !== undefined && passedOn.has(kind) ? message : structuredClone(message);
}
