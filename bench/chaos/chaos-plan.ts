/** What each fault needs: which engine, which calls, and for how long it is listened to. Pure. */
import type { FaultName } from "./messages.js";

/** An engine; faults that need the same one share it, one after the other. */
export type EngineSetup = {
  /** Callers speak, and are recognised. */
  readonly isSpoken: boolean;
  readonly heapMbMax?: number;
};

export type FaultPlan = {
  readonly name: FaultName;
  readonly setup: EngineSetup;
  readonly calls: number;
  /** Of 100 calls, how many hear streamed speech; the others hear prompts. */
  readonly streamedPct: number;
  readonly isRecorded: boolean;
  /** Of listening after the fault. */
  readonly seconds: number;
};

export type PlanOptions = {
  readonly calls: number;
  readonly seconds: number;
  /** Whether anybody can recognise speech here. */
  readonly canRecognise: boolean;
};

/** Calls whose every prompt is synthesized, or whose every word is recognised, cost much more. */
const costlyCallsMax = 20;
/** Small, so that it is full soon. */
const heapMbMax = 128;

export function planOf(name: FaultName, options: PlanOptions): FaultPlan {
  const { calls, seconds, canRecognise } = options;
  const few = Math.min(calls, costlyCallsMax);
  const silent: EngineSetup = { isSpoken: false };
  const plan = { name, setup: silent, calls, streamedPct: 5, isRecorded: false, seconds };
  const spoken: EngineSetup = { isSpoken: canRecognise, heapMbMax };
  switch (name) {
    case "shard-heap":
      return { ...plan, setup: { ...silent, heapMbMax } };
    case "poisonous-call":
      // Several shards are lost one after the other; what it is told at its end takes some seconds.
      return { ...plan, seconds: seconds + 14 };
    case "recognition-killed":
      return { ...plan, setup: spoken, calls: few };
    case "tts-hanging":
      return { ...plan, setup: spoken, calls: few, streamedPct: 100, seconds: seconds + 4 };
    case "store-slow":
    case "store-locked":
      return { ...plan, setup: spoken, calls: few, isRecorded: true };
    default:
      return plan;
  }
}

/** Plans that share an engine, in the order in which they came. */
export function bySetup(plans: readonly FaultPlan[]): FaultPlan[][] {
  const groups = new Map<string, FaultPlan[]>();
  for (const plan of plans) {
    const key = JSON.stringify(plan.setup);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  return [...groups.values()];
}
