/**
 * What the threads tell one another over `MessagePort`s. Audio does not go this way: it has its
 * rings. Everything here is structured-cloned, so errors travel as `ErrorData`.
 */
import type { MessagePort } from "node:worker_threads";
import type { MediaFigures } from "../../access/protocols/media-figures.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { CallSpec, LegAdoption } from "../../actors/call/cast-ports.js";
import type { PlaybackNotice } from "../../actors/call/messages.js";
import type { DeadLetterReason, SystemMetrics } from "../../actors/kernel/index.js";
import type { ErrorData } from "../../base/errors.js";
import type { HistogramHandle } from "../../base/histogram.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { AnalyzerFigures } from "../../speech/analyzers/analyzer-counters.js";
import type { VendorCounters } from "../../speech/asr/network/recognition-counters.js";
import type { VoiceFigures } from "../../speech/tts/network/voice-counters.js";
import type { Job, JobResult } from "../jobs/jobs.js";

/** How a thread reaches another directly: control on the port, audio on the rings. */
export type ShardLinkData = {
  readonly shardIndex: number;
  readonly incarnation: number;
  readonly port: MessagePort;
  /** Gateway → shard. */
  readonly inbound: SharedArrayBuffer;
  /** Shard → gateway. */
  readonly outbound: SharedArrayBuffer;
  /** One word: up to which number the gateway has taken the shard's commands. */
  readonly taken: SharedArrayBuffer;
};

/** A rendered prompt in one format, shared with every thread. */
export type PromptData = {
  readonly promptId: string;
  readonly formatKey: string;
  readonly audio: Uint8Array;
};

export type GatewayCommand =
  | { readonly kind: "attachShard"; readonly link: ShardLinkData }
  /** Let the media stream of this call in, once, with this token. */
  | {
      readonly kind: "expectCall";
      readonly callId: string;
      readonly token: string;
      readonly shardIndex: number;
      readonly expiresInMs: number;
    }
  /** Signs and checks the tokens with which lost media connections come back. Comes first. */
  | { readonly kind: "setResumeKey"; readonly key: Uint8Array }
  /** Let clients in, answered by `listening`. Comes behind all that those of before are told by. */
  | { readonly kind: "listen" }
  /**
   * A call that lives but whose leg this gateway never had: its own life or its process is new. Its
   * client may come back with a resume token, once. The shard is told `legOpened`, without an
   * adoption; when nobody comes in time the node is told `resumeExpired`, and what becomes of the
   * call is its business.
   */
  | {
      readonly kind: "expectResume";
      readonly callId: string;
      readonly shardIndex: number;
      /** From the newest `mediaOpened` or `mediaConfirmed` of the call; older ones are used up. */
      readonly generation: number;
      /** `formatKey` of its media: another format is refused. Absent: any is taken. */
      readonly format?: string;
      readonly expiresInMs: number;
    }
  | { readonly kind: "forgetCall"; readonly callId: string }
  /** A shard is lost: the legs of its calls, open or expected, belong to others now. */
  | {
      readonly kind: "moveCalls";
      readonly lostShardIndex: number;
      /** Which life of it: its ring may hold frames, and a new life may be attached already. */
      readonly lostIncarnation: number;
      /** Without a shard it waits for the next `moveCalls`, and what is heard is held. */
      readonly calls: readonly { readonly callId: string; readonly shardIndex?: number }[];
    }
  /**
   * Nobody may have this call any more: plays the prompt to its end and hangs up, without a shard.
   * Answered by `mediaClosed`, at once where there is no stream.
   */
  | { readonly kind: "farewell"; readonly callId: string; readonly promptId: string }
  /** The callee pressed a key, as its network tells beside the media stream. */
  | { readonly kind: "pressKey"; readonly callId: string; readonly digit: string }
  | { readonly kind: "addPrompt"; readonly prompt: PromptData }
  | { readonly kind: "drain" }
  | { readonly kind: "stop" };

export type GatewayCounters = {
  readonly connections: number;
  readonly legs: number;
  /** Of the legs, those without a connection at the moment. */
  readonly legsAway: number;
  /** Legs that got another connection, so far. */
  readonly resumed: number;
  readonly refusedUpgrades: number;
  readonly refusedStarts: number;
  readonly protocolErrors: number;
  readonly inboundDropped: number;
};

/** A line for the log. Nothing personal, but under a `pii` key. */
export type LogReport = {
  readonly kind: "log";
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

export type GatewayReport =
  | {
      readonly kind: "listening";
      readonly port: number;
      readonly frameOut: HistogramHandle;
    }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /**
   * `generation` of the oldest resume token that is still good, worth keeping on disk; absent where
   * its client cannot come back.
   */
  | { readonly kind: "mediaOpened"; readonly callId: string; readonly generation?: number }
  /** Its client has read a newer token: those below that generation are used up. */
  | { readonly kind: "mediaConfirmed"; readonly callId: string; readonly generation: number }
  /** Its connection is lost; its client may come back. */
  | { readonly kind: "mediaAway"; readonly callId: string }
  | { readonly kind: "mediaResumed"; readonly callId: string; readonly generation: number }
  /** Nobody came for an `expectResume`. */
  | { readonly kind: "resumeExpired"; readonly callId: string }
  /** What is known of its line; told when it changes, once a second, and when its peer ends it. */
  | { readonly kind: "mediaFigures"; readonly callId: string; readonly figures: MediaFigures }
  | { readonly kind: "mediaClosed"; readonly callId: string; readonly reason: string }
  | { readonly kind: "counters"; readonly counters: GatewayCounters }
  | LogReport
  | { readonly kind: "stopped" };

/** Shard → gateway. */
export type LegCommand =
  /** The shard knows the leg: its frames may come. */
  | { readonly kind: "legTaken"; readonly slot: number }
  | {
      readonly kind: "playPrompt";
      readonly slot: number;
      readonly utterance: number;
      readonly promptId: string;
    }
  /** Keeps the place of an utterance whose frames will come on the ring. */
  | { readonly kind: "openStream"; readonly slot: number; readonly utterance: number }
  | { readonly kind: "endStream"; readonly slot: number; readonly utterance: number }
  | { readonly kind: "clear"; readonly slot: number; readonly utterance: number }
  /** What plays waits where it is, until `release` or a `clear`. */
  | { readonly kind: "hold"; readonly slot: number }
  | { readonly kind: "release"; readonly slot: number }
  | { readonly kind: "hangup"; readonly slot: number; readonly reason: string };

/** A command on its way: it is repeated until the gateway has taken it, and obeyed once. */
export type NumberedCommand = LegCommand & {
  /** From 1, on one link. */
  readonly number: number;
  /** The command for the same leg that comes before it, if that may still be on its way; or 0. */
  readonly after: number;
};

/** Gateway → shard. */
export type LegNotice =
  | { readonly kind: "doorbell" }
  | {
      readonly kind: "legOpened";
      readonly callId: string;
      readonly slot: number;
      readonly format: AudioFormat;
      readonly frameBytes: number;
      readonly protocol: string;
      readonly atMs: number;
      /** The leg was open already, and comes from a lost shard. */
      readonly adoption?: LegAdoption;
      /** With an adoption: what plays will have been heard by then. */
      readonly silentAtMs?: number;
    }
  /** A call that was moved has no leg any more. */
  | { readonly kind: "legGone"; readonly callId: string }
  | { readonly kind: "legClosed"; readonly slot: number; readonly reason: string }
  /**
   * Its connection is lost: nothing is heard or played until `legBack`, or `legClosed`. `change`
   * rises with every one of these: one that comes late, or twice, counts no more.
   */
  | {
      readonly kind: "legAway" | "legBack";
      readonly slot: number;
      readonly atMs: number;
      readonly change: number;
    }
  /** `number`: which key of the leg; one that was taken already counts no more. */
  | {
      readonly kind: "keypad";
      readonly slot: number;
      readonly digit: string;
      readonly number?: number;
    }
  | {
      readonly kind: "credit";
      readonly slot: number;
      readonly frames: number;
      readonly utterance: number;
    }
  | { readonly kind: "playback"; readonly slot: number; readonly notice: PlaybackNotice };

export type ShardCommand =
  | { readonly kind: "attachGateway"; readonly link: ShardLinkData }
  /**
   * The gateway is gone with all of its sockets. Those of the clients of `waiting` may be opened
   * again on the next one, which tells `legOpened` then; all other legs are closed.
   */
  | { readonly kind: "gatewayLost"; readonly waiting: readonly string[] }
  | { readonly kind: "addFlow"; readonly fileName: string; readonly source: string }
  | { readonly kind: "addPrompt"; readonly prompt: PromptData }
  | { readonly kind: "startCall"; readonly spec: CallSpec }
  /** Take over a call of a lost shard: from what the ledger kept, on its nth shard. */
  | {
      readonly kind: "adoptCall";
      readonly spec: CallSpec;
      /** `CallMemory` as msgpack. */
      readonly memory: Uint8Array;
      readonly incarnation: number;
    }
  | { readonly kind: "hangup"; readonly callId: string; readonly outcome: string }
  | { readonly kind: "jobDone"; readonly jobId: number; readonly result: JobReply }
  | { readonly kind: "tellMailboxes"; readonly askId: number }
  | { readonly kind: "stop" };

export type JobReply =
  | { readonly ok: true; readonly value: JobResult }
  | { readonly ok: false; readonly error: ErrorData };

/** How the mailboxes of a shard stand, and what was not delivered since its start. */
export type MailboxReport = SystemMetrics & {
  readonly deadLetters: Readonly<Record<DeadLetterReason, number>>;
};

export type ShardReport =
  | {
      readonly kind: "ready";
      readonly frameIn: HistogramHandle;
      readonly frameHeld: HistogramHandle;
      readonly turn: HistogramHandle;
      readonly turnEngine: HistogramHandle;
    }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** What must outlive the shard: `CallMemory` as msgpack. */
  | { readonly kind: "remember"; readonly callId: string; readonly memory: Uint8Array }
  | { readonly kind: "callEvent"; readonly callId: string; readonly event: CallEvent }
  | { readonly kind: "job"; readonly jobId: number; readonly job: Job }
  | { readonly kind: "actorFailed"; readonly path: string; readonly error: ErrorData }
  | { readonly kind: "mailboxes"; readonly askId: number; readonly report: MailboxReport }
  | {
      readonly kind: "recognition";
      readonly figures: Readonly<Record<string, VendorCounters>>;
    }
  | { readonly kind: "analyzers"; readonly figures: AnalyzerFigures }
  | { readonly kind: "voices"; readonly figures: VoiceFigures }
  | LogReport
  | { readonly kind: "stopped" };
