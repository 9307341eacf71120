/**
 * A process of a bench, seen from its parent: it is asked and answers, and tells of events on its
 * own. `child-side.ts` is the other end.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compiledEntry } from "../../base/compiled-entry.js";

/** What a process can be asked: name → argument and answer. All of it is structured-cloned. */
export type Asks = { readonly [name: string]: { readonly ask: unknown; readonly answer: unknown } };

/** Parent → child. */
export type Question = { readonly id: number; readonly name: string; readonly argument: unknown };

/** Child → parent: answers, and events under id 0. */
export type Reply<Event> =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly id: 0; readonly event: Event };

type Waiting = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
};

export class Child<Known extends Asks, Event> {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #isStopping = false;

  /**
   * @param entry compiled module inside the package, e.g. `bench/load/load-main.js`
   * @param onEvent told of everything that is no answer
   */
  constructor(entry: string, onEvent: (event: Event) => void, args: readonly string[] = []) {
    this.#name = entry;
    this.#process = fork(fileURLToPath(compiledEntry(entry)), args, {
      serialization: "advanced",
      execArgv: ["--no-warnings", ...execArgvOf(entry)],
    });
    this.pid = this.#process.pid ?? 0;
    this.#process.on("message", (reply: Reply<Event>) => this.#receive(reply, onEvent));
    this.#exited = new Promise((resolve) => {
      this.#process.on("exit", (code, signal) => {
        if (!this.#isStopping) this.#lost(`${entry} ended by itself (${signal ?? code})`);
        resolve();
      });
    });
  }

  /** @throws {Error} what the process answered instead, or that it is gone */
  ask<Name extends keyof Known & string>(
    name: Name,
    argument: Known[Name]["ask"],
  ): Promise<Known[Name]["answer"]> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, name, argument } satisfies Question, (error) => {
        if (error !== null) this.#lost(`${this.#name} cannot be reached: ${error.message}`);
      });
    });
  }

  /** Ends it; resolves when it is gone. Politely by its channel, by force after five seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#process.connected) this.#process.disconnect();
    const force = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await this.#exited;
    clearTimeout(force);
    this.#lost(`${this.#name} was stopped`);
  }

  #receive(reply: Reply<Event>, onEvent: (event: Event) => void): void {
    if ("event" in reply) return onEvent(reply.event);
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new Error(`${this.#name}: ${reply.error}`));
    else waiting?.resolve(reply.value);
  }

  #lost(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }
}

/** Processes that run the engine do so as its command does: see `engine/cli/main.ts`. */
const engines = /(engine|chaos)-main/;
const engineFlags = ["--single-threaded-gc", "--max-semi-space-size=4"];
/** More flags of Node for these, by spaces: to see what one of them brings. */
const moreFlags = (process.env["VOXTREE_BENCH_FLAGS"] ?? "").split(" ").filter(Boolean);

/** `VOXTREE_BENCH_PROF=engine-main` writes a CPU profile of that process to the working folder. */
function execArgvOf(entry: string): string[] {
  const profiled = process.env["VOXTREE_BENCH_PROF"];
  const isProfiled = profiled !== undefined && entry.includes(profiled);
  return [
    ...(engines.test(entry) ? [...engineFlags, ...moreFlags] : []),
    ...(isProfiled ? ["--cpu-prof"] : []),
  ];
}
