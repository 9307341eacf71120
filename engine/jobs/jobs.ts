/** The CPU-bound work that the pool does: requests and results, plain data. */
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { PcmAudio, SpeechRequest } from "../../speech/tts/synthesizer.js";

export type SynthesizeJob = { readonly kind: "synthesize"; readonly request: SpeechRequest };

/** Encodes a prompt for playing, into shared memory. */
export type EncodePromptJob = {
  readonly kind: "encodePrompt";
  readonly pcm: PcmAudio;
  readonly format: AudioFormat;
};

/** Seals one chunk of a recording and appends it to its file. */
export type RecordJob = {
  readonly kind: "record";
  readonly callId: string;
  readonly userId: string;
  readonly index: number;
  readonly isLast: boolean;
  readonly rateHz: number;
  readonly startedEpochMs: number;
  /** Interleaved stereo, transferred. */
  readonly samples: Int16Array;
};

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

export type Job =
  SynthesizeJob | EncodePromptJob | RecordJob | RecordedChunksJob | CloseRecordingJob;

export type JobResult =
  | { readonly kind: "synthesize"; readonly audio: PcmAudio }
  | { readonly kind: "encodePrompt"; readonly audio: Uint8Array<SharedArrayBuffer> }
  | { readonly kind: "record"; readonly bytes: number }
  | { readonly kind: "recordedChunks"; readonly chunks: number }
  | { readonly kind: "closeRecording"; readonly recordedMs: number };

/** What the workers are given when they start. */
export type JobWorkerData = { readonly dataDir: string; readonly kekFile: string };

/** The result that belongs to a kind of job. */
export type ResultOf<Kind extends Job["kind"]> = Extract<JobResult, { readonly kind: Kind }>;
