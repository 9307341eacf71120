/** Entry of a pool worker: CPU-bound request and response work, no state of any call. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, assertNever } from "../../base/assert.js";
import type { RecordedChunk } from "../../actors/call/cast-ports.js";
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { yieldToAudio } from "../../base/thread-priority.js";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import { decodeStereo, interleaveCoded } from "../../codecs/audio/mix.js";
import {
  appendRecordingChunk,
  closeRecording,
  findRecording,
} from "../../storage/recordings/recording-files.js";
import { encodePrompt } from "../../speech/prompts/prompt-audio.js";
import { createFlite } from "../../speech/tts/flite.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";
import type { JobReply } from "../control/messages.js";
import { collectWhenIdle } from "./collect-when-idle.js";
import { VoiceprintJobs } from "./voiceprint-jobs.js";
import type { Job, JobResult, JobWorkerData } from "./jobs.js";

assert(parentPort !== null, "a job worker runs in a thread");
yieldToAudio();
const port = parentPort;
const data = workerData as JobWorkerData;
const { dataDir, kekFile } = data;

const spoken = collectWhenIdle(nodeTime());

/** Compiled at the first use; every worker has its own. */
let flite: Promise<SpeechRenderer> | undefined;

/** Opened at the first use. */
let voices: VoiceprintJobs | undefined;

function voiceprints(): VoiceprintJobs {
  return (voices ??= new VoiceprintJobs(data));
}

async function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "synthesize":
      flite ??= createFlite();
      try {
        return { kind: "synthesize", audio: await (await flite).synthesize(job.request) };
      } finally {
        spoken();
      }
    case "encodePrompt":
      return { kind: "encodePrompt", audio: encodePrompt(job.pcm, job.format) };
    case "record":
      return { kind: "record", errors: job.chunks.map(record) };
    case "recordedChunks": {
      const { userId, callId } = job;
      const end = findRecording({ dataDir, kekFile, userId, callId });
      return { kind: "recordedChunks", chunks: end?.chunkCount ?? 0 };
    }
    case "closeRecording": {
      const { userId, callId } = job;
      const { recordedMs } = closeRecording({ dataDir, kekFile, userId, callId });
      return { kind: "closeRecording", recordedMs };
    }
    case "enrolVoice": {
      const voicedMs = await voiceprints().enrol(job.userId, { callIds: job.callIds });
      return { kind: "enrolVoice", voicedMs };
    }
    case "verifyVoice":
      return {
        kind: "verifyVoice",
        verdict: await voiceprints().verify(job.userId, job.source),
      };
    case "forgetVoice":
      return { kind: "forgetVoice", isGone: voiceprints().forget(job.userId) };
    default:
      return assertNever(job);
  }
}

/** A chunk is sealed before the next one is looked at, and nearly all are of one length. */
let interleaved = new Uint8Array(0);

function interleavedOf(bytes: number): Uint8Array<ArrayBuffer> {
  if (interleaved.length !== bytes) interleaved = new Uint8Array(bytes);
  return interleaved;
}

/** One that fails does not keep the others from the disk. */
function record(chunk: RecordedChunk): ErrorData | undefined {
  const { callId, userId, index, isLast, format, startedEpochMs } = chunk;
  const { codec: codecName, rateHz } = format;
  const header = { rateHz, channels: 2, startedEpochMs, codec: codecName } as const;
  const sides = { left: chunk.callee, right: chunk.agent };
  try {
    const codec = codecOf(codecName);
    const { sampleCount } = chunk;
    const samples =
      codec.bytesPerSample === 1
        ? interleaveCoded(codec, sides, sampleCount, interleavedOf(2 * sampleCount))
        : decodeStereo(codec, sides, sampleCount);
    const place = { dataDir, kekFile, userId, callId };
    appendRecordingChunk({ ...place, index, isLast, header, samples });
    return undefined;
  } catch (error) {
    return toErrorData(error);
  }
}

port.on("message", (job: Job) => {
  run(job).then(
    (value) => port.postMessage({ ok: true, value } satisfies JobReply),
    (error: unknown) =>
      port.postMessage({ ok: false, error: toErrorData(error) } satisfies JobReply),
  );
});
