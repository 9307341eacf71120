/**
 * A supervisor: an actor whose work is to start, restart and stop others, by the rules of OTP.
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
  checkSupervisor,
  intensityDefault,
  type ChildSpec,
  type RestartPolicy,
  type SupervisorOptions,
} from "./child-spec.js";
import { addRestart } from "./restart-intensity.js";
import { afterExit, restartGroup } from "./restart-plan.js";
import type { ActorRef, Behavior, Context, Down, ExitReason, ReplyTo } from "./types.js";

/** `started` may have another life by now: `ref` is the one that this command began. */
export type StartChildReply =
  | { readonly isOk: true; readonly ref: ActorRef<never> }
  | { readonly isOk: false; readonly error: ErrorData };

export type StopChildReply =
  { readonly isOk: true } | { readonly isOk: false; readonly error: ErrorData };

/** One child as `listChildren` shows it. `ref` is absent while it does not run. */
export type ChildView = {
  readonly id: string;
  readonly restart: RestartPolicy;
  readonly incarnation: number;
  readonly ref?: ActorRef<never>;
};

export type SupervisorMessage =
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
  /** From the kernel: a child has ended. */
  | { readonly kind: "childDown"; readonly id: string; readonly down: Down };

type Child = {
  readonly spec: ChildSpec;
  readonly restart: RestartPolicy;
  /** Added at run time: forgotten when it ends for good. */
  readonly isAdded: boolean;
  incarnation: number;
  /** The life that runs, or is ending. */
  ref: ActorRef<never> | undefined;
  /** Asked to end; its end is no surprise. */
  isStopping: boolean;
  /** Not to come back, whatever the plan; `stopped` wait to hear that it is gone. */
  isRetired: boolean;
  readonly stopped: ReplyTo<StopChildReply>[];
};

type State = {
  /** In the order of their start. */
  readonly children: Map<string, Child>;
  restartsMs: readonly number[];
  plan: Plan | undefined;
  deferred: SupervisorMessage[];
};

/** `stop` one after the other, then `start`, or end as `exit` says. */
type Plan = {
  readonly stop: Child[];
  readonly start: readonly Child[];
  readonly exit?: ExitReason;
  /** Did not start: its `Down`, the next restart, takes over from this plan. */
  readonly awaited?: Child;
};

type Self = Context<SupervisorMessage>;

/** Messages that wait for a plan, as many as the lane of commands holds. */
const deferredMax = 256;

/**
 * A supervisor for `ctx.spawn`, or for another's spec. It ends `shutdown` by autoShutdown, and
 * `failed` with `CHILD_START` when a child cannot start at first, or with `RESTART_INTENSITY` when
 * children end too often. As OTP, it has all the time that its children need to end.
 *
 * @throws {EngineError} `SUPERVISOR_SPEC`: everything that is wrong with `options`
 */
export function supervisor(options: SupervisorOptions): Behavior<unknown, SupervisorMessage> {
  checkSupervisor(options);
  const behavior: Behavior<State, SupervisorMessage> = {
    start: (ctx) => begin(options, ctx),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopping: (state, reason, ctx) => end(options, state, reason, ctx),
    shutdownMs: Infinity,
  };
  return behavior;
}

function begin(options: SupervisorOptions, ctx: Self): State {
  const children = new Map<string, Child>();
  for (const spec of options.children) {
    const child = newChild(spec, false);
    children.set(spec.id, child);
    const error = startLife(child, ctx);
    if (error !== undefined) throw fromErrorData(error);
  }
  return { children, restartsMs: [], plan: undefined, deferred: [] };
}

function receive(
  options: SupervisorOptions,
  state: State,
  message: SupervisorMessage,
  ctx: Self,
): void {
  switch (message.kind) {
    case "startChild":
      if (state.plan !== undefined) return defer(state, state.plan, message, ctx);
      return message.replyTo.reply(addChild(options, state, message.spec, ctx));
    case "stopChild":
      if (state.plan !== undefined) return defer(state, state.plan, message, ctx);
      return stopChild(state, message, ctx);
    case "listChildren":
      return message.replyTo.reply([...state.children.values()].map(viewOf));
    case "childDown":
      return childDown(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

/** A plan is being carried out: the command waits, or is turned away. */
function defer(
  state: State,
  plan: Plan,
  message: Extract<SupervisorMessage, { kind: "startChild" | "stopChild" }>,
  ctx: Self,
): void {
  if (plan.exit === undefined && state.deferred.length < deferredMax) {
    state.deferred.push(message);
    return;
  }
  const [code, why] =
    plan.exit === undefined
      ? ["SUPERVISOR_BUSY", `has ${deferredMax} commands waiting for a restart`]
      : ["SUPERVISOR_ENDING", "is ending"];
  const error = new EngineError(code, `${ctx.self.path} ${why}`, { command: message.kind });
  message.replyTo.reply({ isOk: false, error: toErrorData(error) });
}

function addChild(
  options: SupervisorOptions,
  state: State,
  spec: ChildSpec,
  ctx: Self,
): StartChildReply {
  try {
    checkChild(spec, state.children, options.autoShutdown ?? "never");
  } catch (thrown) {
    return { isOk: false, error: toErrorData(thrown) };
  }
  const child = newChild(spec, true);
  state.children.set(spec.id, child);
  const error = startLife(child, ctx);
  if (error === undefined) return { isOk: true, ref: child.ref! };
  // Its name is free when its `Down` has come, which is when a retired child is forgotten.
  child.isRetired = true;
  return { isOk: false, error };
}

function stopChild(
  state: State,
  { id, replyTo }: Extract<SupervisorMessage, { kind: "stopChild" }>,
  ctx: Self,
): void {
  const child = state.children.get(id);
  if (child === undefined) {
    const error = new EngineError("CHILD_UNKNOWN", `${ctx.self.path} has no child "${id}"`, { id });
    return replyTo.reply({ isOk: false, error: toErrorData(error) });
  }
  child.isRetired = true;
  child.stopped.push(replyTo);
  if (child.ref === undefined) forget(state, child);
  else ctx.stopChild(child.ref);
}

/** A life has ended: as planned, or by itself. */
function childDown(
  options: SupervisorOptions,
  state: State,
  message: Extract<SupervisorMessage, { kind: "childDown" }>,
  ctx: Self,
): void {
  const child = state.children.get(message.id);
  if (child?.ref === undefined || child.ref.id !== message.down.ref.id) return;
  const { plan } = state;
  const isPlanned = child.isStopping || child.isRetired || plan?.stop.includes(child) === true;
  if (!isPlanned && plan !== undefined && plan.awaited !== child) {
    return void state.deferred.push(message);
  }
  child.ref = undefined;
  child.isStopping = false;
  if (child.isRetired || (isPlanned && child.restart === "temporary")) forget(state, child);
  if (isPlanned) return advance(options, state, ctx);
  state.plan = undefined;
  ended(options, state, child, message.down.reason, ctx);
}

/** Nobody asked for this end: the policy decides. */
function ended(
  options: SupervisorOptions,
  state: State,
  child: Child,
  reason: ExitReason,
  ctx: Self,
): void {
  const { restart, spec } = child;
  const running = [...state.children.values()].filter(({ ref }) => ref !== undefined);
  const next = afterExit({
    reason,
    restart,
    isSignificant: spec.isSignificant ?? false,
    autoShutdown: options.autoShutdown ?? "never",
    significantLeft: running.filter((other) => other.spec.isSignificant).length,
  });
  if (next === "restart") return restartAfter(options, state, child, reason, ctx);
  if (child.isAdded || restart === "temporary") forget(state, child);
  if (next === "shutdown") end(options, state, { kind: "shutdown" }, ctx);
}

function restartAfter(
  options: SupervisorOptions,
  state: State,
  child: Child,
  reason: ExitReason,
  ctx: Self,
): void {
  const { intensity = intensityDefault, strategy = "oneForOne" } = options;
  const restartsMs = addRestart(state.restartsMs, ctx.time.nowMs(), intensity);
  if (restartsMs === undefined) {
    const { restartsMax, periodMs } = intensity;
    const cause = reason.kind === "failed" ? { cause: fromErrorData(reason.error) } : {};
    const error = new EngineError(
      "RESTART_INTENSITY",
      `${ctx.self.path}: over ${restartsMax} restarts in ${periodMs} ms, last of "${child.spec.id}"`,
      { restartsMax, periodMs, child: child.spec.id, reason: reason.kind },
      cause,
    );
    return end(options, state, { kind: "failed", error: toErrorData(error) }, ctx);
  }
  state.restartsMs = restartsMs;
  const { stop, start } = restartGroup(strategy, [...state.children.values()], child);
  options.onRestart?.({ id: child.spec.id, reason, restarted: start.map(({ spec }) => spec.id) });
  state.plan = { stop, start };
  advance(options, state, ctx);
}

/** Carries the plan on as far as it goes without waiting. */
function advance(options: SupervisorOptions, state: State, ctx: Self): void {
  const { plan } = state;
  if (plan === undefined || plan.awaited !== undefined) return;
  for (let next = plan.stop[0]; next !== undefined; next = plan.stop[0]) {
    if (next.ref !== undefined) {
      // Its `Down` goes on from here.
      if (!next.isStopping) {
        next.isStopping = true;
        ctx.stopChild(next.ref);
      }
      return;
    }
    plan.stop.shift();
  }
  if (plan.exit !== undefined) return ctx.stop(plan.exit);
  state.plan = undefined;
  for (const child of plan.start) {
    if (child.isRetired || startLife(child, ctx) === undefined) continue;
    // It ends the series, and everything else waits: its `Down` counts as one more restart.
    state.plan = { stop: [], start: [], awaited: child };
    return;
  }
  const deferred = state.deferred;
  state.deferred = [];
  for (const message of deferred) receive(options, state, message, ctx);
}

/** Stops the children, last of the list first, then itself. What waited is turned away. */
function end(options: SupervisorOptions, state: State, exit: ExitReason, ctx: Self): void {
  if (state.plan?.exit !== undefined) return;
  const deferred = state.deferred;
  state.deferred = [];
  state.plan = { stop: [...state.children.values()].reverse(), start: [], exit };
  for (const message of deferred) receive(options, state, message, ctx);
  advance(options, state, ctx);
}

/** Begins one more life. Returns why it did not start. */
function startLife(child: Child, ctx: Self): ErrorData | undefined {
  const { spec } = child;
  const { id, shutdownMs } = spec;
  const incarnation = (child.incarnation += 1);
  const limit = shutdownMs === undefined ? {} : { shutdownMs };
  const ref = ctx.spawn(id, behaviorOf(spec, incarnation), { incarnation, ...limit });
  child.ref = ref;
  ctx.watch(ref, (down) => ({ kind: "childDown", id, down }));
  const exit = ctx.exitOf(ref);
  if (exit?.kind !== "failed") {
    spec.onStarted?.(ref);
    return undefined;
  }
  const why = `${ref.path} did not start: ${exit.error.message}`;
  const cause = fromErrorData(exit.error);
  return toErrorData(new EngineError("CHILD_START", why, { id, incarnation }, { cause }));
}

function behaviorOf(spec: ChildSpec, incarnation: number): Behavior<unknown, never> {
  try {
    return spec.make({ incarnation });
  } catch (thrown) {
    const start = (): never => {
      throw thrown;
    };
    return { start, receive: () => undefined };
  }
}

function forget(state: State, child: Child): void {
  state.children.delete(child.spec.id);
  for (const replyTo of child.stopped) replyTo.reply({ isOk: true });
}

function newChild(spec: ChildSpec, isAdded: boolean): Child {
  const { restart = "permanent" } = spec;
  const state = { incarnation: 0, ref: undefined, isStopping: false, isRetired: false };
  return { spec, restart, isAdded, ...state, stopped: [] };
}

function viewOf({ spec, restart, incarnation, ref }: Child): ChildView {
  return { id: spec.id, restart, incarnation, ...(ref === undefined ? {} : { ref }) };
}
