/** One child of a supervisor: its spec, and the life that runs. */
import { EngineError, fromErrorData, toErrorData, type ErrorData } from "../../base/errors.js";
import type { ChildSpec, RestartPolicy } from "./child-spec.js";
import type { ActorRef, Behavior, Context, ReplyTo } from "./types.js";

export type StopChildReply =
  { readonly isOk: true } | { readonly isOk: false; readonly error: ErrorData };

/** One child as `listChildren` shows it. `ref` is absent while it does not run. */
export type ChildView = {
  readonly id: string;
  readonly restart: RestartPolicy;
  readonly incarnation: number;
  readonly ref?: ActorRef<never>;
};

export type Child = {
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

export function newChild(spec: ChildSpec, isAdded: boolean): Child {
  const { restart = "permanent" } = spec;
  const state = { incarnation: 0, ref: undefined, isStopping: false, isRetired: false };
  return { spec, restart, isAdded, ...state, stopped: [] };
}

export function viewOf({ spec, restart, incarnation, ref }: Child): ChildView {
  return { id: spec.id, restart, incarnation, ...(ref === undefined ? {} : { ref }) };
}

/**
 * Begins one more life of `child`, under the actor of `ctx`.
 *
 * @returns why it did not start; its address is in `child.ref` all the same, and its `Down` comes
 */
export function startLife(
  child: Child,
  ctx: Pick<Context<never>, "spawn" | "exitOf">,
): ErrorData | undefined {
  const { spec } = child;
  const { id, shutdownMs } = spec;
  const incarnation = (child.incarnation += 1);
  const limit = shutdownMs === undefined ? {} : { shutdownMs };
  const ref = ctx.spawn(id, behaviorOf(spec, incarnation), { incarnation, ...limit });
  child.ref = ref;
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
