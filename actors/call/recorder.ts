/**
 * Recorder: both sides of the call as they were heard, in chunks of one second that are sealed and
 * stored elsewhere. The callee's side lies by media time; ours by what the gateway says it played.
 *
 * A restart, also on another shard, leaves a gap of silence: the new life asks how many chunks are
 * stored, and goes on behind them at the right time.
 */
import { assertNever } from "../../base/assert.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { AudioFrame } from "./audio-frame.js";
import { CalleeClock } from "./callee-clock.js";
import type { CastPorts, CallSpec, Leg, RecordingAnchor } from "./cast-ports.js";
import { backlogMax, ChunkOutbox } from "./chunk-outbox.js";
import type { CallDirectory, PlaybackNotice, RecorderMessage } from "./messages.js";
import { RecordedVoice } from "./recorded-voice.js";
import { RecordingTimeline } from "./recording-timeline.js";

const chunkMs = 1000;
/** A sample older than this may no longer change: notices from the gateway come much sooner. */
const settleMs = 1000;
/** Audio of a call's beginning that may still show that its clock began earlier. */
const anchorMs = 2000;
const windowMs = 8000;

type State = {
  readonly bytesPerSample: number;
  readonly timeline: RecordingTimeline;
  readonly calleeClock: CalleeClock;
  readonly voices: Map<number, RecordedVoice>;
  /** Where this life's timeline begins. */
  anchor: RecordingAnchor | undefined;
  /** Waiting to learn how many chunks an earlier life stored; nothing is laid down meanwhile. */
  isResuming: boolean;
  readonly outbox: ChunkOutbox;
  isStoring: boolean;
  isFinishing: boolean;
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
  const { codec: codecName, rateHz } = options.leg.format;
  const { pages } = options.ports;
  return {
    start(ctx) {
      if (options.anchor !== undefined) askCursor(options, ctx);
      const timer = ctx.after(chunkMs, { kind: "flush" });
      const samples = (ms: number): number => (ms * rateHz) / 1000;
      const codec = codecOf(codecName);
      const timeline = new RecordingTimeline({
        codec,
        pages,
        chunkSamples: samples(chunkMs),
        windowSamples: samples(windowMs),
      });
      return {
        bytesPerSample: codec.bytesPerSample,
        timeline,
        calleeClock: new CalleeClock(rateHz, (position, frame) => {
          timeline.place("callee", position, frame);
        }),
        voices: new Map(),
        anchor: undefined,
        isResuming: options.anchor !== undefined,
        outbox: new ChunkOutbox(pages),
        isStoring: false,
        isFinishing: false,
        timer,
      };
    },
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopping: (state, _reason, ctx) => finish(options, state, ctx),
    laneOf: (message) => (message.kind === "audio" ? "audio" : "system"),
    bytesOf: (message) => (message.kind === "audio" ? message.payload.length : 0),
  };
}

function receive(
  options: RecorderOptions,
  state: State,
  message: RecorderMessage,
  ctx: Context<RecorderMessage>,
): void {
  switch (message.kind) {
    case "audio":
      if (state.isResuming) return;
      return hear(options, state, message);
    case "cursor":
      return resume(options, state, message.chunks, ctx);
    case "cursorUnknown":
      tellTrouble(options, message.error);
      // Nothing can be added behind an unknown end: what is stored so far is the recording.
      return ctx.stop();
    case "spoken":
      return voiceOf(options, state, message.utterance).add(message.audio, ctx.time.nowMs());
    case "playbackStarted":
    case "playbackPaused":
    case "playbackResumed":
    case "playbackEnded":
      return notice(options, state, message);
    case "cutOff":
      if (!state.isResuming) layVoices(options, state, message.atMs);
      return state.voices.clear();
    case "flush":
      state.timer = ctx.after(chunkMs, { kind: "flush" });
      return flush(options, state, ctx);
    case "stored":
    case "storeFailed":
      return stored(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

function hear(
  options: RecorderOptions,
  state: State,
  { mediaSamples, atMs: arrivedAtMs, payload }: AudioFrame,
): void {
  const samplesPerMs = options.leg.format.rateHz / 1000;
  const samples = payload.length / state.bytesPerSample;
  // A frame is whole when it arrives: its first sample is at least its length older.
  const atMs = arrivedAtMs - samples / samplesPerMs;
  if (state.anchor === undefined) setAnchor(options, state, { atMs, mediaSamples });
  const anchor = state.anchor!;
  const mediaSample = mediaSamples - anchor.mediaSamples;
  // Frames come late, never early: the quickest of the first ones shows when the clock began.
  const lateMs = atMs - anchor.atMs - mediaSample / samplesPerMs;
  const isEarly = mediaSample < anchorMs * samplesPerMs;
  if (isEarly && lateMs < 0 && options.anchor === undefined) {
    state.anchor = { ...anchor, atMs: anchor.atMs + lateMs };
  }
  state.calleeClock.hear(mediaSample, positionOf(options, state, atMs), payload);
}

function tellTrouble({ directory }: RecorderOptions, error: ErrorData): void {
  directory.call.tell({ kind: "trouble", actor: "recorder", error });
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
function resume(
  options: RecorderOptions,
  state: State,
  chunks: number,
  ctx: Context<RecorderMessage>,
): void {
  const { atMs, mediaSamples } = options.anchor!;
  const rateHz = options.leg.format.rateHz;
  state.anchor = {
    atMs: atMs + chunks * chunkMs,
    mediaSamples: mediaSamples + (chunks * chunkMs * rateHz) / 1000,
  };
  state.outbox.goOnBehind(chunks);
  state.isResuming = false;
  const behindMs = ctx.time.nowMs() - state.anchor.atMs;
  // A process may have been gone for longer than the timeline looks ahead.
  if (behindMs > windowMs / 2) flush(options, state, ctx);
  else store(options, state, ctx);
}

function voiceOf(options: RecorderOptions, state: State, utterance: number): RecordedVoice {
  const known = state.voices.get(utterance);
  if (known !== undefined) return known;
  const { codec, rateHz } = options.leg.format;
  const voice = new RecordedVoice(rateHz, codecOf(codec).bytesPerSample);
  state.voices.set(utterance, voice);
  return voice;
}

/** What the gateway says about when an utterance sounded. */
function notice(options: RecorderOptions, state: State, message: PlaybackNotice): void {
  const { utterance } = message;
  const toSamples = options.leg.format.rateHz / 1000;
  const frameSamples = options.leg.frameBytes / state.bytesPerSample;
  switch (message.kind) {
    case "playbackStarted":
      return voiceOf(options, state, utterance).began(message.atMs);
    case "playbackPaused": {
      const heardSamples = message.heardFrames * frameSamples;
      return voiceOf(options, state, utterance).paused(heardSamples);
    }
    case "playbackResumed": {
      const sentSamples = message.sentFrames * frameSamples;
      return voiceOf(options, state, utterance).resumed(sentSamples, message.atMs);
    }
    case "playbackEnded": {
      const voice = state.voices.get(utterance);
      if (voice === undefined || state.isResuming) return;
      layVoice(options, state, voice, message.heardMs * toSamples);
      state.voices.delete(utterance);
      return;
    }
    default:
      return assertNever(message);
  }
}

/** Lays an utterance on the timeline, up to so many of its samples. */
function layVoice(
  options: RecorderOptions,
  state: State,
  voice: RecordedVoice,
  heardSamples: number,
): void {
  voice.lay(heardSamples, (atMs, offsetSamples, audio) => {
    state.timeline.place("agent", positionOf(options, state, atMs) + offsetSamples, audio);
  });
}

/** Lays of all voices what sounded before that instant. */
function layVoices(options: RecorderOptions, state: State, instantMs: number): void {
  for (const voice of state.voices.values()) {
    layVoice(options, state, voice, voice.heardBefore(instantMs));
  }
}

/** Timeline position of a monotonic instant. Without a frame from the callee, now is the start. */
function positionOf(options: RecorderOptions, state: State, atMs: number): number {
  if (state.anchor === undefined) setAnchor(options, state, { atMs, mediaSamples: 0 });
  return Math.round(((atMs - state.anchor!.atMs) * options.leg.format.rateHz) / 1000);
}

/** Takes out whole chunks that can no longer change. */
function flush(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  if (state.isResuming) return;
  const horizonMs = ctx.time.nowMs() - settleMs;
  layVoices(options, state, horizonMs);
  if (state.anchor === undefined) return;
  const horizon = positionOf(options, state, horizonMs);
  for (;;) {
    const chunk = state.timeline.takeChunk(horizon);
    if (chunk === undefined) break;
    if (!state.outbox.add(chunk, false)) tellTrouble(options, backlogFull(state));
  }
  store(options, state, ctx);
}

function backlogFull({ outbox: { nextIndex } }: State): ErrorData {
  const message = `over ${backlogMax} chunks wait for the store; one becomes silence`;
  return toErrorData(new EngineError("RECORDING_BACKLOG", message, { nextIndex, backlogMax }));
}

/** The call is over: what is left goes out as the last chunk. When it is stored, we end. */
function finish(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  state.timer?.cancel();
  state.isFinishing = true;
  state.calleeClock.settle();
  layVoices(options, state, ctx.time.nowMs());
  state.outbox.add(state.timeline.takeRest(), true);
  state.outbox.tryAnew();
  store(options, state, ctx);
}

/** One chunk at a time: their order is part of what the seal proves. */
function store(options: RecorderOptions, state: State, ctx: Context<RecorderMessage>): void {
  if (state.isStoring || state.isResuming) return;
  const chunk = state.outbox.next();
  if (chunk === undefined) return;
  state.isStoring = true;
  const index = state.outbox.nextIndex;
  const { ports, spec, leg, startedEpochMs } = options;
  const { callId, userId } = spec;
  const place = { callId, userId, index, format: leg.format, startedEpochMs };
  ctx.pipeToSelf(
    ports.record({ ...place, ...chunk }),
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
  if (message.kind === "stored") {
    const isOver = state.outbox.stored();
    tellRecorded(options, state);
    return isOver ? ctx.stop() : store(options, state, ctx);
  }
  tellTrouble(options, message.error);
  if (state.outbox.failed()) return store(options, state, ctx);
  // The next flush tries again; after the call nothing does.
  if (state.isFinishing) ctx.stop();
}

/** What is stored, that of earlier lives included. */
function tellRecorded({ anchor, directory, leg }: RecorderOptions, state: State): void {
  const isResumed = anchor !== undefined && state.anchor !== undefined;
  const earlierMs = isResumed ? state.anchor!.atMs - anchor.atMs : 0;
  const recordedMs = earlierMs + (state.outbox.storedSamples * 1000) / leg.format.rateHz;
  directory.call.tell({ kind: "recorded", recordedMs });
}
