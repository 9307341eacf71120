/** The words of the kernel: references, messages, exits, and what an actor is made of. */
import type { ErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type { Lane, LaneLimits } from "./lanes.js";

/** Every message says what it is; payload fields are readonly by convention of each union. */
export type Message = { readonly kind: string };

/** What became of a `tell`. `refused`: the lane is full; `dead`: nobody is there any more. */
export type Delivery = "delivered" | "refused" | "dead";

/** The address of one life of an actor: keep it and send to it, also after the actor is gone. */
export interface ActorRef<M extends Message = Message> {
  /** Place in the tree, e.g. `/shard-0/calls/c1/dialog`. */
  readonly path: string;
  /** Unique per life within its system; a restarted actor has another. */
  readonly id: number;
  /** Which life of this place in the tree: 1, and one more after each restart by a supervisor. */
  readonly incarnation: number;
  tell(message: M): Delivery;
  /**
   * As `tell`, for a message that the sender wants back, as audio that lies on a ring: an actor
   * that is free and has nothing waiting handles it at once, before this returns; for any other
   * `copy` is queued in its place, under the bounds of its lane. So it overtakes nothing, and one
   * message is handled at a time as ever.
   *
   * @param copy makes what may be kept of the message, which is the sender's again afterwards
   */
  lend(message: M, copy: (message: M) => M): Delivery;
}

/** Why an actor ended. `failed` carries what was thrown. */
export type ExitReason =
  | { readonly kind: "normal" | "shutdown" | "killed" | "shardLost" }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** The notice a watcher gets, once per watched actor. */
export type Down = { readonly ref: ActorRef; readonly reason: ExitReason };

/** Answers one `ask`; a second answer, or one after the deadline, becomes a dead letter. */
export type ReplyTo<R> = { reply(value: R): void };

/** How a parent starts one life of a child. */
export type SpawnOptions = {
  /** Which life this is, from 1. Default 1. */
  readonly incarnation?: number;
  /**
   * How long the child, with its own children, may take to end when asked from above; then it is
   * killed. 0 kills at once, `Infinity` waits. Default: the behaviour's own, else 5000.
   */
  readonly shutdownMs?: number;
};

/** What a message handler may do. Valid as long as its actor lives. */
export interface Context<M extends Message> {
  readonly self: ActorRef<M>;
  readonly time: Time;
  /** As in `self.incarnation`. */
  readonly incarnation: number;
  /**
   * Starts a child. It is stopped before its parent is.
   *
   * @throws {EngineError} `ACTOR_NAME` when the name is taken or malformed, `ACTOR_ENDED` when
   *   this actor is ending already
   */
  spawn<C extends Message, S>(
    name: string,
    behavior: Behavior<S, C>,
    options?: SpawnOptions,
  ): ActorRef<C>;
  /**
   * Asks a child to end, its own children first, within its `shutdownMs`. Its name is free once
   * `Down` has come. Ends nobody who is not a child.
   */
  stopChild(ref: ActorRef): void;
  /**
   * Why `ref` ended, or is about to end once its children have; undefined while it lives. Tells a
   * parent at once whether a child's `start` threw.
   */
  exitOf(ref: ActorRef): ExitReason | undefined;
  /** Ends this actor after the current message. In its `stopping` phase: it is ready to end. */
  stop(reason?: ExitReason): void;
  /**
   * Asks to be told once when `ref` ends; at once if it has ended already. Watching one actor
   * twice replaces what the first notice would have been.
   */
  watch(ref: ActorRef, toMessage: (down: Down) => M): void;
  /** Sends itself `message` after `delayMs`, on the system lane; forgotten when the actor ends. */
  after(delayMs: number, message: M): Timer;
  /**
   * Brings a promise back as a message on the system lane. When this life has ended meanwhile, the
   * result is a dead letter (`pastLife`): the next life never gets it.
   */
  pipeToSelf<T>(
    promise: Promise<T>,
    onValue: (value: T) => M,
    onError: (error: ErrorData) => M,
  ): void;
  /**
   * Sends a question down the tree and settles exactly once.
   *
   * @throws {EngineError} (as rejection) `ASK_TIMEOUT` after `deadlineMs`, `ASK_REFUSED` when the
   *   lane is full, `ASK_DEAD` when nobody is there or it ends before it answers
   */
  ask<Q extends Message, R>(
    ref: ActorRef<Q>,
    question: (replyTo: ReplyTo<R>) => Q,
    deadlineMs: number,
  ): Promise<R>;
}

/** An actor: how its state begins, and what each message does to it. */
export interface Behavior<S, M extends Message> {
  /** Fresh state for every life. May spawn, watch and tell. Throwing ends the actor as `failed`. */
  start(ctx: Context<M>): S;
  /** Handles one message at a time, synchronously. Throwing ends the actor as `failed`. */
  receive(state: S, message: M, ctx: Context<M>): void;
  /**
   * Asked to end from above: finish what cannot be cut short. Messages, timers and promises go on
   * arriving, children live, until `ctx.stop()` says it is done or its time is up: then it is
   * `killed`. Absent: nothing to finish. Not run when the actor stops itself, throws, or is killed.
   */
  stopping?(state: S, reason: ExitReason, ctx: Context<M>): void;
  /** Releases what the state holds (handles, streams). Runs once, for every kind of end. */
  stopped?(state: S, reason: ExitReason): void;
  /** Lane of a message; `intents` when absent. */
  laneOf?(message: M): Lane;
  /** Size for the byte bound; 0 when absent. */
  bytesOf?(message: M): number;
  /** Merges two waiting messages of a `coalesce` lane; undefined when they must stay apart. */
  coalesce?(older: M, newer: M): M | undefined;
  readonly limits?: Partial<LaneLimits>;
  /** Time to end where its parent sets none; see `SpawnOptions`. */
  readonly shutdownMs?: number;
}
