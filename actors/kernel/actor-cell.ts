/**
 * One life of an actor: its state, mailbox, children and watchers. The system makes cells; nobody
 * outside the kernel holds one.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import type { Runner } from "./dispatcher.js";
import type { Lane } from "./lanes.js";
import { Mailbox, type LaneMetrics } from "./mailbox.js";
import type { SystemCore } from "./actor-system.js";
import type {
  ActorRef,
  Behavior,
  Context,
  Delivery,
  Down,
  ExitReason,
  Message,
  ReplyTo,
} from "./types.js";

/** Messages handled before others get their turn. */
const batchMax = 64;

export class ActorCell<S, M extends Message> implements ActorRef<M>, Context<M> {
  readonly path: string;
  readonly id: number;
  readonly self: ActorRef<M> = this;
  readonly #core: SystemCore;
  readonly #parent: ActorCell<unknown, never> | undefined;
  readonly #behavior: Behavior<S, M>;
  readonly #mailbox: Mailbox<M>;
  readonly #runner: Runner;
  readonly #children = new Map<string, ActorCell<unknown, never>>();
  readonly #timers = new Set<Timer>();
  readonly #onDown = new Set<(down: Down) => void>();
  #state: { readonly value: S } | undefined;
  #exit: ExitReason | undefined;
  #isStopping: ExitReason | undefined;

  constructor(
    core: SystemCore,
    parent: ActorCell<unknown, never> | undefined,
    name: string,
    behavior: Behavior<S, M>,
  ) {
    this.#core = core;
    this.#parent = parent;
    this.#behavior = behavior;
    this.path = `${parent?.path ?? ""}/${name}`;
    this.id = core.nextId();
    this.#mailbox = new Mailbox(behavior);
    this.#runner = core.dispatcher.register(`a${this.id}-${name}`, () => this.#drain());
  }

  get time(): SystemCore["time"] {
    return this.#core.time;
  }

  /** Runs `start` of the behaviour. The children and timers it made live or die with it. */
  begin(): void {
    try {
      this.#state = { value: this.#behavior.start(this) };
    } catch (thrown) {
      this.#isStopping = { kind: "failed", error: toErrorData(thrown) };
    }
    if (this.#isStopping !== undefined) this.end(this.#isStopping);
  }

  tell(message: M): Delivery {
    return this.#deliver(message);
  }

  spawn<C extends Message, T>(name: string, behavior: Behavior<T, C>): ActorRef<C> {
    const child = this.#core.createCell(this as never, name, behavior);
    this.#children.set(name, child as never);
    child.begin();
    return child;
  }

  hasChild(name: string): boolean {
    return this.#children.has(name);
  }

  stopChild(ref: ActorRef): void {
    for (const child of this.#children.values()) {
      if ((child as ActorRef) === ref) child.end({ kind: "shutdown" });
    }
  }

  stop(reason: ExitReason = { kind: "normal" }): void {
    this.#isStopping ??= reason;
    this.#runner.wake();
  }

  watch(ref: ActorRef, toMessage: (down: Down) => M): void {
    this.#core.onDown(ref, (down) => void this.#deliver(toMessage(down), "system"));
  }

  after(delayMs: number, message: M): Timer {
    const timer = this.#core.time.after(delayMs, () => {
      this.#timers.delete(handle);
      void this.#deliver(message, "system");
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
      (value) => void this.#deliver(onValue(value), "system"),
      (thrown: unknown) => void this.#deliver(onError(toErrorData(thrown)), "system"),
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
    if (this.#exit !== undefined) {
      run({ ref: this, reason: this.#exit });
      return () => undefined;
    }
    this.#onDown.add(run);
    return () => void this.#onDown.delete(run);
  }

  /** Ends this life now: children last to first, then itself, then its watchers learn. */
  end(reason: ExitReason): void {
    if (this.#exit !== undefined) return;
    this.#exit = reason;
    for (const child of [...this.#children.values()].reverse()) {
      child.end(reason.kind === "failed" ? { kind: "shutdown" } : reason);
    }
    for (const timer of [...this.#timers]) timer.cancel();
    this.#runner.stop();
    this.#release(reason);
    this.#buryMailbox();
    this.#parent?.forgetChild(this as never);
    for (const run of [...this.#onDown]) run({ ref: this, reason });
    this.#onDown.clear();
    if (reason.kind === "failed") this.#core.onFailure(this.path, reason.error);
  }

  /** @internal of the kernel */
  forgetChild(child: ActorCell<never, never>): void {
    const name = child.path.slice(this.path.length + 1);
    if (this.#children.get(name) === (child as never)) this.#children.delete(name);
  }

  metrics(lane: Lane): LaneMetrics {
    return this.#mailbox.metrics(lane);
  }

  #deliver(message: M, lane?: Lane): Delivery {
    if (this.#exit !== undefined) {
      this.#bury(message, "dead");
      return "dead";
    }
    const result = this.#mailbox.push(message, lane);
    if (result.kind === "refused") {
      this.#bury(message, "full");
      return "refused";
    }
    if (result.kind === "displaced") this.#bury(result.message, "displaced");
    this.#runner.wake();
    return "delivered";
  }

  #drain(): boolean {
    for (let handled = 0; handled < batchMax; handled += 1) {
      if (this.#isStopping !== undefined) break;
      const message = this.#mailbox.shift();
      if (message === undefined) return false;
      try {
        this.#behavior.receive(this.#state!.value, message, this);
      } catch (thrown) {
        this.#isStopping = { kind: "failed", error: toErrorData(thrown) };
      }
    }
    if (this.#isStopping !== undefined) {
      this.end(this.#isStopping);
      return false;
    }
    return this.#mailbox.count > 0;
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

  #bury(message: Message, reason: "dead" | "full" | "displaced" | "unhandledAtStop"): void {
    this.#core.deadLetters({ kind: message.kind, to: this.path, reason });
  }
}
