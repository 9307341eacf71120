/** The CPU-bound work that the pool does: requests and results, plain data. */
import type { RecordedChunk } from "../../actors/call/cast-ports.js";
import type { ErrorData } from "../../base/errors.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { VoiceprintConfig } from "../../config/voiceprint-config.js";
import type { VoiceVerdict } from "../../speech/voiceprint/voiceprint.js";
import type { VoiceSource } from "./voiceprint-jobs.js";
import type { PcmAudio, RenderRequest } from "../../speech/tts/synthesizer.js";

export type SynthesizeJob = { readonly kind: "synthesize"; readonly request: RenderRequest };

/** Encodes a prompt for playing, into shared memory. */
export type EncodePromptJob = {
  readonly kind: "encodePrompt";
  readonly pcm: PcmAudio;
  readonly format: AudioFormat;
};

/** Seals chunks of several recordings, at most one of each, and appends them to their files. */
export type RecordJob = { readonly kind: "record"; readonly chunks: readonly RecordedChunk[] };

/** Asks how many chunks of a recording are stored. */
export type RecordedChunksJob = {
  readonly kind: "recordedChunks";
  readonly callId: string;
  readonly userId: string;
};

/** Closes a recording whose writer is gone, behind its last whole chunk. */
export type CloseRecordingJob = {
  readonly kind: "closeRecording";
  readonly callId: string;
  readonly userId: string;
};

/** Makes a person's voiceprint of what they say in recorded calls. */
export type EnrolVoiceJob = {
  readonly kind: "enrolVoice";
  readonly userId: string;
  readonly callIds: readonly string[];
};

/** Compares what somebody says with the voiceprint of a person. */
export type VerifyVoiceJob = {
  readonly kind: "verifyVoice";
  readonly userId: string;
  readonly source: VoiceSource;
};

export type ForgetVoiceJob = { readonly kind: "forgetVoice"; readonly userId: string };

export type Job =
  | EnrolVoiceJob
  | VerifyVoiceJob
  | ForgetVoiceJob
  | SynthesizeJob
  | EncodePromptJob
  | RecordJob
  | RecordedChunksJob
  | CloseRecordingJob;

export type JobResult =
  | { readonly kind: "synthesize"; readonly audio: PcmAudio }
  | { readonly kind: "encodePrompt"; readonly audio: Uint8Array<SharedArrayBuffer> }
  /** By chunk, in their order: undefined for those that are on disk. */
  | { readonly kind: "record"; readonly errors: readonly (ErrorData | undefined)[] }
  | { readonly kind: "recordedChunks"; readonly chunks: number }
  | { readonly kind: "enrolVoice"; readonly voicedMs: number }
  | { readonly kind: "verifyVoice"; readonly verdict: VoiceVerdict }
  | { readonly kind: "forgetVoice"; readonly isGone: boolean }
  | { readonly kind: "closeRecording"; readonly recordedMs: number };

/** What the workers are given when they start. */
export type JobWorkerData = {
  readonly dataDir: string;
  readonly kekFile: string;
  readonly voiceprint: VoiceprintConfig;
};

/** The result that belongs to a kind of job. */
export type ResultOf<Kind extends Job["kind"]> = Extract<JobResult, { readonly kind: Kind }>;
