/**
 * Which calls of a lost process may go on in this one: their clients can come back, and are still
 * trying to; their memory reads, and belongs to a flow that is the same today.
 */
import { toErrorData } from "../../base/errors.js";
import type { Clock } from "../../base/ports.js";
import type { CallView } from "../engine-node.js";
import { translateMemory } from "./kept-memory.js";
import type { RestoredCall } from "./ledger.js";
import type { LossLog, LostCall } from "./process-loss.js";

/** How far the last sign of life of a process may lie before its end. */
const aliveSlackMs = 1000;

/** A call that was there at more ends of a process is not taken up again: no crash loop. */
const processLossesMax = 2;

export type OutlivedCall = {
  readonly restored: RestoredCall;
  readonly view: CallView;
  /** How long its client may still come (ms). */
  readonly withinMs: number;
};

export type OutlivedOptions = {
  readonly clock: Clock;
  /** How long a client that lost its connection tries to come back. */
  readonly graceMs: number;
  /** Content version of a loaded flow. */
  readonly versionOf: (flowId: string) => string | undefined;
  readonly log: LossLog;
};

/** @returns undefined when the call ended with its process */
export function outlivedCall(lost: LostCall, options: OutlivedOptions): OutlivedCall | undefined {
  const { clock, graceMs, versionOf, log } = options;
  const { callId, call, lastEpochMs } = lost;
  if (call?.memory === undefined || call.generation === undefined || graceMs === 0)
    return undefined;
  const leftMs = lastEpochMs + graceMs + aliveSlackMs - clock.epochMs();
  // Also where the wall clock was put back.
  const withinMs = Math.min(leftMs, graceMs + aliveSlackMs);
  // It may be what kills them.
  const processLosses = (call.processLosses ?? 0) + 1;
  if (withinMs <= 0 || processLosses > processLossesMax) return undefined;
  const { spec, view, losses, generation } = call;
  try {
    const shiftMs = call.clockOffsetMs - (clock.epochMs() - clock.nowMs());
    const { memory, flowVersion, flowId } = translateMemory(callId, call.memory, shiftMs);
    const version = versionOf(flowId ?? spec.flowId);
    // It began in one flow, and may have changed to another by language: both must be there.
    const isThere = versionOf(spec.flowId) !== undefined && version !== undefined;
    if (!isThere || (flowVersion ?? version) !== version) {
      log("warn", "a lost call cannot go on: its flow has changed", { callId });
      return undefined;
    }
    return { restored: { spec, memory, losses, processLosses, generation }, view, withinMs };
  } catch (error) {
    const { code, message: why } = toErrorData(error);
    log("error", "the memory of a lost call does not read", { callId, code, why });
    return undefined;
  }
}
