/**
 * Calls that no shard may have any more: the gateway says a last sentence by itself and hangs up,
 * the recording is closed behind what is stored, and the call ends as `failed`.
 */
import { toErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type { CallSpec } from "../../actors/call/cast-ports.js";
import type { JobPool } from "../jobs/job-pool.js";
import { offlinePromptId } from "./flow-prompts.js";
import type { Ground } from "./start-up.js";

/** A prompt, and the time a gateway needs to notice that a client is gone. */
const farewellMsMax = 30_000;

export type FarewellOptions = {
  readonly time: Time;
  readonly jobs: JobPool;
  /** Has the gateway play the prompt of this flow to the call, and hang up. */
  readonly say: (callId: string, flowId: string) => void;
  /** The call is over. */
  readonly ended: (callId: string, recordedMs: number) => void;
  readonly log: (level: "error", message: string, fields: object) => void;
};

export class Farewells {
  readonly #options: FarewellOptions;
  readonly #under = new Map<string, { readonly spec: CallSpec; readonly timer: Timer }>();

  constructor(options: FarewellOptions) {
    this.#options = options;
  }

  begin(spec: CallSpec): void {
    const { callId, flowId } = spec;
    if (this.#under.has(callId)) return;
    const timer = this.#options.time.after(farewellMsMax, () => this.mediaClosed(callId));
    this.#under.set(callId, { spec, timer });
    this.#options.say(callId, flowId);
  }

  /** Its stream is closed, or there is none. Of other calls: nothing. */
  mediaClosed(callId: string): void {
    const under = this.#under.get(callId);
    if (under === undefined) return;
    under.timer.cancel();
    this.#under.delete(callId);
    void this.#end(under.spec);
  }

  /** The gateway is lost, and with it every stream. */
  gatewayLost(): void {
    for (const callId of [...this.#under.keys()]) this.mediaClosed(callId);
  }

  async #end(spec: CallSpec): Promise<void> {
    const { jobs, ended, log } = this.#options;
    const { callId, userId, isRecorded } = spec;
    let recordedMs = 0;
    try {
      const closed = isRecorded && (await jobs.run({ kind: "closeRecording", callId, userId }));
      if (closed !== false && closed.kind === "closeRecording") recordedMs = closed.recordedMs;
    } catch (error) {
      const { code, message: why } = toErrorData(error);
      log("error", "the recording of a failed call could not be closed", { callId, code, why });
    }
    ended(callId, recordedMs);
  }
}

/** Farewells by the gateway of a node. */
export function farewellsOf(
  { jobs, flows, threads }: Pick<Ground, "jobs" | "flows" | "threads">,
  parts: Pick<FarewellOptions, "time" | "ended" | "log">,
): Farewells {
  return new Farewells({
    ...parts,
    jobs,
    say: (callId, flowId) => {
      const promptId = offlinePromptId(flows.get(flowId)!.flow);
      threads.tellGateway({ kind: "farewell", callId, promptId });
    },
  });
}
