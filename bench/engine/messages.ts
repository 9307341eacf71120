/** What the process of the engine under test is asked, and what it tells on its own. */
import type { ConfigOverrides } from "../../config/default-config.js";
import type { CallView, LatencyReport } from "../../engine/engine-node.js";
import type { Churn, ChurnOutcomes } from "./call-churn.js";

export type StartCalls = {
  readonly flow: string;
  readonly count: number;
  /** Spread over so long. */
  readonly overMs: number;
  readonly isRecorded: boolean;
  /** Whom to dial; left out, the number of the call. */
  readonly to?: string;
};

export type StartEngine = {
  readonly config: ConfigOverrides;
  /** False: calls are taken whatever is measured, since it is the bench that asks for so many. */
  readonly isGated: boolean;
  /** Kept afterwards; left out, a new one that is removed. */
  readonly dataDir?: string;
};

/** A call that was not taken. */
export type Refusal = {
  readonly code: string;
  readonly why: string;
  readonly retryAfterSeconds?: number;
};

export type StartedCalls = {
  readonly callIds: readonly string[];
  readonly refusals: readonly Refusal[];
};

export type EngineAsks = {
  /** Starts the engine; the configuration says all but where it keeps its data. */
  readonly start: {
    readonly ask: StartEngine;
    readonly answer: { readonly startMs: number; readonly notes: readonly string[] };
  };
  /** Waits for all that is rendered behind the start. */
  readonly promptsReady: { readonly ask: undefined; readonly answer: undefined };
  /** Starts calls over the public API; the trunk tells whom to dial by events. */
  readonly startCalls: { readonly ask: StartCalls; readonly answer: StartedCalls };
  /** Short calls to their own end, so many in a row; see `call-churn.ts`. */
  readonly churn: { readonly ask: Churn; readonly answer: ChurnOutcomes };
  readonly latency: { readonly ask: undefined; readonly answer: LatencyReport };
  readonly resetLatency: { readonly ask: undefined; readonly answer: undefined };
  /** Calls that ended so far, and forgets them. */
  readonly takeEnded: { readonly ask: undefined; readonly answer: readonly CallView[] };
  /** Hangs up every live call; resolves when all have ended. */
  readonly hangUpAll: { readonly ask: undefined; readonly answer: undefined };
};

export type EngineEvent =
  | {
      readonly kind: "dial";
      readonly callId: string;
      readonly token: string;
      readonly url: string;
      readonly to: string;
    }
  | { readonly kind: "log"; readonly level: "warn" | "error"; readonly text: string };
