/** Voiceprints of people, as the outside asks for them: the work is done in a job thread. */
import { EngineError } from "../../base/errors.js";
import type { VoiceVerdict } from "../../speech/voiceprint/voiceprint.js";
import type { CallView } from "../engine-node.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { JobResult } from "../jobs/jobs.js";

export interface Voiceprints {
  /**
   * Makes, or replaces, a person's voiceprint of their recorded calls.
   *
   * @returns of how much voice it was made
   * @throws {EngineError} `UNKNOWN_CALL`, `VOICEPRINT_USER`: a call is somebody else's,
   *   `VOICEPRINT_SHORT`, `VOICEPRINT_UNAVAILABLE` …
   */
  enrol(userId: string, callIds: readonly string[]): Promise<{ readonly voicedMs: number }>;
  /**
   * Whether the callee of a recorded call is the person it was made to.
   *
   * @throws {EngineError} `UNKNOWN_CALL`, `VOICEPRINT_UNKNOWN`, `VOICEPRINT_SHORT` …
   */
  verify(callId: string): Promise<VoiceVerdict>;
  /** Erases it. @returns whether there was one */
  forget(userId: string): Promise<boolean>;
}

export function voiceprintDesk(parts: {
  readonly jobs: () => JobPool | undefined;
  readonly getCall: (callId: string) => Promise<CallView | undefined>;
}): Voiceprints {
  const recorded = async (callId: string): Promise<CallView> => {
    const view = await parts.getCall(callId);
    if (view !== undefined && view.recordedMs > 0) return view;
    const message = `there is no call ${callId} that is over and was recorded`;
    throw new EngineError("UNKNOWN_CALL", message, { callId });
  };
  const run = async (job: Parameters<JobPool["run"]>[0]): Promise<JobResult> => {
    const pool = parts.jobs();
    if (pool === undefined) throw new EngineError("NOT_STARTED", "the engine has not started");
    return pool.run(job);
  };
  return {
    async enrol(userId, callIds) {
      for (const callId of callIds) {
        if ((await recorded(callId)).userId === userId) continue;
        const message = `call ${callId} was made to somebody else`;
        throw new EngineError("VOICEPRINT_USER", message, { callId });
      }
      const result = await run({ kind: "enrolVoice", userId, callIds });
      return { voicedMs: result.kind === "enrolVoice" ? result.voicedMs : 0 };
    },
    async verify(callId) {
      const { userId } = await recorded(callId);
      const result = await run({ kind: "verifyVoice", userId, source: { callIds: [callId] } });
      if (result.kind === "verifyVoice") return result.verdict;
      throw new EngineError("UNEXPECTED", `a job answered as ${result.kind}`);
    },
    async forget(userId) {
      const result = await run({ kind: "forgetVoice", userId });
      return result.kind === "forgetVoice" && result.isGone;
    },
  };
}
