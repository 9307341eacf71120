/**
 * Synthesizer: text that is not a cached prompt becomes speech, sentence by sentence, so that the
 * first words sound while the later ones are still being made.
 *
 * It asks for at most two sentences ahead of the leg (its credit). What comes of the sentence whose
 * turn it is goes on at once; later ones wait for their turn. A restart forgets what it was asked;
 * the Dialog says again what was being streamed.
 */
import { assertNever } from "../../base/assert.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import { speechParts } from "../../speech/tts/ssml/speech-parts.js";
import type { PcmAudio, SpeechEvent, SpeechStream } from "../../speech/tts/synthesizer.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CastPorts } from "./cast-ports.js";
import type { CallDirectory, SynthesizerMessage } from "./messages.js";

/** Sentences made or being made that the leg has not sent yet. */
const sentencesAheadMax = 2;
/** A sentence that fails is asked for once more. */
const attemptsMax = 2;
/** Voices that have made no sound by then have failed: the line has been silent for long enough. */
const firstSoundMsMax = 4000;
/** The text is to blame, not the voices: it is left out, and the call goes on. */
const textErrors = new Set(["NOTHING_SPEAKABLE", "TEXT_TOO_LONG", "UNSUPPORTED_LANGUAGE"]);

/** Of the text; what was given before lies before it. */
type Mark = { readonly mark: string };

/** A sentence that is with the voices. */
type Making = {
  readonly id: number;
  readonly index: number;
  readonly stream: SpeechStream;
  /** Until its first sound. */
  readonly timer: Timer;
  /** What waits for an earlier sentence. */
  readonly waiting: (PcmAudio | Mark)[];
  isDone: boolean;
};

type Job = {
  readonly utterance: number;
  readonly voice: string;
  readonly language: string;
  readonly sentences: readonly string[];
  /** The next sentence to be asked for. */
  nextIndex: number;
  /** Sentences the leg has been given or is about to be, and has not sent. */
  outstanding: number;
  /** The sentence whose turn it is. */
  nextDelivery: number;
  /** By sentence. */
  readonly making: Map<number, Making>;
  /** Failures by sentence. */
  readonly attempts: Map<number, number>;
  /** Sentences to be asked for again. */
  readonly again: number[];
};

type State = { readonly jobs: Job[]; lastId: number };

type Options = { readonly ports: CastPorts; readonly directory: CallDirectory };

export function synthesizer(options: Options): Behavior<State, SynthesizerMessage> {
  return {
    start: () => ({ jobs: [], lastId: 0 }),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopped: (state) => state.jobs.forEach(drop),
    laneOf: (message) => (message.kind === "speak" ? "intents" : "system"),
    bytesOf: (message) => (message.kind === "speak" ? message.text.length * 2 : 0),
  };
}

function receive(
  options: Options,
  state: State,
  message: SynthesizerMessage,
  ctx: Context<SynthesizerMessage>,
): void {
  switch (message.kind) {
    case "speak": {
      const { utterance, voice, language, text } = message;
      const sentences = speechParts(text);
      // Nothing to speak: over before it began.
      if (sentences.length === 0) tellLeg(options, utterance, { isLast: true });
      else state.jobs.push({ utterance, voice, language, sentences, ...newProgress() });
      return askNext(options, state, ctx);
    }
    case "clear":
      while (state.jobs[0] !== undefined && state.jobs[0].utterance <= message.utterance) {
        drop(state.jobs.shift()!);
      }
      return askNext(options, state, ctx);
    case "chunkTaken": {
      const job = state.jobs.find((candidate) => candidate.utterance === message.utterance);
      if (job !== undefined) job.outstanding -= 1;
      return askNext(options, state, ctx);
    }
    case "made":
      return made(options, state, message, ctx);
    case "overdue": {
      const making = find(state.jobs[0], message);
      if (making !== undefined) failed(options, state, { making, error: soundOverdue() }, ctx);
      return;
    }
    default:
      return assertNever(message);
  }
}

type Progress = Omit<Job, "utterance" | "voice" | "language" | "sentences">;

function newProgress(): Progress {
  return {
    nextIndex: 0,
    outstanding: 0,
    nextDelivery: 0,
    making: new Map(),
    attempts: new Map(),
    again: [],
  };
}

function drop(job: Job): void {
  for (const { stream, timer } of job.making.values()) {
    timer.cancel();
    stream.cancel();
  }
  job.making.clear();
}

/** Utterances are made one after the other, in order. */
function askNext(options: Options, state: State, ctx: Context<SynthesizerMessage>): void {
  const job = state.jobs[0];
  if (job === undefined || job.outstanding >= sentencesAheadMax) return;
  const index = job.again.shift() ?? job.nextIndex;
  const text = job.sentences[index];
  if (text === undefined) return;
  if (index === job.nextIndex) job.nextIndex += 1;
  job.outstanding += 1;
  const { utterance, voice, language } = job;
  const id = (state.lastId += 1);
  const timer = ctx.after(firstSoundMsMax, { kind: "overdue", utterance, id });
  const stream = options.ports.synthesizer.open({ text, voice, language }, (event) =>
    ctx.self.tell({ kind: "made", utterance, id, event }),
  );
  job.making.set(index, { id, index, stream, timer, waiting: [], isDone: false });
  askNext(options, state, ctx);
}

/** Undefined when it was cleared, or given up, meanwhile. */
function find(
  job: Job | undefined,
  { utterance, id }: { readonly utterance: number; readonly id: number },
): Making | undefined {
  if (job?.utterance !== utterance) return undefined;
  return [...job.making.values()].find((making) => making.id === id);
}

function made(
  options: Options,
  state: State,
  message: { readonly utterance: number; readonly id: number; readonly event: SpeechEvent },
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  const making = find(job, message);
  if (job === undefined || making === undefined) return;
  const { event } = message;
  if (event.kind === "failed") return failed(options, state, { making, error: event.error }, ctx);
  // A mark is no sound.
  if (event.kind !== "mark") making.timer.cancel();
  if (event.kind === "mark") making.waiting.push({ mark: event.name });
  else if (event.kind === "end") making.isDone = true;
  else if (event.audio.samples.length > 0) making.waiting.push(event.audio);
  deliver(options, state, job);
  askNext(options, state, ctx);
}

/** Gives the leg what is there, in the order of the text. */
function deliver(options: Options, state: State, job: Job): void {
  const { utterance } = job;
  for (let making = turnOf(job); making !== undefined; making = turnOf(job)) {
    for (const part of making.waiting.splice(0)) {
      tellLeg(options, utterance, "mark" in part ? part : { audio: part });
    }
    if (!making.isDone) return;
    job.making.delete(making.index);
    job.nextDelivery += 1;
    const isLast = job.nextDelivery === job.sentences.length;
    if (isLast) state.jobs.shift();
    tellLeg(options, utterance, { endsSentence: true, isLast });
  }
}

function turnOf(job: Job): Making | undefined {
  return job.making.get(job.nextDelivery);
}

type LegNews = {
  readonly audio?: PcmAudio;
  readonly mark?: string;
  readonly endsSentence?: boolean;
  readonly isLast?: boolean;
};

function tellLeg({ directory }: Options, utterance: number, news: LegNews): void {
  const { audio, mark, endsSentence = false, isLast = false } = news;
  directory.mediaLeg?.tell({ kind: "speech", utterance, audio, mark, endsSentence, isLast });
}

function soundOverdue(): ErrorData {
  const message = `no voice has made a sound within ${firstSoundMsMax} ms`;
  return toErrorData(new EngineError("SYNTHESIS_OVERDUE", message, { firstSoundMsMax }));
}

function failed(
  options: Options,
  state: State,
  { making, error }: { readonly making: Making; readonly error: ErrorData },
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0]!;
  const { index } = making;
  making.timer.cancel();
  making.stream.cancel();
  options.directory.call.tell({ kind: "trouble", actor: "synthesizer", error });
  const attempts = (job.attempts.get(index) ?? 0) + 1;
  job.attempts.set(index, attempts);
  if (textErrors.has(error.code)) {
    making.isDone = true;
    deliver(options, state, job);
  } else if (attempts < attemptsMax) {
    job.making.delete(index);
    job.outstanding -= 1;
    job.again.push(index);
  } else {
    drop(state.jobs.shift()!);
    options.directory.dialog?.tell({ kind: "voiceLost", utterance: job.utterance });
  }
  askNext(options, state, ctx);
}
