/**
 * Question: how much memory does a live call take, and does a call leave any behind?
 *
 * First live calls with audio both ways, recorded, all at once, against the same engine without
 * them. Then, on an engine that has had no call yet, short calls, thousands of them, each the whole
 * way: dialled, socket opened, a word said and recorded, hung up, on record. Memory is read when
 * nothing runs any more.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import type { ChurnOutcomes } from "../engine/call-churn.js";
import { EngineProcess } from "../engine/engine-process.js";
import type { LoadProcess } from "../load/load-process.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { sleep } from "../support/cpu-windows.js";
import { round } from "../support/figures.js";
import { usageOf } from "../support/process-usage.js";
import { withLoad } from "../support/with-load.js";

const options = {
  completed: { kind: "count", default: 20_000, max: 1_000_000, help: "short calls, one by one" },
  "at-once": { kind: "count", default: 100, max: 5000, help: "of them" },
  calls: { kind: "count", default: 300, max: 5000, help: "live calls at once" },
  seconds: { kind: "count", default: 5, max: 600, help: "that they have lived when it is read" },
  settle: { kind: "count", default: 10, min: 0, max: 60, help: "seconds of rest before a reading" },
} as const;

type Values = OptionValues<typeof options>;

/** Memory when nothing ran, after so many calls. */
export type MemoryPoint = { readonly completed: number; readonly rssMb: number };

export type MemoryResult = {
  readonly bench: "memory";
  readonly calls: number;
  readonly completed: number;
  readonly points: readonly MemoryPoint[];
  /** From the first quarter of the completed calls to the last of them. */
  readonly growthPct: number;
  readonly isGrowing: boolean;
  readonly rssPerCallMb: number;
  readonly callsPerSecond: number;
  readonly outcomes: ChurnOutcomes;
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

export const growthPctMax = 2;
const flowFiles = ["bench/memory/one-word.yaml", "bench/media/endless-prompts.yaml"];

export function memoryBench(values: Values, progress: Progress): Promise<MemoryResult> {
  return withLoad(async (load) => {
    await load.prepare({ line: "native", caller: "stream", clips: await clips() });
    const log: string[] = [];
    const rssPerCallMb = await withEngine(load, values.calls, log, (engine) =>
      liveCalls(values, { engine, load, progress }),
    );
    const churned = await withEngine(load, values["at-once"], log, (engine) =>
      churn(values, engine, progress),
    );
    return resultOf(values, churned, rssPerCallMb, log);
  });
}

/** An engine of its own: memory that other calls have left to it would be nobody's. */
async function withEngine<Result>(
  load: LoadProcess,
  callsMax: number,
  log: string[],
  use: (engine: EngineProcess) => Promise<Result>,
): Promise<Result> {
  const engine = new EngineProcess(load);
  try {
    await engine.start({
      gateway: { port: 0, connectionsMax: 4 * callsMax },
      calls: { callsMax },
      recognition: { isEnabled: false },
      flows: flowFiles.map((path) => fileURLToPath(new URL(path, packageRoot))),
    });
    return await use(engine);
  } finally {
    await engine.stop();
    log.push(...engine.log);
  }
}

const clips = async () => [silenceClip(), ...(await speechClips())];

type Churned = {
  readonly points: MemoryPoint[];
  readonly outcomes: ChurnOutcomes;
  readonly callsPerSecond: number;
};

/** A first round warms up, with a quarter as many calls; it stands for "no calls yet". */
async function churn(values: Values, engine: EngineProcess, progress: Progress): Promise<Churned> {
  const { completed, "at-once": atOnce } = values;
  const settleMs = values.settle * 1000;
  const quarter = Math.ceil(completed / 4);
  const outcomes: Record<string, number> = {};
  const points: MemoryPoint[] = [];
  let done = 0;
  const beganMs = performance.now();
  for (const upTo of [0, quarter, 2 * quarter, 3 * quarter, 4 * quarter]) {
    const calls = upTo === 0 ? Math.ceil(quarter / 4) : upTo - done;
    progress(`${upTo === 0 ? "warm-up" : `up to ${upTo}`}: ${calls} short calls`);
    const ended = await engine.churn({ flow: "one-word", calls, atOnce });
    for (const [outcome, count] of Object.entries(ended)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
    done = upTo;
    await sleep(settleMs);
    points.push({ completed: upTo, rssMb: round(usageOf(engine.pid).rssMb, 1) });
  }
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const seconds = (performance.now() - beganMs - points.length * settleMs) / 1000;
  return { points, outcomes, callsPerSecond: round(all / seconds, 1) };
}

async function liveCalls(
  { calls, seconds, settle }: Values,
  parts: {
    readonly engine: EngineProcess;
    readonly load: LoadProcess;
    readonly progress: Progress;
  },
): Promise<number> {
  const { engine, load, progress } = parts;
  await sleep(settle * 1000);
  const idleMb = usageOf(engine.pid).rssMb;
  progress(`${calls} live calls`);
  const overMs = calls * 5;
  const plan = { flow: "endless-prompts", count: calls, overMs, isRecorded: true };
  const openedBefore = load.openedCount;
  const { callIds } = await engine.startCalls(plan);
  await load.settled(openedBefore + callIds.length);
  await sleep(seconds * 1000);
  const rssMb = usageOf(engine.pid).rssMb - idleMb;
  await engine.hangUpAll();
  return rssMb / callIds.length;
}

function resultOf(
  { calls, completed }: Values,
  { points, outcomes, callsPerSecond }: Churned,
  rssPerCallMb: number,
  log: readonly string[],
): MemoryResult {
  const [, first, , , last] = points;
  const growthPct = round((last!.rssMb / first!.rssMb - 1) * 100, 2);
  const other = Object.keys(outcomes).filter((outcome) => outcome !== "done");
  const notes = other.map((outcome) => `${outcomes[outcome]} short calls ended as ${outcome}`);
  return {
    bench: "memory",
    calls,
    completed,
    points,
    growthPct,
    isGrowing: growthPct > growthPctMax,
    rssPerCallMb: round(rssPerCallMb, 3),
    callsPerSecond,
    outcomes,
    isValid: other.length === 0,
    notes: [...notes, ...log],
  };
}

export const memory = defineBench({
  name: "memory",
  question: "how much memory does a live call take, and does a call leave any behind?",
  options,
  run: memoryBench,
  format(result: MemoryResult) {
    const { growthPct, isGrowing, rssPerCallMb, callsPerSecond, points, notes } = result;
    const lines = [
      `memory${result.isValid ? "" : "  (NOT VALID)"}`,
      ...points.map(
        ({ completed, rssMb }) =>
          `  after ${String(completed).padStart(6)} calls ${rssMb.toFixed(1).padStart(8)} MB`,
      ),
      `  from the first quarter to the end ${growthPct} %${isGrowing ? ": it grows" : ""}`,
      `  a live call ${rssPerCallMb} MB (${result.calls} of them)`,
      `  short calls a second ${callsPerSecond}`,
      ...notes.map((note) => `  ! ${note}`),
    ];
    return `${lines.join("\n")}\n`;
  },
});
