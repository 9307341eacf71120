/** The engine under test, seen from the bench. */
import type { ConfigOverrides } from "../../config/default-config.js";
import type { CallView, LatencyReport } from "../../engine/engine-node.js";
import type { LoadProcess } from "../load/load-process.js";
import { Child, type Asks } from "../support/child.js";
import type { Churn, ChurnOutcomes } from "./call-churn.js";
import type { EngineAsks, EngineEvent, StartCalls, StartedCalls } from "./messages.js";

/** Log lines kept: the first ones tell what went wrong. */
const logKept = 400;

/** `More`: what an engine of a bench's own is asked besides. */
export class EngineProcess<More extends Asks = Record<never, never>> {
  /** Warnings and errors of its log. */
  readonly log: string[] = [];
  readonly #child: Child<EngineAsks & More, EngineEvent>;

  /**
   * @param load whom its trunk dials; nobody, where no call is started
   * @param entry compiled module of the process
   */
  constructor(load?: Pick<LoadProcess, "dial">, entry = "bench/engine/engine-main.js") {
    this.#child = new Child(entry, (event) => {
      if (event.kind === "dial") void load?.dial(event).catch(() => undefined);
      else if (this.log.length < logKept) this.log.push(`${event.level}: ${event.text}`);
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  ask<Name extends keyof (EngineAsks & More) & string>(
    name: Name,
    argument: (EngineAsks & More)[Name]["ask"],
  ): Promise<(EngineAsks & More)[Name]["answer"]> {
    return this.#child.ask(name, argument);
  }

  /** @param isGated whether the engine itself may refuse calls by what it measures */
  async start(config: ConfigOverrides, isGated = false): Promise<EngineAsks["start"]["answer"]> {
    const started = await this.#child.ask("start", { config, isGated });
    await this.promptsReady();
    return started;
  }

  /** The same in a data folder that stays, without a wait for what is rendered behind it. */
  startIn(dataDir: string, config: ConfigOverrides): Promise<EngineAsks["start"]["answer"]> {
    return this.#child.ask("start", { config, isGated: false, dataDir });
  }

  async promptsReady(): Promise<void> {
    await this.#child.ask("promptsReady", undefined);
  }

  startCalls(calls: StartCalls): Promise<StartedCalls> {
    return this.#child.ask("startCalls", calls);
  }

  churn(plan: Churn): Promise<ChurnOutcomes> {
    return this.#child.ask("churn", plan);
  }

  latency(): Promise<LatencyReport> {
    return this.#child.ask("latency", undefined);
  }

  async resetLatency(): Promise<void> {
    await this.#child.ask("resetLatency", undefined);
  }

  takeEnded(): Promise<readonly CallView[]> {
    return this.#child.ask("takeEnded", undefined);
  }

  async hangUpAll(): Promise<void> {
    await this.#child.ask("hangUpAll", undefined);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
