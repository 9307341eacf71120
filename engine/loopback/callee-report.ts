/**
 * What a callee says about a call afterwards: what it heard and did, and what it measured at its
 * own end of the line. All instants are milliseconds since its answer, by its own clock. Holds
 * personal data.
 */
import type { CalleeProtocol } from "./callee-script.js";

/** One prompt of the agent as it was heard. */
export type HeardPrompt = {
  readonly fromMs: number;
  readonly toMs: number;
  /** The known prompt that was recognised; null without a recogniser, or when none fits. */
  readonly text: string | null;
  /** Listened to, and none of the known prompts. */
  readonly isRejected: boolean;
  /** It was the prompt the script waited for; null when that cannot be told. */
  readonly isExpected: boolean | null;
  /** It broke off: the engine dropped the rest. */
  readonly isCut: boolean;
  /** Why there is no text although a recogniser is at hand. */
  readonly note?: string;
};

/** One thing the callee did. For keys, `endMs` is the last one's. */
export type CalleeDeed = {
  /** Index in the script's turns. */
  readonly turn: number;
  readonly kind: "say" | "press" | "hangup";
  /** What was said or pressed; "" for a hang-up. */
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
};

/** From the end of what the callee did to the agent's answer, as heard. */
export type HeardTurn = {
  readonly turn: number;
  readonly kind: "say" | "press";
  /** End of the last spoken sample, or the last key. */
  readonly doneMs: number;
  /** When the first audible frame of the answer sounded. */
  readonly audibleMs: number;
  /** `audibleMs - doneMs`. */
  readonly latencyMs: number;
  /** The same to the arrival of that frame, before the callee's own playout buffer. */
  readonly arrivalLatencyMs: number;
};

/** The callee spoke over the agent. */
export type Interruption = {
  readonly turn: number;
  /** First sample of the callee's speech. */
  readonly onsetMs: number;
  /** The engine dropped the rest of its prompt; false: it went on talking. */
  readonly isCleared: boolean;
  /** From the onset to the engine's clear; null when none came. */
  readonly clearAfterMs: number | null;
  /** From the onset to the end of the last frame that was played. */
  readonly silentAfterMs: number | null;
  /** From the onset to the end of the last frame that was audible: at most the one above. */
  readonly inaudibleAfterMs: number | null;
};

/** A distribution of durations. Zeros when there are none. */
export type Spread = {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

export type CalleeReport = {
  readonly callId: string;
  readonly script: string;
  readonly protocol: CalleeProtocol;
  /** False: prompts were not recognised, the callee acted on their ends alone. */
  readonly isRecognizing: boolean;
  /** Why there is no recogniser. */
  readonly recognitionNote?: string;
  readonly expectOutcome: string;
  readonly heard: readonly HeardPrompt[];
  readonly did: readonly CalleeDeed[];
  readonly turns: readonly HeardTurn[];
  readonly interruptions: readonly Interruption[];
  readonly received: {
    readonly frames: number;
    /** First frame after the answer; null when none came. */
    readonly firstFrameMs: number | null;
    /** Intervals between frames that arrived within one prompt. */
    readonly intervals: Spread;
    /** Pauses in playout within one prompt, because a frame came too late. */
    readonly lateGaps: number;
  };
  readonly sent: {
    readonly frames: number;
    /** How late our own frames were sent: what the machine adds, not the engine. */
    readonly lateness: Spread;
    /** Frames never sent, because we were too late for them. */
    readonly skipped: number;
  };
  readonly durationMs: number;
  readonly endedBy: "agent" | "callee" | "trunk" | "network";
  readonly cause: string;
  /** WAV at the call's rate: left the callee, right the agent as heard. */
  readonly recordingFile?: string;
};

/** The distribution of some durations. */
export function spreadOf(durationsMs: readonly number[]): Spread {
  if (durationsMs.length === 0) return { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
  const sorted = Float64Array.from(durationsMs).sort();
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1]!;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1)! };
}
