/**
 * One fault under live calls, and what the callers heard of it. Before it strikes they are listened
 * to for a while, so that there is something to compare.
 */
import type { HeardCall, LoadReport } from "../load/messages.js";
import { sleep } from "../support/cpu-windows.js";
import type { ChaosEngine } from "./chaos-engine.js";
import type { FaultPlan } from "./chaos-plan.js";
import type { Strike } from "./messages.js";

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

const listenMs = 3000;
/** What a recorded call has of the time before. */
const recordedAheadMs = 2000;
/** Every so many calls are cut off. */
const cutNth = 2;

/** @param isRecorded every frame is kept of two calls in danger, one of them streamed */
export async function runFault(
  plan: FaultPlan,
  chaos: ChaosEngine,
  isRecorded: boolean,
): Promise<FaultRun> {
  const { engine, load } = chaos;
  await chaos.startCalls(plan);
  const endangered = await engine.ask("aim", plan.name);
  await Promise.all([engine.ask("resetShards", undefined), load.listen()]);
  await sleep(listenMs);
  // Of all faults so far: each hears only a part of the order of the prompts.
  chaos.heardBefore.push(...(await load.heard()));
  const othersBefore = await engine.ask("othersFrameInP99Ms", undefined);
  await engine.takeEnded();
  load.closed.length = 0;
  const logged = engine.log.length;
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
  const gone = new Set([...ended, ...load.closed.map(({ callId }) => callId)]);
  const reasons = new Set(load.closed.map(({ reason }) => reason));
  await chaos.hangUp();
  return {
    strike: { ...struck, hit: [...struck.hit, ...cut] },
    before: [...chaos.heardBefore],
    after,
    gone,
    framesOver300Ms: latency.framesOver300Ms,
    othersFrameInP99Ms: { before: othersBefore, after: othersAfter },
    generator,
    log: [...engine.log.slice(logged), ...[...reasons].map((why) => `calls closed: ${why}`)],
  };
}
