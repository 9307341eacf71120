/**
 * From a run that fails to the smallest that still does: one world, as few calls as it takes, and
 * none of the faults that are not needed. Greedy, and bounded, since each try is a run.
 */
import {
  simulate,
  worldCalls,
  type SimulationOptions,
  type SimulationResult,
} from "./simulation.js";

/** A run small enough to look at, and what it found. */
export type Shrunk = { readonly options: SimulationOptions; readonly result: SimulationResult };

type Attempt = (smaller: SimulationOptions) => Promise<Shrunk | undefined>;

const triesMax = 80;

/** @param result of `options`, with at least one violation */
export async function shrink(
  options: SimulationOptions,
  result: SimulationResult,
): Promise<Shrunk> {
  const rule = result.broken[0]!.rule;
  let tries = 0;
  const attempt: Attempt = async (smaller) => {
    if ((tries += 1) > triesMax) return undefined;
    const next = await simulate({ ...smaller, write: undefined });
    if (!next.broken.some((one) => one.rule === rule)) return undefined;
    return { options: smaller, result: next };
  };
  let best = await fewerCalls({ options, result }, rule, attempt);
  best = await fewerFaults(best, attempt);
  return best;
}

/** The first failing call alone, where that fails too; else its world, cut while it fails. */
async function fewerCalls(from: Shrunk, rule: string, attempt: Attempt): Promise<Shrunk> {
  const { options, result } = from;
  const { callIndex, world } = result.broken.find((one) => one.rule === rule)!;
  if (callIndex >= 0) {
    const alone = await attempt({ ...options, only: [callIndex] });
    if (alone !== undefined) return alone;
  }
  const first = world * worldCalls;
  const last = Math.min(first + worldCalls, options.calls);
  const here = Array.from({ length: last - first }, (_, each) => first + each);
  const only = here.filter((index) => options.only?.includes(index) ?? true);
  let best = (await attempt({ ...options, only })) ?? from;
  for (let parts = 2; ;) {
    const list = best.options.only ?? only;
    if (parts > list.length) return best;
    const smaller = await withoutAPart(best, list, parts, attempt);
    if (smaller === undefined && parts === list.length) return best;
    parts = smaller === undefined ? Math.min(list.length, parts * 2) : Math.max(2, parts - 1);
    best = smaller ?? best;
  }
}

/** Leaves out the first of so many parts that is not needed. */
async function withoutAPart(
  from: Shrunk,
  list: readonly number[],
  parts: number,
  attempt: Attempt,
): Promise<Shrunk | undefined> {
  const size = Math.ceil(list.length / parts);
  for (let at = 0; at < list.length; at += size) {
    const only = list.filter((_, index) => index < at || index >= at + size);
    if (only.length === 0) continue;
    const smaller = await attempt({ ...from.options, only });
    if (smaller !== undefined) return smaller;
  }
  return undefined;
}

/** Takes faults away, first all at once, then one by one. */
async function fewerFaults(from: Shrunk, attempt: Attempt): Promise<Shrunk> {
  const none = await attempt({ ...from.options, faults: [] });
  if (none !== undefined) return none;
  const needed = from.result.struck.map(({ id }) => id);
  let best = (await attempt({ ...from.options, faults: needed })) ?? from;
  for (const id of needed) {
    const faults = (best.options.faults ?? needed).filter((other) => other !== id);
    best = (await attempt({ ...best.options, faults })) ?? best;
  }
  return best;
}

/** The command that runs `options` again. */
export function replayCommand({ seed, calls, only, faults, sabotage }: SimulationOptions): string {
  return [
    `npm run sim -- --seed ${seed} --calls ${calls}`,
    ...(only === undefined ? [] : [`--only ${only.join(",")}`]),
    ...(faults === undefined
      ? []
      : [`--faults ${faults.length === 0 ? "none" : faults.join(",")}`]),
    ...(sabotage === undefined ? [] : [`--sabotage ${sabotage}`]),
  ].join(" ");
}
