/**
 * One run: an engine, a generator, so many calls at once for so long. The calls are started and
 * warmed up first; what is reported is the time in which all of them run.
 *
 *   generator ◄─ dial ─ bench ◄─ dial ─ engine      each its own process
 *        └────── one WebSocket a call ────►┘
 */
import type { ConfigOverrides } from "../../config/default-config.js";
import type { TransportName } from "../../config/schema.js";
import type { CallView, LatencyReport } from "../../engine/engine-node.js";
import { EngineProcess } from "../engine/engine-process.js";
import type { Refusal } from "../engine/messages.js";
import type { LoadProcess } from "../load/load-process.js";
import type { LoadReport, LoadSetup } from "../load/messages.js";
import { measureCpu, sleep, type CpuWindow } from "./cpu-windows.js";
import { usageOf } from "./process-usage.js";

export type CallRunPlan = {
  readonly calls: number;
  /** More calls than are expected to be taken: what is refused is no failure then. */
  readonly offered?: number;
  /** Of measurement, all windows together. */
  readonly seconds: number;
  /** Windows in which CPU is read, for the spread between them. */
  readonly repeats: number;
  readonly warmUpSeconds: number;
  readonly transport: TransportName;
  readonly load: LoadSetup;
  readonly config: ConfigOverrides;
  readonly flow: string;
  readonly isRecorded: boolean;
  readonly progress: (text: string) => void;
};

export type CallRun = {
  readonly latency: LatencyReport;
  readonly load: LoadReport;
  readonly windows: readonly CpuWindow[];
  readonly rssPerCallMb: number;
  readonly startMs: number;
  /** Calls that were taken. */
  readonly takenCalls: number;
  /** Calls that were refused, never opened, or ended before they were asked to. */
  readonly failedCalls: number;
  readonly refusals: readonly Refusal[];
  /** Every call as it stood when it ended. */
  readonly views: readonly CallView[];
  /** What each caller said to the end, in order. */
  readonly said: ReadonlyMap<string, readonly string[]>;
  /** Why calls went wrong, and what the engine's log complains of. */
  readonly troubles: readonly string[];
};

/** New calls a second while the run is set up, and where the engine is to say when to stop. */
const callsPerSecond = 200;
const offersPerSecond = 50;

function offerOf({ calls, offered }: CallRunPlan): { count: number; perSecond: number } {
  if (offered === undefined) return { count: calls, perSecond: callsPerSecond };
  return { count: offered, perSecond: offersPerSecond };
}

/** Runs the plan on an engine of its own; the generator goes on living. */
export async function runCalls(plan: CallRunPlan, load: LoadProcess): Promise<CallRun> {
  const engine = new EngineProcess(load);
  try {
    await load.prepare(plan.load);
    const { startMs } = await engine.start(configOf(plan), plan.offered !== undefined);
    return { startMs, ...(await measure(plan, engine, load)) };
  } finally {
    await engine.stop();
  }
}

/** Room for the calls, and nothing listening that the bench does not need. */
function configOf({ calls, offered, config, transport }: CallRunPlan): ConfigOverrides {
  // Where more are offered than expected, what is measured says how many are taken, not this.
  const callsMax = offered === undefined ? calls : 2 * offered;
  return {
    ...config,
    gateway: { port: 0, transport, connectionsMax: 2 * callsMax + 100, ...config.gateway },
    calls: { callsMax, ...config.calls },
  };
}

async function measure(
  plan: CallRunPlan,
  engine: EngineProcess,
  load: LoadProcess,
): Promise<Omit<CallRun, "startMs">> {
  const { calls, flow, isRecorded, progress } = plan;
  const idle = usageOf(engine.pid);
  const { count, perSecond } = offerOf(plan);
  progress(`starting ${count} calls`);
  const overMs = (count * 1000) / perSecond;
  const started = await engine.startCalls({ flow, count, overMs, isRecorded });
  await load.settled(started.callIds.length);
  progress(`warm-up: ${plan.warmUpSeconds} s`);
  await sleep(plan.warmUpSeconds * 1000);
  await Promise.all([engine.resetLatency(), load.begin()]);
  progress(`measuring: ${calls} calls for ${plan.seconds} s`);
  const windows = await measureCpu(plan, engine.pid, load.pid);
  const [latency, report] = await Promise.all([engine.latency(), load.report()]);
  const takenCalls = started.callIds.length;
  const rssPerCallMb = (usageOf(engine.pid).rssMb - idle.rssMb) / Math.max(1, takenCalls);
  const early = await engine.takeEnded();
  const lost = [...load.closed];
  await engine.hangUpAll();
  const views = [...early, ...(await engine.takeEnded())];
  const said = await load.said();
  const { refusals, callIds } = started;
  const unopened = callIds.length - load.openedCount;
  const refusedInError = plan.offered === undefined ? refusals : [];
  const failedCalls = refusedInError.length + Math.max(early.length, lost.length, unopened);
  const troubles = [
    ...early.map(({ outcome }) => `a call ended early: ${outcome ?? "?"}`),
    ...lost.map(({ reason }) => `a line was lost: ${reason}`),
    ...refusedInError.map(({ code, why }) => `a call was refused: ${code} ${why}`),
    ...engine.log,
  ];
  const figures = {
    latency,
    load: report,
    windows,
    rssPerCallMb,
    takenCalls,
    failedCalls,
    refusals,
  };
  return { ...figures, views, said, troubles };
}
