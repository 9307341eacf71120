/**
 * Recorder: both sides of the call as they were heard, in chunks of one second that are sealed and
 * stored elsewhere. The callee's side lies by media time; ours by what the gateway says it played.
 *
 * A restart, also on another shard, leaves a gap of silence: the new life asks how many chunks are
 * stored, and goes on behind them at the right time.
 */
import { assertNever } from "../../base/assert.js";
import type { Timer } from "../../base/ports.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CastPorts, CallSpec, Leg, RecordingAnchor } from "./cast-ports.js";
import type { CallDirectory, RecorderMessage } from "./messages.js";
import { RecordingTimeline } from "./recording-timeline.js";

const chunkMs = 1000;
/** A sample older than this may no longer change: notices from the gateway come much sooner. */
const settleMs = 1000;
const windowMs = 8000;
/** Chunks that wait for the store; more are dropped and leave a gap. */
const backlogMax = 10;
/** How often one chunk is offered to a store that fails. */
const attemptsMax = 3;

/** One utterance on its way through the speaker. */
type Voice = {
  readonly parts: Int16Array[];
  startedAtMs: number | undefined;
  /** Samples laid on the timeline. */
  laid: number;
};

type State = {
  readonly timeline: RecordingTimeline;
  readonly voices: Map<number, Voice>;
  /** Where this life's timeline begins. */
  anchor: RecordingAnchor | undefined;
  /** Waiting to learn how many chunks an earlier life stored; nothing is laid down meanwhile. */
  isResuming: boolean;
  nextIndex: number;
  readonly waiting: { readonly samples: Int16Array; readonly isLast: boolean }[];
  isStoring: boolean;
  attempts: number;
  droppedChunks: number;
  timer: Timer | undefined;
};

export type RecorderOptions = {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
  readonly spec: CallSpec;
  readonly leg: Leg;
  readonly startedEpochMs: number;
  /** Where an earlier life of this recorder began the recording. */
  readonly anchor: RecordingAnchor | undefined;
};

export function recorder(options: RecorderOptions): Behavior<State, RecorderMessage> {
  const rateHz = options.leg.format.rateHz;
  return {
    start(ctx) {
      if (options.anchor !== undefined) askCursor(options, ctx);
      const timer = ctx.after(chunkMs, { kind: "flush" });
      const samples = (ms: number): number => (ms * rateHz) / 1000;
      return {
        timeline: new RecordingTimeline(samples(chunkMs), samples(windowMs)),
        voices: new Map(),
        anchor: undefined,
        isResuming: options.anchor !== undefined,
        nextIndex: 0,
        waiting: [],
        isStoring: false,
        attempts: 0,
        droppedChunks: 0,
        timer,
      };
    },
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    laneOf: (message) => (message.kind === "heard" ? "audio" : "system"),
    bytesOf: (message) => (message.kind === "heard" ? message.samples.byteLength : 0),
  };
}

function receive(
  options: RecorderOptions,
  state: State,
  message: RecorderMessage,
  ctx: Context<RecorderMessage>,
): void {
  switch (message.kind) {
    case "heard":
      if (state.isResuming) return;
      if (state.anchor === undefined) {
        const { atMs, mediaSamples } = message;
        setAnchor(options, state, { atMs, mediaSamples });
      }
      return hear(state, message);
    case "cursor":
      return resume(options, state, message.chunks);
    case "cursorUnknown":
      // Nothing can be added behind an unknown end: what is stored so far is the recording.
      return ctx.stop();
    case "spoken":
      return void voiceOf(state, message.utterance).parts.push(message.samples);
    case "playbackStarted":
      voiceOf(state, message.utterance).startedAtMs = message.atMs;
      return;
    case "playbackEnded":
      return endVoice(options, state, message);
    case "flush":
      state.timer = ctx.after(chunkMs, { kind: "flush" });
      return flush(options, state, ctx);
    case "finish":
      return finish(options, state, ctx);
    case "stored":
    case "storeFailed":
      return stored(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

function hear(
  state: State,
  { mediaSamples, samples }: { readonly mediaSamples: number; readonly samples: Int16Array },
): void {
  state.timeline.place("callee", mediaSamples - state.anchor!.mediaSamples, samples);
}

/** Begins the recording; whoever goes on with it must know where. */
function setAnchor(options: RecorderOptions, state: State, anchor: RecordingAnchor): void {
  state.anchor = anchor;
  options.directory.call.tell({ kind: "recordingBegan", anchor });
}

function askCursor({ ports, spec }: RecorderOptions, ctx: Context<RecorderMessage>): void {
  ctx.pipeToSelf(
    ports.recordedChunks(spec),
    (chunks) => ({ kind: "cursor", chunks }),
    (error) => ({ kind: "cursorUnknown", error }),
  );
}

/** Goes on behind the chunks of an earlier life: the time between is silence. */
function resume(options: RecorderOptions, state: State, chunks: number): void {
  const { atMs, mediaSamples } = options.anchor!;
  const rateHz = options.leg.format.rateHz;
  state.anchor = {
    atMs: atMs + chunks * chunkMs,
    mediaSamples: mediaSamples + (chunks * chunkMs * rateHz) / 1000,
  };
  state.nextIndex = chunks;
  state.isResuming = false;
}

function voiceOf(state: State, utterance: number): Voice {
  const known = state.voices.get(utterance);
  if (known !== undefined) return known;
  const voice: Voice = { parts: [], startedAtMs: undefined, laid: 0 };
  state.voices.set(utterance, voice);
  return voice;
}

function endVoice(
  options: RecorderOptions,
  state: State,
  { utterance, heardMs }: { readonly utterance: number; readonly heardMs: number },
): void {
  const voice = state.voices.get(utterance);
  if (voice === undefined || state.isResuming) return;
  layVoice(options, state, voice, (heardMs * options.leg.format.rateHz) / 1000);
  state.voices.delete(utterance);
}

/** Lays an utterance on the timeline, up to so many of its samples. */
function layVoice(
  options: RecorderOptions,
  state: State,
  voice: Voice,
  heardSamples: number,
): void {
  if (voice.startedAtMs === undefined) return;
  const start = positionOf(options, state, voice.startedAtMs);
  let offset = 0;
  for (const part of voice.parts) {
    const from = Math.max(0, voice.laid - offset);
    const to = Math.min(part.length, Math.round(heardSamples) - offset);
    if (to > from) {
      state.timeline.place("agent", start + offset + from, part.subarray(from, to));
      voice.laid = offset + to;
    }
    offset += part.length;
  }
}

/** Timeline position of a monotonic instant. Without a frame from the callee, now is the start. */
function positionOf(options: RecorderOptions, state: State, atMs: number): number {
  if (state.anchor === undefined) setAnchor(options, state, { atMs, mediaSamples: 0 });
  return Math.round(((atMs - state.anchor!.atMs) * options.leg.format.rateHz) / 1000);
}

/** Takes out whole chunks that can no longer change. */
function flush(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  const rateHz = options.leg.format.rateHz;
  if (state.isResuming) return;
  const nowMs = ctx.time.nowMs();
  const horizonMs = nowMs - settleMs;
  for (const voice of state.voices.values()) {
    if (voice.startedAtMs === undefined) continue;
    layVoice(options, state, voice, ((horizonMs - voice.startedAtMs) * rateHz) / 1000);
  }
  if (state.anchor === undefined) return;
  const horizon = positionOf(options, state, horizonMs);
  for (;;) {
    const chunk = state.timeline.takeChunk(horizon);
    if (chunk === undefined) break;
    queue(state, chunk, false);
  }
  store(options, state, ctx);
}

/** The call is over: everything that is left goes out as the last chunk. */
function finish(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  state.timer?.cancel();
  const nowMs = ctx.time.nowMs();
  const rateHz = options.leg.format.rateHz;
  for (const voice of state.voices.values()) {
    if (voice.startedAtMs === undefined) continue;
    layVoice(options, state, voice, ((nowMs - voice.startedAtMs) * rateHz) / 1000);
  }
  queue(state, state.timeline.takeRest(), true);
  store(options, state, ctx);
}

function queue(state: State, samples: Int16Array, isLast: boolean): void {
  if (state.waiting.length < backlogMax || isLast) state.waiting.push({ samples, isLast });
  else state.droppedChunks += 1;
}

/** One chunk at a time: their order is part of what the seal proves. */
function store(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  const chunk = state.waiting[0];
  if (chunk === undefined || state.isStoring) return;
  state.isStoring = true;
  const index = state.nextIndex;
  const { ports, spec, leg, startedEpochMs } = options;
  const { callId, userId } = spec;
  // A copy goes, so that a chunk that failed can be sent again.
  const place = { callId, userId, index, rateHz: leg.format.rateHz, startedEpochMs };
  ctx.pipeToSelf(
    ports.record({ ...place, isLast: chunk.isLast, samples: chunk.samples.slice() }),
    () => ({ kind: "stored", index }),
    (error) => ({ kind: "storeFailed", index, error }),
  );
}

function stored(
  options: RecorderOptions,
  state: State,
  message: Extract<RecorderMessage, { kind: "stored" | "storeFailed" }>,
  ctx: Context<RecorderMessage>,
): void {
  state.isStoring = false;
  if (message.kind === "storeFailed" && (state.attempts += 1) < attemptsMax) {
    return store(options, state, ctx);
  }
  if (message.kind === "stored") state.nextIndex += 1;
  else state.droppedChunks += 1;
  state.attempts = 0;
  if (state.waiting.shift()?.isLast === true) {
    const recordedMs = recordedBeforeMs(options, state) + heldMs(options, state);
    return void options.directory.call.tell({ kind: "recorded", recordedMs });
  }
  store(options, state, ctx);
}

/** What earlier lives recorded, gap included. */
function recordedBeforeMs({ anchor }: RecorderOptions, state: State): number {
  return anchor === undefined || state.anchor === undefined ? 0 : state.anchor.atMs - anchor.atMs;
}

function heldMs(options: RecorderOptions, state: State): number {
  return (state.timeline.endSample * 1000) / options.leg.format.rateHz;
}
