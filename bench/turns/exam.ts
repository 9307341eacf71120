/**
 * All exercises of a run with their audio: scripts × voices × lines. What is heard of the truth,
 * onset and end of speech, comes from the audio itself.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { encodePrompt } from "../../speech/prompts/prompt-audio.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { chanceOf } from "./chance.js";
import { coughOf, type CoughSound } from "./cough.js";
import type { Exercise, Room } from "./exercise.js";
import { normaliseLevel } from "../../codecs/audio/level.js";
import {
  createVoiceBox,
  emptyLine,
  frameSamples,
  onLine,
  rateHz,
  samplesOf,
  speakParts,
  speechDbfs,
  type VoiceBox,
} from "./line-audio.js";
import { allOverlaps } from "./overlap-set.js";
import {
  lines,
  questions,
  voices,
  type CallerVoice,
  type LineQuality,
  type OverlapScript,
  type Utterance,
} from "./script.js";
import { allUtterances } from "./utterances.js";

export type ExamOptions = {
  /** Every script in all voices; otherwise each in one, by its place. */
  readonly isEveryVoice: boolean;
  /** Every nth script only. */
  readonly every: number;
  readonly part: "all" | "tuned" | "held-out";
};

export type Exam = {
  readonly exercises: readonly Exercise[];
  /** By name: whole frames of μ-law; what a line sounds like is named after it. */
  readonly clips: ReadonlyMap<string, Uint8Array>;
  readonly flows: ReadonlyMap<string, CompiledFlow>;
};

const thinkMs = { min: 300, max: 700 };

export async function prepareExam(options: ExamOptions): Promise<Exam> {
  const voiceBox = await createVoiceBox();
  const exercises: Exercise[] = [];
  const clips = new Map<string, Uint8Array>(lines.map((line) => [line, emptyLine(line)]));
  const add = (exercise: Exercise, audio: Uint8Array): void => {
    exercises.push(exercise);
    clips.set(exercise.clip, audio);
  };
  const chosen = <Script extends { readonly isHeldOut: boolean }>(scripts: readonly Script[]) =>
    scripts.filter(({ isHeldOut }, index) => {
      const isIn = options.part === "all" || isHeldOut === (options.part === "held-out");
      return isIn && index % options.every === 0;
    });
  for (const [index, script] of chosen(allUtterances()).entries()) {
    for (const voice of voicesOf(options, index)) {
      const speech = await speakParts(voiceBox, script.parts, { voice, pace: script.pace });
      for (const line of lines) add(...answer(script, { voice, line, speech }));
    }
  }
  const flows = await readFlows();
  const prompt = await promptOf(flows.get("turns-prompt")!, voiceBox);
  for (const [index, script] of chosen(allOverlaps()).entries()) {
    for (const voice of voicesOf(options, index)) {
      const sound = await soundOf(script, { voice, voiceBox, prompt });
      for (const line of lines) add(...overlap(script, { voice, line, speech: sound }));
      if (script.overlap === "cough" || script.overlap === "echo") break;
    }
  }
  return { exercises, clips, flows };
}

function voicesOf({ isEveryVoice }: ExamOptions, index: number): readonly CallerVoice[] {
  return isEveryVoice ? voices : [voices[index % voices.length]!];
}

type Sound = {
  readonly voice: CallerVoice;
  readonly line: LineQuality;
  readonly speech: Int16Array;
};

function answer(script: Utterance, { voice, line, speech }: Sound): [Exercise, Uint8Array] {
  const id = `${script.id} ${voice} ${line}`;
  const { audio, endSample } = onLine(speech, line);
  const exercise: Exercise = {
    id,
    room: `${script.question} ${line}`,
    kind: script.scenario,
    isAnswer: true,
    isHeldOut: script.isHeldOut,
    clip: id,
    onsetMs: 0,
    endMs: (endSample * 1000) / rateHz,
    waitMs: Math.round(chanceOf(id).between(thinkMs.min, thinkMs.max)),
  };
  return [exercise, audio];
}

function overlap(script: OverlapScript, { voice, line, speech }: Sound): [Exercise, Uint8Array] {
  const isWord = script.overlap === "interruption" || script.overlap === "backchannel";
  const id = `${script.id}${isWord ? ` ${voice}` : ""} ${line}`;
  const { audio, endSample } = onLine(speech, line, { gainDb: -script.attenuationDb });
  const room: Room = `prompt ${line}`;
  const exercise: Exercise = {
    id,
    room,
    kind: script.overlap,
    isAnswer: false,
    isHeldOut: script.isHeldOut,
    clip: id,
    onsetMs: 0,
    endMs: (endSample * 1000) / rateHz,
    waitMs: script.afterMs,
  };
  return [exercise, audio];
}

type Studio = {
  readonly voice: CallerVoice;
  readonly voiceBox: VoiceBox;
  readonly prompt: Uint8Array;
};

/** What is heard over the prompt, at the level of speech. */
async function soundOf(script: OverlapScript, studio: Studio): Promise<Int16Array> {
  const { text, pace, overlap: kind } = script;
  const { voice, voiceBox, prompt } = studio;
  if (kind === "echo") return muffled(samplesOf(prompt));
  if (kind === "cough") {
    const samples = coughOf(text as CoughSound, chanceOf(script.id));
    return normaliseLevel({ samples, rateHz }, { targetDbfs: speechDbfs });
  }
  return speakParts(voiceBox, [{ text }], { voice, pace });
}

/** What a small loudspeaker and a room make of our prompt: no bass, and a short tail. */
function muffled(samples: Int16Array): Int16Array {
  const room = [1, 0, 0.35, 0, -0.2, 0, 0, 0.15];
  const spread = 23;
  let last = 0;
  return samples.map((sample, at) => {
    const thin = sample - 0.9 * last;
    last = sample;
    const tail = room.reduce((sum, gain, tap) => {
      return tap === 0 ? sum : sum + gain * (samples[at - tap * spread] ?? 0) * 0.3;
    }, 0);
    return Math.max(-32_768, Math.min(32_767, Math.round(thin + tail)));
  });
}

/** Every flow of the bench by its id. */
export async function readFlows(): Promise<ReadonlyMap<string, CompiledFlow>> {
  const flows = await Promise.all(
    [...questions, "prompt"].map(async (name) => {
      const fileName = flowFile(name);
      return compileFlow(await readFile(fileName, "utf8"), { fileName });
    }),
  );
  return new Map(flows.map((flow) => [flow.id, flow]));
}

export function flowFile(name: string): string {
  return fileURLToPath(new URL(`bench/turns/questions/${name}.yaml`, packageRoot));
}

/** Our long prompt as the gateway plays it. */
async function promptOf(flow: CompiledFlow, voiceBox: VoiceBox): Promise<Uint8Array> {
  return promptAudio(flow.fixedPrompts[0]!, flow.voice, voiceBox);
}

/** A prompt of one sentence, in the codec of the bench's calls. */
export async function promptAudio(
  text: string,
  voice: string,
  voiceBox: VoiceBox,
): Promise<Uint8Array> {
  const samples = await voiceBox(text, voice, 1);
  return encodePrompt({ rateHz, samples }, { codec: "pcmu", rateHz });
}

/** Whole frames that a clip has. */
export function framesOf(audio: Uint8Array): number {
  return Math.floor(audio.length / frameSamples);
}
