/** The CPU-bound work that the pool does: requests and results, plain data. */
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { PcmAudio, SpeechRequest } from "../../speech/tts/synthesizer.js";

export type SynthesizeJob = { readonly kind: "synthesize"; readonly request: SpeechRequest };

/** Renders a prompt into shared memory, once per format. */
export type RenderPromptJob = {
  readonly kind: "renderPrompt";
  readonly request: SpeechRequest;
  readonly formats: readonly AudioFormat[];
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

export type Job = SynthesizeJob | RenderPromptJob | RecordJob;

export type JobResult =
  | { readonly kind: "synthesize"; readonly audio: PcmAudio }
  | {
      readonly kind: "renderPrompt";
      /** In the order of the formats asked for. */
      readonly audio: readonly Uint8Array[];
    }
  | { readonly kind: "record"; readonly bytes: number };

/** What the workers are given when they start. */
export type JobWorkerData = { readonly dataDir: string; readonly kekFile: string };
