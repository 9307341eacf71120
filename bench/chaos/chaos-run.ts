/**
 * One fault: an engine of its own with so many live calls, the fault, and what the callers heard of
 * it. Before it strikes they are listened to for a while, so that there is something to compare.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import type { ConfigOverrides } from "../../config/default-config.js";
import { EngineProcess } from "../engine/engine-process.js";
import type { LoadProcess } from "../load/load-process.js";
import type { HeardCall, LoadReport } from "../load/messages.js";
import type { Progress } from "../support/bench.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { sleep } from "../support/cpu-windows.js";
import type { ChaosAsks, FaultName, Strike } from "./messages.js";

export type FaultPlan = {
  readonly name: FaultName;
  readonly calls: number;
  /** Of 100 calls, how many hear streamed speech; the others hear prompts. */
  readonly streamedPct: number;
  /** Callers speak, and are recognised. */
  readonly isSpoken: boolean;
  readonly isRecorded: boolean;
  readonly heapMbMax?: number;
  readonly seconds: number;
};

/** What was seen of one fault. */
export type FaultRun = {
  readonly strike: Strike;
  readonly before: readonly HeardCall[];
  readonly after: readonly HeardCall[];
  /** Calls that ended though nobody asked them to. */
  readonly gone: ReadonlySet<string>;
  readonly framesOver300Ms: number;
  readonly othersFrameInP99Ms: { readonly before: number; readonly after: number };
  readonly generator: LoadReport;
  readonly log: readonly string[];
};

const callsPerSecond = 100;
const warmUpMs = 3000;
const listenMs = 5000;
/** What a recorded call has of the time before. */
const recordedAheadMs = 2000;
/** Every so many calls are cut off. */
const cutNth = 2;

type ChaosEngine = EngineProcess<ChaosAsks>;

/** @param isRecorded every frame is kept of two calls in danger, one of them streamed */
export async function runFault(
  plan: FaultPlan,
  load: LoadProcess,
  progress: Progress,
  isRecorded = false,
): Promise<FaultRun> {
  const engine: ChaosEngine = new EngineProcess(load, "bench/chaos/chaos-main.js");
  try {
    const clips = plan.isSpoken ? [silenceClip(), ...(await speechClips())] : [silenceClip()];
    await load.prepare({ line: "native", caller: "stream", clips });
    await engine.start(configOf(plan));
    progress(`${plan.name}: ${plan.calls} calls`);
    await startCalls(plan, engine, load);
    await sleep(warmUpMs);
    return await strike(plan, engine, load, isRecorded);
  } finally {
    await load.hangUp();
    await engine.stop();
  }
}

function configOf({ calls, isSpoken, heapMbMax }: FaultPlan): ConfigOverrides {
  const flow = (name: string): string => fileURLToPath(new URL(name, packageRoot));
  return {
    gateway: { port: 0, connectionsMax: 2 * calls + 100 },
    calls: { callsMax: calls },
    threads: { shardCount: 2, ...(heapMbMax === undefined ? {} : { shardHeapMbMax: heapMbMax }) },
    recognition: { isEnabled: isSpoken },
    flows: [flow("bench/chaos/chaos.yaml"), flow("bench/chaos/chaos-streamed.yaml")],
  };
}

async function startCalls(
  { calls, streamedPct, isRecorded }: FaultPlan,
  engine: ChaosEngine,
  load: LoadProcess,
): Promise<void> {
  const streamed = Math.round((calls * streamedPct) / 100);
  // The streamed ones first: half of them come to the shard that will be struck.
  for (const [flow, count] of [
    ["chaos-streamed", streamed] as const,
    ["chaos", calls - streamed] as const,
  ]) {
    if (count === 0) continue;
    const overMs = (count * 1000) / callsPerSecond;
    await engine.startCalls({ flow, count, overMs, isRecorded });
  }
  await load.settled(calls);
}

async function strike(
  plan: FaultPlan,
  engine: ChaosEngine,
  load: LoadProcess,
  isRecorded: boolean,
): Promise<FaultRun> {
  await Promise.all([engine.ask("resetShards", undefined), load.listen()]);
  await sleep(listenMs);
  const before = await load.heard();
  const othersBefore = await engine.ask("othersFrameInP99Ms", undefined);
  const endangered = await engine.ask("endangered", undefined);
  await engine.takeEnded();
  load.closed.length = 0;
  await Promise.all([
    engine.ask("resetShards", undefined),
    engine.resetLatency(),
    load.begin(),
    load.listen(isRecorded ? [endangered[0] ?? "", endangered.at(-1) ?? ""] : []),
  ]);
  if (isRecorded) await sleep(recordedAheadMs);
  const struck = await engine.ask("strike", plan.name);
  const cut = plan.name === "socket-cut" ? await load.cut(cutNth) : [];
  await sleep(plan.seconds * 1000);
  const [after, generator, latency, othersAfter] = await Promise.all([
    load.heard(),
    load.report(),
    engine.latency(),
    engine.ask("othersFrameInP99Ms", undefined),
  ]);
  const ended = (await engine.takeEnded()).map(({ callId }) => callId);
  return {
    strike: { ...struck, hit: [...struck.hit, ...cut] },
    before,
    after,
    gone: new Set([...ended, ...load.closed.map(({ callId }) => callId)]),
    framesOver300Ms: latency.framesOver300Ms,
    othersFrameInP99Ms: { before: othersBefore, after: othersAfter },
    generator,
    log: engine.log,
  };
}
