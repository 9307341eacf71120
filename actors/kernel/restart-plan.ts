/**
 * What follows when a child ends: event × policy → what happens. Pure; the table in `README.md` is
 * its specification.
 */
import type { AutoShutdown, RestartPolicy, RestartStrategy } from "./child-spec.js";
import type { ExitReason } from "./types.js";

/** The child starts again, is let go, or takes its supervisor along. */
export type AfterExit = "restart" | "forget" | "shutdown";

/** Decides on a child that ended by itself; one that was stopped on purpose is just gone. */
export function afterExit(event: {
  readonly reason: ExitReason;
  readonly restart: RestartPolicy;
  readonly isSignificant: boolean;
  readonly autoShutdown: AutoShutdown;
  /** Significant children that still run, this one not counted. */
  readonly significantLeft: number;
}): AfterExit {
  const { reason, restart, autoShutdown } = event;
  if (restart === "permanent") return "restart";
  if (restart === "transient" && isAbnormal(reason)) return "restart";
  if (!event.isSignificant || autoShutdown === "never") return "forget";
  return autoShutdown === "any" || event.significantLeft === 0 ? "shutdown" : "forget";
}

/** Whether a transient child starts again after this end. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason.kind !== "normal" && reason.kind !== "shutdown";
}

/**
 * Who stops and who starts when `failed` is restarted.
 *
 * @param children in the order in which they started; `failed` is one of them
 * @returns `stop`: the others that must end first, last started first; `start`: in their order.
 *   Temporary children are stopped with the group, but never started again.
 */
export function restartGroup<C extends { readonly restart: RestartPolicy }>(
  strategy: RestartStrategy,
  children: readonly C[],
  failed: C,
): { readonly stop: C[]; readonly start: C[] } {
  const index = children.indexOf(failed);
  const group = {
    oneForOne: [failed],
    oneForAll: children,
    restForOne: children.slice(index),
  }[strategy];
  return {
    stop: group.filter((child) => child !== failed).reverse(),
    start: group.filter((child) => child.restart !== "temporary"),
  };
}
