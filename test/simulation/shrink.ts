/**
 * From a run that fails to the smallest that still does: only the calls concerned, then without
 * each fault that is not needed. Greedy, and bounded, since each try is a run.
 */
import { simulate, type SimulationOptions, type SimulationResult } from "./simulation.js";

/** A run small enough to look at, and what it found. */
export type Shrunk = { readonly options: SimulationOptions; readonly result: SimulationResult };

const triesMax = 60;

/** @param result of `options`, with at least one violation */
export async function shrink(
  options: SimulationOptions,
  result: SimulationResult,
): Promise<Shrunk> {
  const rules = new Set(result.broken.map(({ rule }) => rule));
  let tries = 0;
  const attempt = async (smaller: SimulationOptions): Promise<Shrunk | undefined> => {
    if ((tries += 1) > triesMax) return undefined;
    const next = await simulate({ ...smaller, write: undefined });
    return next.broken.some(({ rule }) => rules.has(rule))
      ? { options: smaller, result: next }
      : undefined;
  };
  let best: Shrunk = { options, result };
  best = (await oneCall(best, attempt)) ?? best;
  return withoutFaults(best, attempt);
}

type Attempt = (smaller: SimulationOptions) => Promise<Shrunk | undefined>;

/** The first of the failing calls that fails alone. */
async function oneCall(from: Shrunk, attempt: Attempt): Promise<Shrunk | undefined> {
  const failing = [...new Set(from.result.broken.map(({ callIndex }) => callIndex))];
  for (const index of failing.filter((each) => each >= 0).slice(0, 10)) {
    const alone = await attempt({ ...from.options, only: [index] });
    if (alone !== undefined) return alone;
  }
  return undefined;
}

/** Takes faults away, first all at once, then one by one. */
async function withoutFaults(from: Shrunk, attempt: Attempt): Promise<Shrunk> {
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
