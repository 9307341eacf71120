/**
 * A run: so many calls from one seed, in worlds of some hundred, judged. Everything in it follows
 * from its options; two runs of the same options are the same to the last message.
 */
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { listFlows, loadFlow } from "../../dialog/flow-files.js";
import { callFaults, FaultDesk, worldFaults, type Fault } from "./fault-plan.js";
import type { Sabotage } from "./sabotage.js";
import { seededRng } from "./seeded-rng.js";
import { SimCall } from "./sim-call.js";
import { Trace } from "./trace.js";
import { Violations, type Violation } from "./violations.js";
import { World } from "./world.js";

export type SimulationOptions = {
  readonly seed: number;
  /** Calls 0 to `calls` − 1 … */
  readonly calls: number;
  /** … of which only these. */
  readonly only?: readonly number[] | undefined;
  /** Only these faults; all that are planned, when absent. */
  readonly faults?: readonly string[] | undefined;
  readonly flows: readonly SimFlow[];
  readonly sabotage?: Sabotage | undefined;
  /** Takes every line of the trace. */
  readonly write?: ((line: string) => void) | undefined;
};

/** A flow and its file, since the node loads its own. */
export type SimFlow = { readonly path: string; readonly flow: CompiledFlow };

export async function shippedFlows(): Promise<readonly SimFlow[]> {
  const files = await listFlows();
  return Promise.all(files.map(async ({ path }) => ({ path, flow: await loadFlow(path) })));
}

export type SimulationResult = {
  readonly seed: number;
  readonly calls: number;
  readonly violations: number;
  readonly traceHash: string;
  /** Faults that struck, by place and kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly broken: readonly Violation[];
  /** Faults of the calls concerned, and of their worlds, that struck. */
  readonly struck: readonly Fault[];
  readonly messages: number;
  readonly virtualMs: number;
};

/** Calls of one world. */
export const worldCalls = 125;
/** A call begins this often: a hundred live at once. */
const startEveryMs = 80;
const judgeEveryMs = 2000;
/** No call lives longer; what does is a violation, not an endless run. */
const tailMs = 200_000;

/** What the worlds of one run add to. */
type Tally = {
  readonly trace: Trace;
  readonly violations: Violations;
  readonly struck: Map<string, Fault>;
  readonly simCalls: SimCall[];
  messages: number;
  virtualMs: number;
};

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { calls, only, write } = options;
  const tally: Tally = {
    trace: new Trace({ write }),
    violations: new Violations(),
    struck: new Map(),
    simCalls: [],
    messages: 0,
    virtualMs: 0,
  };
  const indexes = only ?? Array.from({ length: calls }, (_, each) => each);
  for (let index = 0; index * worldCalls < calls; index += 1) {
    const here = indexes.filter((each) => Math.floor(each / worldCalls) === index);
    if (here.length > 0) await runWorld(options, index, here, tally);
  }
  return resultOf(options, tally);
}

async function runWorld(
  { seed, flows, sabotage, faults: chosen }: SimulationOptions,
  index: number,
  indexes: readonly number[],
  tally: Tally,
): Promise<void> {
  const isOn = ({ id }: Fault): boolean => chosen?.includes(id) ?? true;
  const onFault = (fault: Fault): void => void tally.struck.set(fault.id, fault);
  const spanMs = worldCalls * startEveryMs;
  const { trace, violations } = tally;
  const world = new World({
    seed,
    index,
    flowFiles: flows.map(({ path }) => path),
    faults: worldFaults(seed, index, spanMs + 25_000).filter(isOn),
    sabotage,
    trace,
    violations,
    onFault,
  });
  violations.enter(() => world.loop.world.nowMs(), index);
  if (!(await world.start())) return violations.add(-1, "not-whole", "the node does not start");
  const beganMs = world.loop.world.nowMs();
  const simCalls = indexes.map((each) => {
    const rng = seededRng(seed, 0x57a47, each);
    const desk = new FaultDesk(callFaults(seed, each).filter(isOn), onFault);
    const simCall = new SimCall(world, each, rng.pick(flows).flow, desk);
    const atMs = (each % worldCalls) * startEveryMs + rng.int(0, startEveryMs);
    world.loop.world.after(atMs, () => simCall.start());
    return simCall;
  });
  const judge = (): void => {
    world.judgeProgress();
    if (world.endedCount < simCalls.length) world.loop.world.after(judgeEveryMs, judge);
  };
  judge();
  await end(world, simCalls, { seed, index, spanMs, beganMs });
  tally.simCalls.push(...simCalls);
  tally.messages += world.handledCount;
  tally.virtualMs += world.loop.world.nowMs();
}

/** Half of the worlds are drained when all is quiet, the others in the middle of their calls. */
async function end(
  world: World,
  simCalls: readonly SimCall[],
  span: { seed: number; index: number; spanMs: number; beganMs: number },
): Promise<void> {
  const { seed, index, spanMs, beganMs } = span;
  const rng = seededRng(seed, 0xd4a1, index);
  const isAllOver = (): boolean => world.endedCount >= simCalls.length;
  if (rng.chance(0.5)) {
    await world.loop.run(beganMs + spanMs + tailMs, isAllOver);
    for (const simCall of simCalls) {
      if (simCall.outcome === undefined) simCall.violated("one-outcome", "it never ended");
    }
    await world.rest();
    return world.stop(0);
  }
  await world.loop.run(beganMs + spanMs + rng.int(-3000, 10_000), isAllOver);
  return world.stop(rng.pick([0, 500, 5000, 20_000, 60_000]));
}

function resultOf({ seed, calls }: SimulationOptions, tally: Tally): SimulationResult {
  const { violations, trace, struck, simCalls, messages, virtualMs } = tally;
  const broken = violations.list;
  const concerned = new Set(broken.map(({ callIndex }) => callIndex));
  const worlds = new Set(broken.map(({ world }) => world));
  return {
    seed,
    calls,
    violations: violations.count,
    traceHash: trace.hash,
    faults: countBy([...struck.values()], ({ site, mode, role }) =>
      ["thread", "before", "after"].includes(mode) ? `${site}.${role}` : `${site}.${mode}`,
    ),
    outcomes: countBy(simCalls, ({ outcome }) => outcome ?? "none"),
    broken,
    struck: [...struck.values()].filter(({ id }) => {
      const owner = id.split(".")[0]!;
      return owner.startsWith("w")
        ? worlds.has(Number(owner.slice(1)))
        : concerned.has(Number(owner));
    }),
    messages,
    virtualMs,
  };
}

function countBy<T>(list: readonly T[], keyOf: (one: T) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of list) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
