/** One run of the capacity bench: so many spoken calls with everything on, and what came of it. */
import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";
import { packageRoot } from "../../base/compiled-entry.js";
import type { TransportName } from "../../config/schema.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import { startMockVendor } from "../../speech/asr/testing/mock-vendor.js";
import { speakTones } from "../../speech/asr/testing/tone-words.js";
import type { LoadProcess } from "../load/load-process.js";
import type { Clip } from "../load/messages.js";
import type { Progress } from "../support/bench.js";
import { runCalls, type CallRun } from "../support/call-run.js";
import { silenceClip, toMulaw } from "../support/clips.js";
import { checkTranscripts, type TranscriptCheck } from "./transcripts.js";

export const questionsFile = fileURLToPath(new URL("bench/capacity/questions.yaml", packageRoot));
/** Of `questions.yaml`: what may be heard from beginning to end. */
export const promptCount = 2;

export type CapacityPlan = {
  readonly calls: number;
  /** Twice as many, to see who is refused; left out, no more than are expected to be taken. */
  readonly offered?: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly warmUpSeconds: number;
  readonly transport: TransportName;
  readonly line: "native" | "twilio";
  /** Parts that are left out, to see what they cost. */
  readonly without: { readonly asr: boolean; readonly recording: boolean };
  readonly progress: Progress;
};

export type CapacityRun = CallRun & { readonly transcripts: TranscriptCheck };

/** What callers say: every phrase of the flow, in tone words. The first clip is silence. */
export async function toneClips(): Promise<Clip[]> {
  const flow = compileFlow(await readFile(questionsFile, "utf8"), { fileName: questionsFile });
  const phrases = new Set(flow.allExpectations().flatMap((expectation) => expectation.phrases));
  const clips = [...phrases].map((phrase) => {
    return { name: phrase, audio: toMulaw(toLastSound(speakTones(phrase.split(" "), 8000))) };
  });
  return [silenceClip(), ...clips];
}

/** Without the silence behind it: the caller's last frame is the end of their speech. */
function toLastSound(samples: Int16Array): Int16Array {
  return samples.subarray(0, samples.findLastIndex((sample) => sample !== 0) + 1);
}

export async function runCapacity(plan: CapacityPlan, load: LoadProcess): Promise<CapacityRun> {
  const { calls, without } = plan;
  const recogniser = await startMockVendor({ vendor: "websocket-json" });
  try {
    const run = await runCalls(
      {
        ...plan,
        load: { line: plan.line, caller: "talker", clips: await toneClips() },
        config: {
          recognition: without.asr
            ? { isEnabled: false }
            : networkRecognition(recogniser.url, plan.offered ?? calls),
          flows: [questionsFile],
        },
        flow: "questions",
        isRecorded: !without.recording,
      },
      load,
    );
    const said = without.asr ? new Map<string, readonly string[]>() : run.said;
    const views = without.asr ? [] : run.views;
    return { ...run, transcripts: checkTranscripts(views, said) };
  } finally {
    await recogniser.kill();
  }
}

function networkRecognition(url: string, calls: number) {
  const vendor = {
    name: "mock",
    vendor: "websocket-json",
    url,
    // Every caller may speak at once, however unevenly the shards share them.
    streamsMax: 2 * calls + 8,
    warmCount: 2,
    connectMsMax: 2000,
    finalMsMax: 1500,
    replaySpeed: 1,
    endMessage: '{"type":"end"}',
    finalField: "is_final",
  } as const;
  return { isEnabled: true, vendors: [vendor] };
}
