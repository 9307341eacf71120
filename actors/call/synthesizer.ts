/**
 * Synthesizer: text that is not a cached prompt becomes speech, sentence by sentence, so that the
 * first words sound while the later ones are still being made.
 *
 * It renders at most two sentences ahead of the leg (its credit). A restart forgets what it was
 * asked; the Call lets the Dialog go on as if it had been heard.
 */
import { assertNever } from "../../base/assert.js";
import { splitSentences } from "../../speech/tts/sentences.js";
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
  attempts: number;
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
      const fresh = { nextIndex: 0, outstanding: 0, attempts: 0 };
      state.jobs.push({ utterance, voice, language, sentences, ...fresh });
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
      return deliver(options, state, message, ctx);
    case "failed":
      return retryOrSkip(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

/** Utterances are rendered one after the other, in order. */
function renderNext(options: Options, state: State, ctx: Context<SynthesizerMessage>): void {
  const job = state.jobs[0];
  if (job === undefined || job.outstanding >= chunksAheadMax) return;
  const text = job.sentences[job.nextIndex];
  if (text === undefined) return;
  const { utterance, voice, language, nextIndex: index } = job;
  job.nextIndex += 1;
  job.outstanding += 1;
  ctx.pipeToSelf(
    options.ports.synthesize({ text, voice, language }),
    (audio) => ({ kind: "rendered", utterance, index, audio }),
    (error) => ({ kind: "failed", utterance, index, error }),
  );
}

function deliver(
  options: Options,
  state: State,
  message: Extract<SynthesizerMessage, { kind: "rendered" }>,
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  // Rendered for an utterance that was cleared meanwhile.
  if (job?.utterance !== message.utterance) return;
  job.attempts = 0;
  give(options, state, job, message);
  renderNext(options, state, ctx);
}

function give(
  options: Options,
  state: State,
  job: Job,
  message: {
    readonly index: number;
    readonly audio?: Extract<SynthesizerMessage, { kind: "rendered" }>["audio"];
  },
): void {
  const isLast = message.index === job.sentences.length - 1;
  if (isLast) state.jobs.shift();
  const { utterance } = job;
  options.directory.mediaLeg?.tell({ kind: "speech", utterance, audio: message.audio, isLast });
}

function retryOrSkip(
  options: Options,
  state: State,
  message: Extract<SynthesizerMessage, { kind: "failed" }>,
  ctx: Context<SynthesizerMessage>,
): void {
  const job = state.jobs[0];
  if (job?.utterance !== message.utterance) return;
  job.attempts += 1;
  job.outstanding -= 1;
  if (job.attempts < attemptsMax) job.nextIndex = message.index;
  else {
    job.attempts = 0;
    give(options, state, job, { index: message.index });
  }
  renderNext(options, state, ctx);
}
