/** What the actors of a call need from the outside. The shard composes it; tests put fakes here. */
import type { ErrorData } from "../../base/errors.js";
import type { Histogram } from "../../base/histogram.js";
import type { Time } from "../../base/ports.js";
import type { SharedPages } from "../../base/shared-pages.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { CompiledFlow, DialogSnapshot } from "../../dialog/dialog-types.js";
import type { Analyzer } from "../../speech/analyzers/analyzer.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import type { CallHearing } from "../../speech/hearing/call-hearing.js";
import type { NoiseSuppression } from "../../speech/hearing/noise-suppressor.js";
import type { Synthesizer } from "../../speech/tts/synthesizer.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { CallEvent } from "./call-events.js";

/** One media stream of a call, as the gateway opened it. */
export type Leg = {
  /** The gateway's number for the stream, used on the rings. Only the Call changes it. */
  slot: number;
  readonly format: AudioFormat;
  /** Bytes of one frame: 20 ms, or the 10 ms of a link that is to be quick. */
  readonly frameBytes: number;
  readonly protocol: string;
  /** Monotonic time at which it opened. */
  readonly openedAtMs: number;
};

/** The way to the gateway for one shard. Nothing here blocks. */
export interface MediaLink {
  /** Plays a prompt that the gateway holds in the codec of the leg. */
  playPrompt(slot: number, utterance: number, promptId: string): void;
  /** Keeps the place of an utterance that will be streamed: later ones wait for its end. */
  openStream(slot: number, utterance: number): void;
  /** Sends one frame of streamed speech; false when the ring is full: it is lost, and counted. */
  streamFrame(slot: number, utterance: number, frame: Uint8Array): boolean;
  /** Says that the streamed utterance is complete. */
  endStream(slot: number, utterance: number): void;
  /** Drops all audio of utterances ≤ `utterance`, here, on the way and at the peer. */
  clear(slot: number, utterance: number): void;
  /** What plays waits where it is, until `release` or a `clear`; what is on its way is heard. */
  hold(slot: number): void;
  release(slot: number): void;
  /** Closes the stream. */
  hangup(slot: number, reason: string): void;
}

/** What the gateway knows of a leg that is handed from a lost shard to another. */
export type LegAdoption = {
  /** Utterances that sound or wait to, oldest first: they go on without us. */
  readonly playing: readonly number[];
  /** The newest utterance it was ever told of. */
  readonly lastUtterance: number;
  /** Streamed speech was cut off in the middle, and dropped. */
  readonly isStreamCut: boolean;
  /** The newest keys, oldest first: the lost shard may not have come to them. */
  readonly keys?: readonly NumberedKey[];
};

/** A key as the gateway counts them on one leg, from 1. */
export type NumberedKey = { readonly digit: string; readonly number: number };

/** What must outlive the shard of a call: plain data for the ledger. Holds personal data. */
export type CallMemory = {
  readonly answeredAtMs: number;
  readonly startedEpochMs: number;
  /** Absent until the dialog has begun. */
  readonly snapshot?: DialogSnapshot;
  /** The newest utterance of the snapshot's step, said or about to be. */
  readonly lastUtterance: number;
  /** The newest key of the leg that the dialog has taken; absent before the first. */
  readonly lastKey?: number;
  /** Where the recording begins; absent until audio came. */
  readonly recordingAnchor?: RecordingAnchor;
};

/** Monotonic time and media time of the first sample of a recording. */
export type RecordingAnchor = { readonly atMs: number; readonly mediaSamples: number };

/** A second or so of both sides, as they came: whoever stores it decodes it (`decodeStereo`). */
export type RecordedChunk = {
  readonly callId: string;
  readonly userId: string;
  readonly index: number;
  readonly isLast: boolean;
  readonly format: AudioFormat;
  readonly startedEpochMs: number;
  /** Samples of each side. */
  readonly sampleCount: number;
  /** Bytes in the codec of the leg, not to be changed; undefined: silence. */
  readonly callee: Uint8Array | undefined;
  readonly agent: Uint8Array | undefined;
};

/** Same histograms as the bench reads; each thread has its own, added up by the node. */
export type CallLatency = {
  readonly frameIn: Histogram;
  /** Of frames that had waited for their call to begin here, or to be taken over. */
  readonly frameHeld: Histogram;
  readonly turn: Histogram;
  readonly turnEngine: Histogram;
};

export type CastPorts = {
  readonly time: Time;
  /** @throws {EngineError} `UNKNOWN_FLOW` */
  readonly flow: (flowId: string) => CompiledFlow;
  readonly vad: VadFactory;
  /** Undefined: calls are heard as they are. */
  readonly noise?: NoiseSuppression;
  /** Undefined where no recogniser is installed: the caller answers by keypad. */
  readonly recognizer: Recognizer | undefined;
  readonly synthesizer: Synthesizer;
  /** By name; a flow says which of them listen to its calls. */
  readonly analyzers: ReadonlyMap<string, Analyzer>;
  /** One of them has failed, and is gone for the rest of its call. */
  readonly analyzerLost?: (analyzer: string, error: ErrorData) => void;
  /** A rendered prompt in that format, shared memory; undefined when it is not cached. */
  readonly findPrompt: (promptId: string, format: AudioFormat) => Uint8Array | undefined;
  readonly media: MediaLink;
  /** For a second of one side of a recording each. */
  readonly pages: SharedPages;
  /** Seals and stores; resolves when it is on disk. The audio stays as it is until then. */
  readonly record: (chunk: RecordedChunk) => Promise<void>;
  /** How many chunks of the call's recording are stored. */
  readonly recordedChunks: (call: Pick<CallSpec, "callId" | "userId">) => Promise<number>;
  /** Keeps what must outlive this shard; the newest counts. */
  readonly remember: (callId: string, memory: CallMemory) => void;
  readonly report: (callId: string, event: CallEvent) => void;
  readonly latency: CallLatency;
};

/** One call to make, as the node gives it to a shard. Personal data. */
export type CallSpec = {
  readonly callId: string;
  readonly userId: string;
  readonly flowId: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly isRecorded: boolean;
  /** Absent: as it comes, in the language of the flow. */
  readonly hearing?: CallHearing;
  /** Give up when no media stream has come by then. */
  readonly answerMsMax: number;
  readonly durationMsMax: number;
};
