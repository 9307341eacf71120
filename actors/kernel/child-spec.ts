/**
 * What a supervisor is told about itself and its children, as data, and what can be wrong with it.
 * All mistakes are found together, so that a tree is corrected in one go.
 *
 * @see OTP `supervisor`, "Supervision Principles" and "Child Specification"
 */
import { EngineError } from "../../base/errors.js";
import { nameShape } from "./names.js";
import type { RestartIntensity } from "./restart-intensity.js";
import type { ActorRef, Behavior, ExitReason, Message } from "./types.js";

/** Who is started again when one child ends: it alone, all, or it and those started after it. */
export type RestartStrategy = "oneForOne" | "oneForAll" | "restForOne";

/** Started again: always; only after an abnormal end (not `normal`, not `shutdown`); never. */
export type RestartPolicy = "permanent" | "transient" | "temporary";

/** Whether the end of significant children ends the supervisor: never, of one, of the last. */
export type AutoShutdown = "never" | "any" | "all";

/** How to start, restart and stop one child. */
export interface ChildSpec {
  /** Name in the tree; unique within its supervisor. */
  readonly id: string;
  /** Makes a fresh behaviour for each life. Throwing counts as a `start` that throws. */
  make(life: { readonly incarnation: number }): Behavior<unknown, never>;
  /** Default `permanent`. */
  readonly restart?: RestartPolicy;
  /** See `SpawnOptions.shutdownMs`. */
  readonly shutdownMs?: number;
  /** Its end, when it is not started again, may end the supervisor. Default false. */
  readonly isSignificant?: boolean;
  /** Hears of every life that has started, to tell those who keep its address. */
  onStarted?(ref: ActorRef<never>): void;
  /** Hears of the end of every life, before it is followed by another or not. */
  onEnded?(reason: ExitReason): void;
}

/** What holds for all children of one owner. */
export interface SupervisionRules {
  /** Default `oneForOne`. */
  readonly strategy?: RestartStrategy;
  /** Default 1 restart in 5000 ms, as OTP. A group that is restarted together counts once. */
  readonly intensity?: RestartIntensity;
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** Commands that may wait for the owner, or for a restart. Default 256. */
  readonly commandsMax?: number;
  /** Hears of every restart before it happens; must not throw. */
  onRestart?(restart: RestartNotice): void;
}

/** A supervisor as data. */
export interface SupervisorOptions extends SupervisionRules {
  /** In the order in which they start. */
  readonly children: readonly ChildSpec[];
}

/** `id` ended for `reason`; `restarted` are the ids that start again, in order. */
export type RestartNotice = {
  readonly id: string;
  readonly reason: ExitReason;
  readonly restarted: readonly string[];
};

/** One thing that is wrong, with its place in the options. */
export type SpecMistake = { readonly path: string; readonly message: string };

/** Restarts a supervisor tolerates where nothing else is said. */
export const intensityDefault: RestartIntensity = { restartsMax: 1, periodMs: 5000 };
/** As many as a lane of commands holds. */
export const commandsMaxDefault = 256;

const strategies: readonly unknown[] = ["oneForOne", "oneForAll", "restForOne"];
const policies: readonly unknown[] = ["permanent", "transient", "temporary"];
const autoShutdowns: readonly unknown[] = ["never", "any", "all"];

/** As `ChildSpec`, with the types of its actor. */
export interface TypedChildSpec<S, M extends Message> extends Omit<
  ChildSpec,
  "make" | "onStarted"
> {
  make(life: { readonly incarnation: number }): Behavior<S, M>;
  onStarted?(ref: ActorRef<M>): void;
}

/** A spec whose behaviour and address fit each other, for a list of specs of many types. */
export function childSpec<S, M extends Message>(spec: TypedChildSpec<S, M>): ChildSpec {
  return spec as ChildSpec;
}

/** @throws {EngineError} `SUPERVISOR_SPEC` with all of `detail.mistakes` */
export function checkSupervisor(options: SupervisorOptions): void {
  const { strategy = "oneForOne", autoShutdown = "never", children } = options;
  const mistakes: SpecMistake[] = [
    ...oneOf("strategy", strategy, strategies),
    ...oneOf("autoShutdown", autoShutdown, autoShutdowns),
    ...intensityMistakes(options.intensity ?? intensityDefault),
  ];
  const ids = new Set<string>();
  children.forEach((child, index) => {
    mistakes.push(...childMistakes(child, `children[${index}]`, ids, autoShutdown));
    ids.add(child.id);
  });
  throwMistakes(mistakes);
}

/**
 * Checks a child that is added while the supervisor runs.
 *
 * @param ids taken already
 * @throws {EngineError} `SUPERVISOR_SPEC` with all of `detail.mistakes`
 */
export function checkChild(
  spec: ChildSpec,
  ids: { has(id: string): boolean },
  autoShutdown: AutoShutdown,
): void {
  throwMistakes(childMistakes(spec, "child", ids, autoShutdown));
}

function intensityMistakes({ restartsMax, periodMs }: RestartIntensity): SpecMistake[] {
  const mistakes: SpecMistake[] = [];
  if (!Number.isInteger(restartsMax) || restartsMax < 0) {
    const message = `is ${restartsMax}; give a whole number from 0`;
    mistakes.push({ path: "intensity.restartsMax", message });
  }
  if (!(periodMs > 0 && periodMs < Infinity)) {
    const message = `is ${periodMs}; give a number of milliseconds over 0`;
    mistakes.push({ path: "intensity.periodMs", message });
  }
  return mistakes;
}

function childMistakes(
  spec: ChildSpec,
  path: string,
  ids: { has(id: string): boolean },
  autoShutdown: AutoShutdown,
): SpecMistake[] {
  const { id, restart = "permanent", shutdownMs = 0, isSignificant = false } = spec;
  const mistakes: SpecMistake[] = oneOf(`${path}.restart`, restart, policies);
  const add = (field: string, message: string): void =>
    void mistakes.push({ path: `${path}.${field}`, message });
  if (typeof id !== "string" || !nameShape.test(id)) {
    add("id", `is ${show(id)}; give 1 to 100 letters, digits, or . _ : -`);
  } else if (ids.has(id)) add("id", `"${id}" is taken by another child`);
  if (typeof spec.make !== "function") add("make", "is no function that makes a behaviour");
  if (typeof shutdownMs !== "number" || !(shutdownMs >= 0)) {
    add("shutdownMs", `is ${show(shutdownMs)}; give milliseconds from 0, or Infinity`);
  }
  if (isSignificant && restart === "permanent") {
    add("isSignificant", "a permanent child always starts again: make it transient or temporary");
  }
  if (isSignificant && autoShutdown === "never") {
    add("isSignificant", 'nothing follows from it while autoShutdown is "never"');
  }
  return mistakes;
}

function oneOf(path: string, value: unknown, allowed: readonly unknown[]): SpecMistake[] {
  if (allowed.includes(value)) return [];
  return [{ path, message: `is ${show(value)}; give ${allowed.map(show).join(", ")}` }];
}

function throwMistakes(mistakes: readonly SpecMistake[]): void {
  if (mistakes.length === 0) return;
  const list = mistakes.map(({ path, message }) => `${path} ${message}`).join("; ");
  throw new EngineError("SUPERVISOR_SPEC", list, { mistakes });
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
