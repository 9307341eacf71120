/**
 * An engine that can be made to fail, with its callers. Faults strike it one after the other: each
 * time all calls are new, and begin only when everything that failed before runs again.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import type { ConfigOverrides } from "../../config/default-config.js";
import { EngineProcess } from "../engine/engine-process.js";
import { LoadProcess } from "../load/load-process.js";
import type { HeardCall, LoadSetup } from "../load/messages.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { sleep } from "../support/cpu-windows.js";
import type { EngineSetup, FaultPlan } from "./chaos-plan.js";
import type { ChaosAsks } from "./messages.js";

const callsPerSecond = 150;
/** Each caller has heard so many prompts before anything is measured. */
const warmPrompts = 2;
const warmUpMsMax = 15_000;

export class ChaosEngine {
  readonly load = new LoadProcess();
  /** What callers heard when nothing was wrong. */
  readonly heardBefore: HeardCall[] = [];
  readonly engine: EngineProcess<ChaosAsks>;
  #callers: LoadSetup | undefined;

  private constructor() {
    this.engine = new EngineProcess<ChaosAsks>(this.load, "bench/chaos/chaos-main.js");
  }

  static async start(setup: EngineSetup, callsMax: number): Promise<ChaosEngine> {
    const chaos = new ChaosEngine();
    try {
      const speech = setup.isSpoken ? await speechClips() : [];
      chaos.#callers = { line: "native", caller: "stream", clips: [silenceClip(), ...speech] };
      await chaos.engine.start(configOf(setup, callsMax));
      return chaos;
    } catch (error) {
      await chaos.stop();
      throw error;
    }
  }

  /** Everything runs; then new calls, until each of them has heard a prompt or two. */
  async startCalls(plan: FaultPlan): Promise<void> {
    const { calls, streamedPct, isRecorded } = plan;
    await this.engine.ask("settled", undefined);
    await this.load.prepare(this.#callers!);
    const streamed = Math.round((calls * streamedPct) / 100);
    // The streamed ones first: half of them come to the shard that will be struck.
    for (const [flow, count] of [
      ["chaos-streamed", streamed] as const,
      ["chaos", calls - streamed] as const,
    ]) {
      if (count === 0) continue;
      const overMs = (count * 1000) / callsPerSecond;
      await this.engine.startCalls({ flow, count, overMs, isRecorded });
    }
    await this.load.settled(calls);
    await this.#warmUp(calls);
  }

  async hangUp(): Promise<void> {
    await this.load.hangUp();
    await this.engine.hangUpAll();
  }

  async stop(): Promise<void> {
    await this.load.stop();
    await this.engine.stop();
  }

  async #warmUp(calls: number): Promise<void> {
    await this.load.listen();
    const isWarm = ({ prompts }: HeardCall): boolean => prompts.length >= warmPrompts;
    for (let waitedMs = 0; waitedMs < warmUpMsMax; waitedMs += 250) {
      const heard = await this.load.heard();
      if (heard.filter(isWarm).length >= calls) return;
      await sleep(250);
    }
  }
}

function configOf({ isSpoken, heapMbMax }: EngineSetup, callsMax: number): ConfigOverrides {
  const flow = (name: string): string => fileURLToPath(new URL(name, packageRoot));
  return {
    gateway: { port: 0, connectionsMax: 2 * callsMax + 100 },
    calls: { callsMax },
    threads: { shardCount: 2, ...(heapMbMax === undefined ? {} : { shardHeapMbMax: heapMbMax }) },
    recognition: { isEnabled: isSpoken },
    flows: [flow("bench/chaos/chaos.yaml"), flow("bench/chaos/chaos-streamed.yaml")],
  };
}
