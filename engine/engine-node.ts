/** What one engine offers to whoever embeds it: the CLI, the HTTP server, an integrator's code. */
import type { Voiceprints } from "./node/voiceprint-desk.js";
import type { AnswerKind } from "../speech/analyzers/answer-analyzer.js";
import type { Side, TurnLatency } from "../actors/call/call-events.js";
import type { MediaFigures } from "../access/protocols/media-figures.js";
import type { AnsweredBy } from "../access/trunks/trunk.js";
import type { WebhookReply, WebhookRequest } from "../access/trunks/webhook.js";
import type { HistogramSummary } from "../base/histogram.js";
import type { HearingWish } from "../speech/hearing/call-hearing.js";
import type { PromptStoreStats } from "../speech/prompts/prompt-store.js";
import type { VoiceFigures } from "../speech/tts/network/voice-counters.js";
import type { Label } from "../speech/analyzers/analyzer.js";
import type { AnalyzerFigures } from "../speech/analyzers/analyzer-counters.js";
import type { VendorCounters } from "../speech/asr/network/recognition-counters.js";
import type { MailboxReport } from "./control/messages.js";

export type CallRequest = {
  /** Whose recordings and records these are. Required; personal data. */
  readonly userId: string;
  /** Id of a loaded flow. */
  readonly flow: string;
  /** Name of a configured trunk. */
  readonly trunk: string;
  /** Who to dial, in the trunk's addressing; with `loopback` the name of a callee script. */
  readonly to: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Default true. */
  readonly isRecorded?: boolean;
  /** The callee's language tag: the flow, or the one that it names for this language, speaks. */
  readonly language?: string;
  /** How this callee is heard; what it does not say, the flow and the configuration do. */
  readonly hearing?: HearingWish;
};

/** Texts that calls have begun to say: the hit ratio is `prompts` of both. */
export type PromptPlays = {
  /** Played from the prompt cache. */
  readonly prompts: number;
  /** Made in the call: a contact's data in it, a mark, or not in the codec of the call yet. */
  readonly streamed: number;
};

export type TranscriptLine = {
  readonly side: Side;
  readonly text: string;
  /** Since the answer. */
  readonly atMs: number;
  /** Callee: heard, but outside of what the flow expected. */
  readonly isRejected?: boolean;
};

/**
 * `dialing` until the media stream is open, `live` until its end; `resuming` while its connection
 * is lost and its client may come back, also to another process.
 */
export type CallStatus = "dialing" | "live" | "resuming" | "ended";

/** `atMs` counts from the answer. */
export type CallLabel = Label & { readonly analyzer: string; readonly atMs: number };

/** A call as it stands. Holds personal data. */
export type CallView = {
  readonly callId: string;
  readonly userId: string;
  readonly flow: string;
  readonly trunk: string;
  readonly to: string;
  readonly status: CallStatus;
  /** Once ended: the flow's own outcome, or the trunk's (`busy`, `no_answer` …), or `failed`. */
  readonly outcome?: string;
  /** The network's word for it, where the trunk gave one. */
  readonly cause?: string;
  /** Who answered: by the network's own detection, where it was asked to, or by ours. */
  readonly answeredBy?: { readonly who: AnsweredBy | AnswerKind; readonly cause: string };
  /** What analyzers said of the callee and the line, whenever it changed. */
  /** Marks of our texts that were heard: so far into their utterance, so long after the answer. */
  readonly marks?: readonly {
    readonly name: string;
    readonly heardMs: number;
    readonly atMs: number;
  }[];
  readonly labels?: readonly CallLabel[];
  readonly state?: string;
  /** What is spoken now, where it is not what the call began with. */
  readonly language?: string;
  readonly protocol?: string;
  /** What is known of its media stream's line. */
  readonly media?: MediaFigures;
  readonly format?: string;
  readonly startedEpochMs: number;
  readonly answeredEpochMs?: number;
  readonly endedEpochMs?: number;
  readonly recordedMs: number;
  readonly transcript: readonly TranscriptLine[];
  readonly keys: readonly { readonly digit: string; readonly atMs: number }[];
  readonly turns: readonly (TurnLatency & { readonly atMs: number })[];
  readonly interruptions: readonly { readonly atMs: number; readonly reactionMs: number }[];
};

/** Told at every change of a call. */
export type CallListener = (view: CallView) => void;

export type LatencyReport = {
  readonly frame: HistogramSummary;
  readonly frameIn: HistogramSummary;
  readonly frameOut: HistogramSummary;
  readonly turn: HistogramSummary;
  readonly turnEngine: HistogramSummary;
  /** How the two are distributed: points of percentile and ms, both ascending. */
  readonly frameInCurve: readonly (readonly [percentile: number, ms: number])[];
  readonly frameOutCurve: readonly (readonly [percentile: number, ms: number])[];
  /** Frames for which in and out together took over 300 ms. */
  readonly framesOver300Ms: number;
};

export type HealthReport = {
  /** Takes new calls now. */
  readonly isReady: boolean;
  /** A thread was lost so often that it is not started again: only a new process helps. */
  readonly isFailed: boolean;
  /** Why not, and what is missing though it runs (e.g. no speech recogniser). */
  readonly notes: readonly string[];
  readonly liveCalls: number;
  readonly callsMax: number;
};

/** One shard's mailboxes, summed over its actors, by lane; counts are since its thread began. */
export type ShardMailboxes = { readonly shard: number } & (
  | ({ readonly isAnswering: true } & MailboxReport)
  /** It is blocked, or just being replaced. */
  | { readonly isAnswering: false }
);

export interface EngineNode {
  /**
   * Starts every thread and process, renders the prompts of all flows.
   *
   * @param progress told what is going on, for a person who waits
   * @throws {EngineError} with the code of whatever could not start
   */
  start(progress?: (text: string) => void): Promise<{ readonly mediaUrl: string }>;
  /**
   * Dials. Resolves as soon as the attempt is under way.
   *
   * @throws {EngineError} `ADMISSION_REFUSED` (detail.retryAfterSeconds), `UNKNOWN_FLOW`,
   *   `UNKNOWN_TRUNK`, `FLOW_VARIABLES`, `USER_ID`
   */
  startCall(request: CallRequest, listener?: CallListener): Promise<CallView>;
  /** A call of this engine, live or on record. */
  getCall(callId: string): Promise<CallView | undefined>;
  /**
   * Resolves with the call when it has ended, or at once if it has.
   *
   * @throws {EngineError} `UNKNOWN_CALL`
   */
  callEnded(callId: string): Promise<CallView>;
  /** Hangs up; resolves when the call has ended. @throws {EngineError} `UNKNOWN_CALL` */
  hangup(callId: string): Promise<CallView>;
  /**
   * Hands the callee of a call to somebody else and ends the call, as `transferred`; resolves when
   * they have answered.
   *
   * @param to in the trunk's addressing
   * @throws {EngineError} `UNKNOWN_CALL`, `TRUNK_UNSUPPORTED`; `TRUNK_TRANSFER`: it did not come
   *   about, and the call goes on
   */
  transfer(callId: string, to: string): Promise<void>;
  /**
   * Presses keys towards the callee: 0-9 * # A-D, at most 64.
   *
   * @throws {EngineError} `UNKNOWN_CALL`, `TRUNK_UNSUPPORTED`, `TRUNK_REQUEST`
   */
  sendKeys(callId: string, digits: string): Promise<void>;
  /** Takes a request that a carrier sends about a trunk: what is not the carrier's is refused. */
  webhook(trunk: string, request: WebhookRequest): Promise<WebhookReply>;
  /** The recording of a call as a WAV file: left the callee, right the agent. */
  readRecording(callId: string): Promise<Uint8Array | undefined>;
  health(): HealthReport;
  latency(): LatencyReport;
  /** Depth, bytes, age of the oldest and losses by lane, and dead letters, of every shard. */
  mailboxes(): Promise<readonly ShardMailboxes[]>;
  /** What came of each recogniser on the network: finals, failures by code, takeovers. */
  recognition(): Readonly<Record<string, VendorCounters>>;
  /** People by their voices: enrolled by recorded calls, verified, forgotten. */
  readonly voiceprints: Voiceprints;
  /** How the prompt cache does: what was there, in which layer, what had to be rendered. */
  prompts(): (PromptStoreStats & { readonly said: PromptPlays }) | undefined;
  /** What came of each analyzer that some flow asks for: labels, drops, failures by code. */
  analyzers(): AnalyzerFigures;
  /** What came of each voice: texts spoken, failures by code, takeovers; texts nobody spoke. */
  voices(): VoiceFigures;
  /** Resolves when the prompts of all flows are rendered, or cannot be. */
  promptsReady(): Promise<void>;
  /** Begins the figures anew: a bench leaves its warm-up out. */
  resetLatency(): void;
  /** Pids of the processes that work for this one: their CPU is the engine's, too. */
  processIds(): readonly number[];
  /** Ids and versions of the flows that calls may use. */
  flows(): readonly { readonly id: string; readonly version: string; readonly language: string }[];
  /**
   * Takes nothing new, waits for the calls up to `drainMs`, ends the rest politely, then stops
   * every thread and process. Twice is harmless.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}
