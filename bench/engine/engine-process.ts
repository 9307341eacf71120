/** The engine under test, seen from the bench. */
import type { ConfigOverrides } from "../../config/default-config.js";
import type { CallView, LatencyReport } from "../../engine/engine-node.js";
import type { LoadProcess } from "../load/load-process.js";
import { Child } from "../support/child.js";
import type { EngineAsks, EngineEvent, StartCalls, StartedCalls } from "./messages.js";

/** Log lines kept: the first ones tell what went wrong. */
const logKept = 20;

export class EngineProcess {
  /** Warnings and errors of its log. */
  readonly log: string[] = [];
  readonly #child: Child<EngineAsks, EngineEvent>;

  /** @param load whom its trunk dials */
  constructor(load: LoadProcess) {
    this.#child = new Child("bench/engine/engine-main.js", (event) => {
      if (event.kind === "dial") void load.dial(event).catch(() => undefined);
      else if (this.log.length < logKept) this.log.push(`${event.level}: ${event.text}`);
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  start(config: ConfigOverrides): Promise<EngineAsks["start"]["answer"]> {
    return this.#child.ask("start", config);
  }

  startCalls(calls: StartCalls): Promise<StartedCalls> {
    return this.#child.ask("startCalls", calls);
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
