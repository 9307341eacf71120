/**
 * One life of an actor: its state, mailbox, children and watchers. The system makes cells; nobody
 * outside the kernel holds one.
 *
 * ```
 * running ──asked from above──▶ stopping ──ctx.stop()──▶ closing ──children gone──▶ ended
 *    │                          (graceful)                 ▲
 *    └──stops itself, throws, has no `stopping`────────────┘     killed: ended at once, from any
 * ```
 */
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import type { SystemCore } from "./actor-system.js";
import type { DeadLetterReason } from "./dead-letters.js";
import type { Runner } from "./dispatcher.js";
import type { Lane } from "./lanes.js";
import { Mailbox } from "./mailbox.js";
import type { ActorMetrics } from "./metrics.js";
import type {
  ActorRef,
  Behavior,
  Context,
  Delivery,
  Down,
  ExitReason,
  Message,
  ReplyTo,
  SpawnOptions,
} from "./types.js";

/** Messages handled before others get their turn. */
const batchMax = 64;
/** As OTP gives a worker. */
const shutdownMsDefault = 5000;

export class ActorCell<S, M extends Message> implements ActorRef<M>, Context<M> {
  readonly path: string;
  readonly id: number;
  readonly incarnation: number;
  readonly self: ActorRef<M> = this;
  readonly #core: SystemCore;
  readonly #parent: ActorCell<unknown, never> | undefined;
  readonly #behavior: Behavior<S, M>;
  readonly #shutdownMs: number;
  readonly #mailbox: Mailbox<M>;
  readonly #runner: Runner;
  readonly #mark: number;
  readonly #children = new Map<string, ActorCell<unknown, never>>();
  readonly #timers = new Set<Timer>();
  readonly #onDown = new Set<(down: Down) => void>();
  /** How to take back each watch of this actor, by the id of the watched. */
  readonly #watches = new Map<number, () => void>();
  #phase: "running" | "stopping" | "closing" | "ended" = "running";
  #state: { readonly value: S } | undefined;
  /** Why this life ends: set when that begins. */
  #exit: ExitReason | undefined;
  /** What the actor itself decided, to be done after the current message. */
  #ownStop: ExitReason | undefined;
  #deadline: Timer | undefined;
  /** Children to end, first started first; taken from the back. */
  #toClose: ActorCell<unknown, never>[] = [];
  #isClosingChildren = false;
  /** A message is being handled. */
  #isHandling = false;
  #handled = 0;

  constructor(
    core: SystemCore,
    parent: ActorCell<unknown, never> | undefined,
    name: string,
    behavior: Behavior<S, M>,
    options: SpawnOptions = {},
  ) {
    this.#core = core;
    this.#parent = parent;
    this.#behavior = behavior;
    this.path = `${parent?.path ?? ""}/${name}`;
    this.id = core.nextId();
    this.#mark = core.atWork?.markOf(this.path) ?? 0;
    this.incarnation = options.incarnation ?? 1;
    this.#shutdownMs = options.shutdownMs ?? behavior.shutdownMs ?? shutdownMsDefault;
    this.#mailbox = new Mailbox(behavior);
    this.#runner = core.dispatcher.register(`a${this.id}-${name}`, () => this.#drain());
  }

  get time(): SystemCore["time"] {
    return this.#core.time;
  }

  /** Why this life ended or is ending; undefined while it goes on. */
  get exit(): ExitReason | undefined {
    return this.#exit;
  }

  /** Runs `start` of the behaviour. The children and timers it made live or die with it. */
  begin(): void {
    this.#leaveMark();
    try {
      this.#state = { value: this.#behavior.start(this) };
    } catch (thrown) {
      this.#ownStop = { kind: "failed", error: toErrorData(thrown) };
    }
    // Killed from within its own `start`: what that made is released all the same.
    if (this.#phase === "ended") this.#release(this.#exit!);
    else if (this.#ownStop !== undefined) this.#close(this.#ownStop);
  }

  tell(message: M): Delivery {
    return this.#deliver(message, undefined, "dead");
  }

  lend(message: M, copy: (message: M) => M): Delivery {
    const isFree = this.#phase === "running" && this.#state !== undefined && !this.#isHandling;
    if (!isFree || this.#ownStop !== undefined || this.#mailbox.count > 0) {
      return this.#deliver(copy(message), undefined, "dead");
    }
    this.#handle(message);
    // What it decided is done in its own turn, not in the middle of the sender's.
    if ((this.#ownStop as ExitReason | undefined) !== undefined) this.#runner.wake();
    return "delivered";
  }

  spawn<C extends Message, T>(
    name: string,
    behavior: Behavior<T, C>,
    options?: SpawnOptions,
  ): ActorRef<C> {
    if (this.#isOver()) {
      const message = `${this.path} is ending: it cannot start "${name}"`;
      throw new EngineError("ACTOR_ENDED", message, { path: this.path, name });
    }
    const child = this.#core.createCell(this as never, name, behavior, options);
    this.#children.set(name, child as never);
    child.begin();
    return child;
  }

  hasChild(name: string): boolean {
    return this.#children.has(name);
  }

  stopChild(ref: ActorRef): void {
    const child = this.#children.get(ref.path.slice(this.path.length + 1));
    if ((child as ActorRef | undefined) === ref) child!.requestStop({ kind: "shutdown" });
  }

  exitOf(ref: ActorRef): ExitReason | undefined {
    return ref instanceof ActorCell ? ref.exit : undefined;
  }

  stop(reason: ExitReason = { kind: "normal" }): void {
    this.#ownStop ??= reason;
    this.#runner.wake();
  }

  watch(ref: ActorRef, toMessage: (down: Down) => M): void {
    if (this.#isOver()) return;
    this.#watches.get(ref.id)?.();
    let isTold = false;
    const forget = this.#core.onDown(ref, (down) => {
      isTold = true;
      this.#watches.delete(ref.id);
      this.#deliver(toMessage(down), "system", "dead");
    });
    if (!isTold) this.#watches.set(ref.id, forget);
  }

  after(delayMs: number, message: M): Timer {
    const timer = this.#core.time.after(delayMs, () => {
      this.#timers.delete(handle);
      this.#deliver(message, "system", "pastLife");
    });
    const handle: Timer = {
      cancel: () => {
        this.#timers.delete(handle);
        timer.cancel();
      },
    };
    this.#timers.add(handle);
    return handle;
  }

  pipeToSelf<T>(
    promise: Promise<T>,
    onValue: (value: T) => M,
    onError: (error: ErrorData) => M,
  ): void {
    promise.then(
      (value) => void this.#deliver(onValue(value), "system", "pastLife"),
      (thrown: unknown) => void this.#deliver(onError(toErrorData(thrown)), "system", "pastLife"),
    );
  }

  ask<Q extends Message, R>(
    ref: ActorRef<Q>,
    question: (replyTo: ReplyTo<R>) => Q,
    deadlineMs: number,
  ): Promise<R> {
    return this.#core.ask(ref, question, deadlineMs);
  }

  /** Calls `run` once when this life ends, or at once if it has. Returns how to take it back. */
  onDown(run: (down: Down) => void): () => void {
    if (this.#phase === "ended") {
      run({ ref: this, reason: this.#exit! });
      return () => undefined;
    }
    this.#onDown.add(run);
    return () => void this.#onDown.delete(run);
  }

  /** Asks this life to end: gracefully if the behaviour wants it, within `shutdownMs`. */
  requestStop(reason: ExitReason): void {
    if (this.#shutdownMs <= 0) return this.kill({ kind: "killed" });
    if (this.#exit === undefined) {
      const isGraceful = this.#behavior.stopping !== undefined && this.#state !== undefined;
      if (this.#ownStop !== undefined) this.#close(this.#ownStop);
      else if (isGraceful) this.#stopGracefully(reason);
      else this.#close(reason);
    }
    if (this.#deadline === undefined) this.limitStopping(this.#shutdownMs);
  }

  /** Kills this life in `delayMs`, if it is still ending then. */
  limitStopping(delayMs: number): void {
    if (this.#exit === undefined || this.#hasEnded() || delayMs === Infinity) return;
    this.#deadline?.cancel();
    const kill = (): void => this.kill({ kind: "killed" });
    this.#deadline = this.#core.time.after(delayMs, kill);
  }

  /** Ends this life and all below it now, last started first, without any grace. */
  kill(reason: ExitReason): void {
    if (this.#phase === "ended") return;
    this.#exit = reason;
    this.#phase = "closing";
    this.#isClosingChildren = true;
    for (const child of [...this.#children.values()].reverse()) child.kill(reason);
    this.#finish();
  }

  /** @internal of the kernel: a child has ended */
  forgetChild(child: ActorCell<never, never>): void {
    const name = child.path.slice(this.path.length + 1);
    if (this.#children.get(name) === (child as never)) this.#children.delete(name);
    if (this.#phase === "closing" && !this.#isClosingChildren) this.#closeChildren();
  }

  metrics(): ActorMetrics {
    const lanes = this.#mailbox.metrics(this.#core.time.nowMs());
    return { path: this.path, incarnation: this.incarnation, handled: this.#handled, lanes };
  }

  /** Visits this actor and everyone below it. */
  visit(see: (cell: ActorCell<unknown, never>) => void): void {
    see(this as never);
    for (const child of this.#children.values()) child.visit(see);
  }

  #deliver(message: M, lane: Lane | undefined, ifEnded: "dead" | "pastLife"): Delivery {
    if (this.#isOver()) {
      this.#bury(message, ifEnded);
      return "dead";
    }
    const result = this.#mailbox.push(message, this.#core.time.nowMs(), lane);
    if (result.kind === "refused") {
      this.#bury(message, "full");
      return "refused";
    }
    if (result.kind === "displaced") {
      for (const displaced of result.messages) this.#bury(displaced, "displaced");
    }
    this.#runner.wake();
    return "delivered";
  }

  #drain(): boolean {
    if (this.#isOver()) return false;
    this.#leaveMark();
    for (let count = 0; count < batchMax && this.#ownStop === undefined; count += 1) {
      const message = this.#mailbox.shift();
      if (message === undefined) return false;
      this.#handle(message);
      if (this.#isOver()) return false;
    }
    if (this.#ownStop === undefined) return this.#mailbox.count > 0;
    this.#close(this.#ownStop);
    return false;
  }

  #handle(message: M): void {
    this.#handled += 1;
    this.#isHandling = true;
    try {
      this.#behavior.receive(this.#state!.value, message, this);
    } catch (thrown) {
      this.#ownStop = { kind: "failed", error: toErrorData(thrown) };
    }
    this.#isHandling = false;
  }

  #leaveMark(): void {
    if (this.#mark !== 0) this.#core.atWork!.word[0] = this.#mark;
  }

  #stopGracefully(reason: ExitReason): void {
    this.#exit = reason;
    this.#phase = "stopping";
    try {
      this.#behavior.stopping!(this.#state!.value, reason, this);
    } catch (thrown) {
      this.#ownStop = { kind: "failed", error: toErrorData(thrown) };
    }
    if (this.#ownStop !== undefined) this.#close(this.#ownStop);
  }

  /** Ends the children one after the other, last started first, then this life. */
  #close(reason: ExitReason): void {
    if (this.#isOver()) return;
    // Who was asked to end ends for that reason, unless it failed on the way.
    if (this.#exit === undefined || reason.kind === "failed") this.#exit = reason;
    this.#phase = "closing";
    this.#letGo();
    this.#toClose = [...this.#children.values()];
    this.#closeChildren();
  }

  #closeChildren(): void {
    const kind = this.#exit!.kind === "shardLost" ? "shardLost" : "shutdown";
    this.#isClosingChildren = true;
    for (let child = this.#toClose.at(-1); child !== undefined; child = this.#toClose.at(-1)) {
      child.requestStop({ kind });
      if (!child.#hasEnded()) break;
      this.#toClose.pop();
    }
    this.#isClosingChildren = false;
    if (this.#toClose.length === 0) this.#finish();
  }

  /** Whether no message is handled any more. */
  #isOver(): boolean {
    return this.#phase === "closing" || this.#phase === "ended";
  }

  #hasEnded(): boolean {
    return this.#phase === "ended";
  }

  #finish(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    const reason = this.#exit!;
    this.#deadline?.cancel();
    this.#letGo();
    this.#runner.stop();
    this.#release(reason);
    this.#buryMailbox();
    this.#core.ended(this.metrics());
    this.#parent?.forgetChild(this as never);
    for (const run of [...this.#onDown]) run({ ref: this, reason });
    this.#onDown.clear();
    if (reason.kind === "failed") this.#core.onFailure(this.path, reason.error);
  }

  /** No more timers and notices for this life. */
  #letGo(): void {
    for (const timer of [...this.#timers]) timer.cancel();
    for (const forget of this.#watches.values()) forget();
    this.#watches.clear();
  }

  #release(reason: ExitReason): void {
    if (this.#state === undefined) return;
    try {
      this.#behavior.stopped?.(this.#state.value, reason);
    } catch (thrown) {
      this.#core.onFailure(this.path, toErrorData(thrown));
    }
  }

  #buryMailbox(): void {
    for (let left = this.#mailbox.shift(); left !== undefined; left = this.#mailbox.shift()) {
      this.#bury(left, "unhandledAtStop");
    }
  }

  #bury({ kind }: Message, reason: DeadLetterReason): void {
    const { path: to, incarnation } = this;
    this.#core.deadLetters({ kind, to, incarnation, reason });
  }
}
