/**
 * Supervision: starting, restarting and stopping children by the rules of OTP, as a part of the
 * actor that owns them. `supervisor.ts` is an actor that does nothing else; an actor with work of
 * its own has a `Supervision` in its state. What its children tell it on the system lane and how
 * they end then come in one order, by one mailbox: a new life begins with all that the last told.
 *
 * A restart may have to wait until those that go first have closed what they hold. That waiting is
 * a `plan` in the state, not a blocked actor: ends of children that the plan is about are noted,
 * everything else is deferred until it is carried out, in order.
 *
 * @see the table "event × policy" in `README.md`, which is the specification
 */
import { assertNever } from "../../base/assert.js";
import { EngineError, fromErrorData, toErrorData, type ErrorData } from "../../base/errors.js";
import {
  checkChild,
  commandsMaxDefault,
  intensityDefault,
  type ChildSpec,
  type SupervisionRules,
} from "./child-spec.js";
import { addRestart } from "./restart-intensity.js";
import { afterExit, restartGroup } from "./restart-plan.js";
import {
  newChild,
  startLife,
  viewOf,
  type Child,
  type ChildView,
  type StopChildReply,
} from "./supervised-child.js";
import type { ActorRef, Context, Down, ExitReason, Message, ReplyTo } from "./types.js";

/** `started` may have another life by now: `ref` is the one that this command began. */
export type StartChildReply =
  | { readonly isOk: true; readonly ref: ActorRef<never> }
  | { readonly isOk: false; readonly error: ErrorData };

/** From the kernel: a child has ended. The owner hands it to its `Supervision`. */
export type ChildDown = { readonly kind: "childDown"; readonly id: string; readonly down: Down };

export type SupervisionMessage =
  /** Adds a child behind the others. Fails with `SUPERVISOR_SPEC` or `CHILD_START`. */
  | {
      readonly kind: "startChild";
      readonly spec: ChildSpec;
      readonly replyTo: ReplyTo<StartChildReply>;
    }
  /** Ends a child and forgets its spec; answered when it is gone. Fails with `CHILD_UNKNOWN`. */
  | {
      readonly kind: "stopChild";
      readonly id: string;
      readonly replyTo: ReplyTo<StopChildReply>;
    }
  | { readonly kind: "listChildren"; readonly replyTo: ReplyTo<readonly ChildView[]> }
  | ChildDown;

/** What the owner of children says about them, and hears. */
export interface SupervisionOptions<M extends Message> extends SupervisionRules {
  /** How the end of a child comes into the owner's mailbox. */
  toMessage(down: ChildDown): M;
  /** The children begin to end for good: `failed` with `RESTART_INTENSITY`, or `shutdown`. */
  onEnding?(exit: ExitReason): void;
  /** They are gone. */
  onEnded(exit: ExitReason): void;
}

/** What supervision needs of its owner. */
export type Owner<M extends Message> = Pick<
  Context<M>,
  "self" | "time" | "spawn" | "watch" | "stopChild" | "exitOf"
>;

/** `stop` one after the other, then `start`, or end as `exit` says. */
type Plan = {
  readonly stop: Child[];
  readonly start: readonly Child[];
  readonly exit?: ExitReason;
  /** Did not start: its `Down`, the next restart, takes over from this plan. */
  readonly awaited?: Child;
};

export class Supervision<M extends Message> {
  /** When there were restarts that still count. */
  restartsMs: readonly number[] = [];
  readonly #options: SupervisionOptions<M>;
  readonly #owner: Owner<M>;
  /** In the order of their start. */
  readonly #children = new Map<string, Child>();
  #plan: Plan | undefined;
  #deferred: SupervisionMessage[] = [];

  constructor(options: SupervisionOptions<M>, owner: Owner<M>) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Whether the children are ending for good, or have ended. */
  get isEnding(): boolean {
    return this.#plan?.exit !== undefined;
  }

  /**
   * Starts a child that belongs to the owner from its beginning: not forgotten when it ends.
   *
   * @returns why it did not start. The owner may give up, as a supervisor does; else the child's
   *   `Down` comes, and it is restarted by its policy
   */
  begin(spec: ChildSpec): ErrorData | undefined {
    const child = newChild(spec, false);
    this.#children.set(spec.id, child);
    return this.#start(child);
  }

  receive(message: SupervisionMessage): void {
    switch (message.kind) {
      case "startChild":
        if (this.#plan !== undefined) return this.#defer(this.#plan, message);
        return message.replyTo.reply(this.#add(message.spec));
      case "stopChild":
        if (this.#plan !== undefined) return this.#defer(this.#plan, message);
        return this.#stopChild(message);
      case "listChildren":
        return message.replyTo.reply([...this.#children.values()].map(viewOf));
      case "childDown":
        return this.#childDown(message);
      default:
        return assertNever(message);
    }
  }

  /** Stops the children, last of the list first. What waited is turned away. */
  end(exit: ExitReason): void {
    if (this.isEnding) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    this.#plan = { stop: [...this.#children.values()].reverse(), start: [], exit };
    this.#options.onEnding?.(exit);
    for (const message of deferred) this.receive(message);
    this.#advance();
  }

  /** A plan is being carried out: the command waits, or is turned away. */
  #defer(
    plan: Plan,
    message: Extract<SupervisionMessage, { kind: "startChild" | "stopChild" }>,
  ): void {
    const { commandsMax = commandsMaxDefault } = this.#options;
    if (plan.exit === undefined && this.#deferred.length < commandsMax) {
      this.#deferred.push(message);
      return;
    }
    const [code, why] =
      plan.exit === undefined
        ? ["SUPERVISOR_BUSY", `has ${commandsMax} commands waiting for a restart`]
        : ["SUPERVISOR_ENDING", "is ending"];
    const text = `${this.#owner.self.path} ${why}`;
    const error = toErrorData(new EngineError(code, text, { command: message.kind }));
    message.replyTo.reply({ isOk: false, error });
  }

  #add(spec: ChildSpec): StartChildReply {
    try {
      checkChild(spec, this.#children, this.#options.autoShutdown ?? "never");
    } catch (thrown) {
      return { isOk: false, error: toErrorData(thrown) };
    }
    const child = newChild(spec, true);
    this.#children.set(spec.id, child);
    const error = this.#start(child);
    if (error === undefined) return { isOk: true, ref: child.ref! };
    // Its name is free when its `Down` has come, which is when a retired child is forgotten.
    child.isRetired = true;
    return { isOk: false, error };
  }

  #stopChild({ id, replyTo }: Extract<SupervisionMessage, { kind: "stopChild" }>): void {
    const child = this.#children.get(id);
    if (child === undefined) {
      const text = `${this.#owner.self.path} has no child "${id}"`;
      const error = toErrorData(new EngineError("CHILD_UNKNOWN", text, { id }));
      return replyTo.reply({ isOk: false, error });
    }
    child.isRetired = true;
    child.stopped.push(replyTo);
    if (child.ref === undefined) this.#forget(child);
    else this.#owner.stopChild(child.ref);
  }

  /** A life has ended: as planned, or by itself. */
  #childDown(message: ChildDown): void {
    const { id, down } = message;
    const child = this.#children.get(id);
    if (child?.ref === undefined || child.ref.id !== down.ref.id) return;
    const plan = this.#plan;
    const isPlanned = child.isStopping || child.isRetired || plan?.stop.includes(child) === true;
    if (!isPlanned && plan !== undefined && plan.awaited !== child) {
      return void this.#deferred.push(message);
    }
    child.ref = undefined;
    child.isStopping = false;
    child.spec.onEnded?.(down.reason);
    if (child.isRetired || (isPlanned && child.restart === "temporary")) this.#forget(child);
    if (isPlanned) return this.#advance();
    this.#plan = undefined;
    this.#ended(child, down.reason);
  }

  /** Nobody asked for this end: the policy decides. */
  #ended(child: Child, reason: ExitReason): void {
    const { restart, spec } = child;
    const { autoShutdown = "never" } = this.#options;
    const running = [...this.#children.values()].filter(({ ref }) => ref !== undefined);
    const next = afterExit({
      reason,
      restart,
      isSignificant: spec.isSignificant ?? false,
      autoShutdown,
      significantLeft: running.filter((other) => other.spec.isSignificant).length,
    });
    if (next === "restart") return this.#restart(child, reason);
    if (child.isAdded || restart === "temporary") this.#forget(child);
    if (next === "shutdown") this.end({ kind: "shutdown" });
  }

  #restart(child: Child, reason: ExitReason): void {
    const { intensity = intensityDefault, strategy = "oneForOne" } = this.#options;
    const counted = addRestart(this.restartsMs, this.#owner.time.nowMs(), intensity);
    if (counted === undefined) return this.end(this.#tooMany(child, reason));
    this.restartsMs = counted;
    const { stop, start } = restartGroup(strategy, [...this.#children.values()], child);
    const restarted = start.map(({ spec }) => spec.id);
    this.#options.onRestart?.({ id: child.spec.id, reason, restarted });
    // The owner may have seen that there is nothing to go on for.
    if (this.isEnding) return;
    this.#plan = { stop, start };
    this.#advance();
  }

  #tooMany(child: Child, reason: ExitReason): ExitReason {
    const { intensity: { restartsMax, periodMs } = intensityDefault } = this.#options;
    const cause = reason.kind === "failed" ? { cause: fromErrorData(reason.error) } : {};
    const { path } = this.#owner.self;
    const { id } = child.spec;
    const error = new EngineError(
      "RESTART_INTENSITY",
      `${path}: over ${restartsMax} restarts in ${periodMs} ms, last of "${id}"`,
      { restartsMax, periodMs, child: id, reason: reason.kind },
      cause,
    );
    return { kind: "failed", error: toErrorData(error) };
  }

  /** Carries the plan on as far as it goes without waiting. */
  #advance(): void {
    const plan = this.#plan;
    if (plan === undefined || plan.awaited !== undefined) return;
    for (let next = plan.stop[0]; next !== undefined; next = plan.stop[0]) {
      if (next.ref !== undefined) return this.#stop(next, next.ref);
      plan.stop.shift();
    }
    if (plan.exit !== undefined) return this.#options.onEnded(plan.exit);
    this.#plan = undefined;
    for (const child of plan.start) {
      if (child.isRetired || this.#start(child) === undefined) continue;
      // It ends the series, and everything else waits: its `Down` counts as one more restart.
      this.#plan = { stop: [], start: [], awaited: child };
      return;
    }
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const message of deferred) this.receive(message);
  }

  /** Asks a life to end, once: its `Down` goes on from here. */
  #stop(child: Child, ref: ActorRef<never>): void {
    if (child.isStopping) return;
    child.isStopping = true;
    this.#owner.stopChild(ref);
  }

  /** Begins one more life. Returns why it did not start. */
  #start(child: Child): ErrorData | undefined {
    const { id } = child.spec;
    const error = startLife(child, this.#owner);
    this.#owner.watch(child.ref!, (down) =>
      this.#options.toMessage({ kind: "childDown", id, down }),
    );
    return error;
  }

  #forget(child: Child): void {
    this.#children.delete(child.spec.id);
    for (const replyTo of child.stopped) replyTo.reply({ isOk: true });
  }
}
