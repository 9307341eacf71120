/**
 * Synthesizer: text that is not a cached prompt becomes speech, sentence by sentence, so that the
 * first words sound while the later ones are still being made.
 *
 * It renders at most two sentences ahead of the leg (its credit). A restart forgets what it was
 * asked; the Dialog says again what was being streamed.
 */
import { assertNever } from "../../base/assert.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import { splitSentences } from "../../speech/tts/sentences.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CastPorts } from "./cast-ports.js";
import type { CallDirectory, SynthesizerMessage } from "./messages.js";

/** Sentences rendered or being rendered that the leg has not sent yet. */
const chunksAheadMax = 2;
/** A sentence that fails is asked for once more, then left out. */
const attemptsMax = 2;
/** A voice that has not answered by then has failed: the line has been silent for long enough. */
const renderMsMax = 4000;

type Job = {
  readonly utterance: number;
  readonly voice: string;
  readonly language: string;
  readonly sentences: readonly string[];
  /** The next sentence to be rendered. */
  nextIndex: number;
  /** Sentences the leg has been given or is about to be, and has not sent. */
  outstanding: number;
  /** What is rendered and waits for an earlier sentence: results come in any order. */
  readonly ready: Map<number, PcmAudio | undefined>;
  /** The next sentence for the leg. */
  nextDelivery: number;
  /** Failures by sentence. */
  readonly attempts: Map<number, number>;
  /** Sentences to be asked for again. */
  readonly again: number[];
  /** Sentences that are with the voice, by the number of their rendering. */
  readonly rendering: Map<number, { readonly index: number; readonly timer: Timer }>;
};

type State = { readonly jobs: Job[]; lastRenderingId: number };

export function synthesizer(options: {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
}): Behavior<State, SynthesizerMessage> {
  return {
    start: () => ({ jobs: [], lastRenderingId: 0 }),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    laneOf: (message) => (message.kind === "chunkTaken" ? "system" : "intents"),
    bytesOf: (message) => (message.kind === "speak" ? message.text.length * 2 : 0),
  };
}

type Options = { readonly ports: CastPorts; readonly directory: CallDirectory };

function receive(
  options: Options,
  state: State,
  message: SynthesizerMessage,
  ctx: Context<SynthesizerMessage>,
): void {
  switch (message.kind) {
    case "speak": {
      const { utterance, voice, language } = message;
      const sentences = splitSentences(message.text);
      // Nothing to speak: over before it began.
      if (sentences.length === 0) tellSpeech(options, utterance, undefined, true);
      else state.jobs.push({ utterance, voice, language, sentences, ...newProgress() });
      return renderNext(options, state, ctx);
    }
    case "clear":
      while (state.jobs[0] !== undefined && state.jobs[0].utterance <= message.utterance) {
        for (const { timer } of state.jobs.shift()!.rendering.values()) timer.cancel();
      }
      return renderNext(options, state, ctx);
    case "chunkTaken": {
      const job = state.jobs.find((candidate) => candidate.utterance === message.utterance);
      if (job !== undefined) job.outstanding -= 1;
      return renderNext(options, state, ctx);
    }
    case "rendered":
      return rendered(options, state, message, ctx);
    case "failed":
    case "overdue":
      return failed(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

type Progress = Omit<Job, "utterance" | "voice" | "language" | "sentences">;

function newProgress(): Progress {
  return {
    nextIndex: 0,
    outstanding: 0,
    ready: new Map(),
    nextDelivery: 0,
    attempts: new Map(),
    again: [],
    rendering: new Map(),
  };
}

/** Utterances are rendered one after the other, in order. */
function renderNext(options: Options, state: State, ctx: Context<SynthesizerMessage>): void {
  const job = state.jobs[0];
  if (job === undefined || job.outstanding >= chunksAheadMax) return;
  const index = job.again.shift() ?? job.nextIndex;
  const text = job.sentences[index];
  if (text === undefined) return;
  if (index === job.nextIndex) job.nextIndex += 1;
  job.outstanding += 1;
  const { utterance, voice, language } = job;
  const id = (state.lastRenderingId += 1);
  const timer = ctx.after(renderMsMax, { kind: "overdue", utterance, id });
  job.rendering.set(id, { index, timer });
  ctx.pipeToSelf(
    options.ports.synthesize({ text, voice, language }),
    (audio) => ({ kind: "rendered", utterance, id, audio }),
    (error) => ({ kind: "failed", utterance, id, error }),
  );
  renderNext(options, state, ctx);
}

function rendered(
  options: Options,
  state: State,
  message: Extract<SynthesizerMessage, { kind: "rendered" }>,
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  const index = takeBack(job, message);
  if (job === undefined || index === undefined) return;
  // The leg takes only what sounds, so silence gives no credit.
  job.ready.set(index, message.audio.samples.length === 0 ? undefined : message.audio);
  deliver(options, state, job);
  renderNext(options, state, ctx);
}

/** The sentence of a rendering; undefined when it was cleared, or given up, meanwhile. */
function takeBack(
  job: Job | undefined,
  { utterance, id }: { readonly utterance: number; readonly id: number },
): number | undefined {
  if (job?.utterance !== utterance) return undefined;
  const rendering = job.rendering.get(id);
  rendering?.timer.cancel();
  job.rendering.delete(id);
  return rendering?.index;
}

/** Gives the leg what is ready, in the order of the text. */
function deliver(options: Options, state: State, job: Job): void {
  const { utterance, ready } = job;
  while (ready.has(job.nextDelivery)) {
    const audio = ready.get(job.nextDelivery);
    ready.delete(job.nextDelivery);
    // The leg gives a credit for what it sends; a sentence that is left out gives its own back.
    if (audio === undefined) job.outstanding -= 1;
    job.nextDelivery += 1;
    const isLast = job.nextDelivery === job.sentences.length;
    if (isLast) state.jobs.shift();
    tellSpeech(options, utterance, audio, isLast);
  }
}

function tellSpeech(
  { directory }: Options,
  utterance: number,
  audio: PcmAudio | undefined,
  isLast: boolean,
): void {
  directory.mediaLeg?.tell({ kind: "speech", utterance, audio, isLast });
}

function renderOverdue(): ErrorData {
  const message = `a voice has not answered within ${renderMsMax} ms`;
  return toErrorData(new EngineError("SYNTHESIS_OVERDUE", message, { renderMsMax }));
}

function failed(
  options: Options,
  state: State,
  message: Extract<SynthesizerMessage, { kind: "failed" | "overdue" }>,
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  const index = takeBack(job, message);
  if (job === undefined || index === undefined) return;
  const error = message.kind === "failed" ? message.error : renderOverdue();
  options.directory.call.tell({ kind: "trouble", actor: "synthesizer", error });
  const attempts = (job.attempts.get(index) ?? 0) + 1;
  job.attempts.set(index, attempts);
  if (attempts < attemptsMax) {
    job.outstanding -= 1;
    job.again.push(index);
  } else {
    job.ready.set(index, undefined);
    deliver(options, state, job);
  }
  renderNext(options, state, ctx);
}
