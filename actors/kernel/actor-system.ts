/** An actor system: the tree of one thread. */
import { EngineError, type ErrorData } from "../../base/errors.js";
import type { Time } from "../../base/ports.js";
import { ActorCell } from "./actor-cell.js";
import { ask } from "./ask.js";
import type { DeadLetterSink } from "./dead-letters.js";
import type { Dispatcher } from "./dispatcher.js";
import {
  addActor,
  addEnded,
  emptySystemMetrics,
  type ActorMetrics,
  type SystemMetrics,
} from "./metrics.js";
import { nameShape } from "./names.js";
import type { ActorRef, Behavior, Down, Message, ReplyTo, SpawnOptions } from "./types.js";

export type ActorSystemOptions = {
  /** First step of every path, e.g. `shard-0`. */
  readonly name: string;
  readonly dispatcher: Dispatcher;
  readonly time: Time;
  readonly deadLetters: DeadLetterSink;
  /** Hears of every actor that threw, after it has ended. For the log; supervision uses `watch`. */
  readonly onFailure: (path: string, error: ErrorData) => void;
  /** Whose turn it is, or was last: to be read from outside when the thread is lost. */
  readonly atWork?: AtWork;
};

/** The actor that has its turn leaves its mark in `word[0]`; 0 leaves the one before. */
export type AtWork = { readonly word: Int32Array; readonly markOf: (path: string) => number };

export interface ActorSystem {
  /** @throws {EngineError} `ACTOR_NAME` when the name is taken or malformed */
  spawn<S, M extends Message>(
    name: string,
    behavior: Behavior<S, M>,
    options?: SpawnOptions,
  ): ActorRef<M>;
  /** As `Context.ask`, for the code around the tree. */
  ask<Q extends Message, R>(
    ref: ActorRef<Q>,
    question: (replyTo: ReplyTo<R>) => Q,
    deadlineMs: number,
  ): Promise<R>;
  /** Calls `run` once when `ref` ends. */
  onDown(ref: ActorRef, run: (down: Down) => void): void;
  /** Ends the whole tree now, last started first; nobody is given time to finish. */
  stop(): void;
  /**
   * Ends the whole tree, last started first, each within its `shutdownMs`. What is left at the
   * deadline is killed.
   *
   * @returns when the tree is gone
   */
  shutdown(deadlineMs: number): Promise<void>;
  /** Every living actor, parents before their children. */
  actorMetrics(): ActorMetrics[];
  metrics(): SystemMetrics;
}

/** @internal what a cell needs of its system */
export type SystemCore = ActorSystemOptions & {
  nextId(): number;
  createCell<S, M extends Message>(
    parent: ActorCell<unknown, never>,
    name: string,
    behavior: Behavior<S, M>,
    options: SpawnOptions | undefined,
  ): ActorCell<S, M>;
  /** Keeps what an ended actor had counted. */
  ended(metrics: ActorMetrics): void;
  onDown(ref: ActorRef, run: (down: Down) => void): () => void;
  ask: ActorSystem["ask"];
};

export function createActorSystem(options: ActorSystemOptions): ActorSystem {
  let lastId = 0;
  let ended = emptySystemMetrics;
  const core: SystemCore = {
    ...options,
    nextId: () => (lastId += 1),
    createCell(parent, name, behavior, spawnOptions) {
      checkName(parent, name);
      return new ActorCell(core, parent, name, behavior, spawnOptions);
    },
    ended: (metrics) => void (ended = addEnded(ended, metrics)),
    onDown: (ref, run) => (ref instanceof ActorCell ? ref.onDown(run) : () => undefined),
    ask: (ref, question, deadlineMs) =>
      ask({
        ref,
        question,
        deadlineMs,
        scheduler: options.time,
        deadLetters: options.deadLetters,
        onDown: (run) => core.onDown(ref, run),
      }),
  };
  const root = new ActorCell(core, undefined, options.name, rootBehavior);
  root.begin();
  root.onDown(() => options.dispatcher.close());
  const actorMetrics = (): ActorMetrics[] => {
    const all: ActorMetrics[] = [];
    root.visit((cell) => all.push(cell.metrics()));
    return all.slice(1);
  };
  return {
    spawn: (name, behavior, spawnOptions) => root.spawn(name, behavior, spawnOptions),
    ask: core.ask,
    onDown: (ref, run) => void core.onDown(ref, run),
    stop: () => root.kill({ kind: "shutdown" }),
    shutdown: (deadlineMs) =>
      new Promise((resolve) => {
        root.onDown(() => resolve());
        root.requestStop({ kind: "shutdown" });
        root.limitStopping(deadlineMs);
      }),
    actorMetrics,
    metrics: () => actorMetrics().reduce(addActor, ended),
  };
}

const rootBehavior: Behavior<null, Message> = {
  start: () => null,
  receive: () => undefined,
  shutdownMs: Infinity,
};

function checkName(parent: ActorCell<unknown, never>, name: string): void {
  if (!nameShape.test(name)) {
    throw new EngineError(
      "ACTOR_NAME",
      `"${name}" under ${parent.path}: a name is 1 to 100 letters, digits, or . _ : -`,
      { name },
    );
  }
  if (parent.hasChild(name)) {
    throw new EngineError("ACTOR_NAME", `${parent.path} has a child named "${name}" already`, {
      name,
    });
  }
}
