/** An actor system: the tree of one thread. */
import { EngineError, type ErrorData } from "../../base/errors.js";
import type { Time } from "../../base/ports.js";
import { ActorCell } from "./actor-cell.js";
import { ask } from "./ask.js";
import type { DeadLetterSink } from "./dead-letters.js";
import type { Dispatcher } from "./dispatcher.js";
import type { ActorRef, Behavior, Down, Message, ReplyTo } from "./types.js";

export type ActorSystemOptions = {
  /** First step of every path, e.g. `shard-0`. */
  readonly name: string;
  readonly dispatcher: Dispatcher;
  readonly time: Time;
  readonly deadLetters: DeadLetterSink;
  /** Hears of every actor that threw, after it has ended. For the log; supervision uses `watch`. */
  readonly onFailure: (path: string, error: ErrorData) => void;
};

export interface ActorSystem {
  /** @throws {EngineError} `ACTOR_NAME` when the name is taken or malformed */
  spawn<S, M extends Message>(name: string, behavior: Behavior<S, M>): ActorRef<M>;
  /** As `Context.ask`, for the code around the tree. */
  ask<Q extends Message, R>(
    ref: ActorRef<Q>,
    question: (replyTo: ReplyTo<R>) => Q,
    deadlineMs: number,
  ): Promise<R>;
  /** Calls `run` once when `ref` ends. */
  onDown(ref: ActorRef, run: (down: Down) => void): void;
  /** Ends the whole tree, last started first. */
  stop(): void;
}

/** @internal what a cell needs of its system */
export type SystemCore = ActorSystemOptions & {
  nextId(): number;
  createCell<S, M extends Message>(
    parent: ActorCell<unknown, never>,
    name: string,
    behavior: Behavior<S, M>,
  ): ActorCell<S, M>;
  onDown(ref: ActorRef, run: (down: Down) => void): () => void;
  ask: ActorSystem["ask"];
};

const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;

export function createActorSystem(options: ActorSystemOptions): ActorSystem {
  let lastId = 0;
  const core: SystemCore = {
    ...options,
    nextId: () => (lastId += 1),
    createCell(parent, name, behavior) {
      checkName(parent, name);
      return new ActorCell(core, parent, name, behavior);
    },
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
  const rootBehavior: Behavior<null, Message> = { start: () => null, receive: () => undefined };
  const root = new ActorCell<null, Message>(core, undefined, options.name, rootBehavior);
  root.begin();
  return {
    spawn: (name, behavior) => root.spawn(name, behavior),
    ask: core.ask,
    onDown: (ref, run) => void core.onDown(ref, run),
    stop() {
      root.end({ kind: "shutdown" });
      options.dispatcher.close();
    },
  };
}

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
