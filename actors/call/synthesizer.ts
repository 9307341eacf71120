/**
 * Synthesizer: text that is not a cached prompt becomes speech, sentence by sentence, so that the
 * first words sound while the later ones are still being made.
 *
 * It renders at most two sentences ahead of the leg (its credit). A restart forgets what it was
 * asked; the Call lets the Dialog go on as if it had been heard.
 */
import { assertNever } from "../../base/assert.js";
import { splitSentences } from "../../speech/tts/sentences.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CastPorts } from "./cast-ports.js";
import type { CallDirectory, SynthesizerMessage } from "./messages.js";

/** Sentences rendered or being rendered that the leg has not sent yet. */
const chunksAheadMax = 2;
/** A sentence that fails is asked for once more, then left out. */
const attemptsMax = 2;

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
};

type State = { readonly jobs: Job[] };

export function synthesizer(options: {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
}): Behavior<State, SynthesizerMessage> {
  return {
    start: () => ({ jobs: [] }),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    laneOf: (message) => (message.kind === "chunkTaken" ? "system" : "intents"),
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
      state.jobs.push({ utterance, voice, language, sentences, ...newProgress() });
      return renderNext(options, state, ctx);
    }
    case "clear":
      while (state.jobs[0] !== undefined && state.jobs[0].utterance <= message.utterance) {
        state.jobs.shift();
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
  ctx.pipeToSelf(
    options.ports.synthesize({ text, voice, language }),
    (audio) => ({ kind: "rendered", utterance, index, audio }),
    (error) => ({ kind: "failed", utterance, index, error }),
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
  // Rendered for an utterance that was cleared meanwhile.
  if (job?.utterance !== message.utterance) return;
  job.ready.set(message.index, message.audio);
  deliver(options, state, job);
  renderNext(options, state, ctx);
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
    options.directory.mediaLeg?.tell({ kind: "speech", utterance, audio, isLast });
  }
}

function failed(
  options: Options,
  state: State,
  { utterance, index }: Extract<SynthesizerMessage, { kind: "failed" }>,
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  if (job?.utterance !== utterance) return;
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
