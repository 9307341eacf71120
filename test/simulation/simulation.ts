/**
 * A run: so many calls from one seed, judged. Everything in it follows from its options; two runs
 * of the same options are the same to the last message.
 */
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { callFaults, FaultDesk, worldFaults, type Fault } from "./fault-plan.js";
import { seededRng } from "./seeded-rng.js";
import { SimCall } from "./sim-call.js";
import type { Violation } from "./violations.js";
import { World, type Sabotage } from "./world.js";

export type SimulationOptions = {
  readonly seed: number;
  /** Calls 0 to `calls` − 1 … */
  readonly calls: number;
  /** … of which only these. */
  readonly only?: readonly number[] | undefined;
  /** Only these faults; all that are planned, when absent. */
  readonly faults?: readonly string[] | undefined;
  readonly flows: readonly CompiledFlow[];
  readonly sabotage?: Sabotage | undefined;
  /** Takes every line of the trace. */
  readonly write?: ((line: string) => void) | undefined;
};

export type SimulationResult = {
  readonly seed: number;
  readonly calls: number;
  readonly violations: number;
  readonly traceHash: string;
  /** Faults that struck, by place and kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly broken: readonly Violation[];
  /** Faults of the calls concerned, and of the world, that struck. */
  readonly struck: readonly Fault[];
  readonly messages: number;
  readonly virtualMs: number;
};

/** A call begins this often: some hundreds live at once. */
const startEveryMs = 60;
const judgeEveryMs = 2000;
/** After the last end, everything that is on its way arrives. */
const restMs = 12_000;
/** No call lives longer; what does is a violation, not an endless run. */
const tailMs = 200_000;

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, calls, only, flows } = options;
  const struck = new Map<string, Fault>();
  const onFault = (fault: Fault): void => void struck.set(fault.id, fault);
  const isOn = ({ id }: Fault): boolean => options.faults?.includes(id) ?? true;
  const spanMs = calls * startEveryMs + 60_000;
  const faults = worldFaults(seed, spanMs).filter(isOn);
  const { sabotage, write } = options;
  const world = new World({ seed, flows, faults, sabotage, write, onFault });
  const simCalls: SimCall[] = [];
  for (const index of only ?? Array.from({ length: calls }, (_, each) => each)) {
    const rng = seededRng(seed, 0x57a47, index);
    const desk = new FaultDesk(callFaults(seed, index).filter(isOn), onFault);
    const simCall = new SimCall(world, index, rng.pick(flows), desk);
    simCalls.push(simCall);
    world.loop.world.after(index * startEveryMs + rng.int(0, startEveryMs), () => simCall.start());
  }
  const judge = (): void => {
    world.judgeProgress();
    if (world.endedCount < simCalls.length) world.loop.world.after(judgeEveryMs, judge);
  };
  judge();
  await world.loop.run(spanMs + tailMs, () => world.endedCount >= simCalls.length);
  const endMs = world.loop.world.nowMs();
  for (const simCall of simCalls) {
    if (simCall.outcome === undefined) simCall.violated("one-outcome", "it never ended");
  }
  await world.loop.run(endMs + restMs, () => false);
  world.judgeRest();
  world.stop();
  return resultOf(options, world, simCalls, struck, endMs);
}

function resultOf(
  { seed, calls }: SimulationOptions,
  world: World,
  simCalls: readonly SimCall[],
  struck: ReadonlyMap<string, Fault>,
  virtualMs: number,
): SimulationResult {
  const broken = world.violations.list;
  const concerned = new Set(broken.map(({ callIndex }) => callIndex));
  return {
    seed,
    calls,
    violations: world.violations.count,
    traceHash: world.trace.hash,
    faults: countBy([...struck.values()], ({ site, mode }) => `${site}.${mode}`),
    outcomes: countBy(simCalls, ({ outcome }) => outcome ?? "none"),
    broken,
    struck: [...struck.values()].filter(({ id }) => {
      const owner = id.split(".")[0]!;
      return owner === "w" || concerned.has(Number(owner));
    }),
    messages: world.handledCount,
    virtualMs,
  };
}

function countBy<T>(list: readonly T[], keyOf: (one: T) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of list) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
