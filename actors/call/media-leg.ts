/**
 * MediaLeg: one side of the call, frames in and out. It decodes what the callee sends, runs the VAD
 * and the turn detector, passes audio to the recogniser and the recorder, and silences us at once
 * when the callee interrupts; what that means, the Dialog decides.
 *
 * A restart costs the caller the turn that was open: the detector begins anew.
 */
import type { AudioFrame } from "./audio-frame.js";
import { frameEar, type FrameEar } from "./frame-ear.js";
import { FrameCutter } from "./frame-cutter.js";
import { decodedFrame, judgedMs } from "./heard-frame.js";
import type { Behavior, Context } from "../kernel/index.js";
import { assertNever } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import { codecOf, type AudioCodec } from "../../codecs/audio/audio-codec.js";
import { createResampler, type Resampler } from "../../codecs/audio/resampler.js";
import { answerJudge, type AnswerJudge } from "../../speech/turn/answer-standing.js";
import { createTurnDetector, type TurnDetector } from "../../speech/turn/turn-detector.js";
import type { TurnSink } from "../../speech/turn/turn-events.js";
import { fittedTuning } from "../../speech/turn/turn-tuning.js";
import { hearingChain, type HearingChain } from "../../speech/hearing/call-hearing.js";
import type { Vad } from "../../speech/vad/vad.js";
import type { MediaLegOptions } from "./media-leg-options.js";
import { mediaBytesOf, mediaLaneOf } from "./media-lanes.js";
import type { MediaLegMessage, PlaybackNotice } from "./messages.js";
import { checkAudio, checkLater } from "./missing-audio.js";
import { PromptHold } from "./prompt-hold.js";
import { OverlapJudge } from "./overlap-judge.js";
import { PlayedSound } from "./played-sound.js";
import { RecordedFrames } from "./recorded-frames.js";
import { SpeechSender } from "./speech-sender.js";
import { leadInMs, ownPiece, turnAudioFor, type TurnAudio } from "./turn-audio.js";
import { expectAnswer, hearPartial, isAnswer } from "./turn-words.js";

/** Credit for two sentences, each of 500 characters: a minute of speech at 16 kHz. */
const speechBytesMax = 4 * 1024 * 1024;
/** Vendors send it in pieces of any length: the shortest of them are 20 ms. */
const speechChunksMax = 4096;

const nothingAwaited = { kind: "none" } as const;

type State = {
  readonly bornAtMs: number;
  readonly codec: AudioCodec;
  readonly speechRateHz: 8000 | 16000;
  /** What the VAD judges at a time. */
  readonly frameMs: number;
  /** Only for rates the speech parts do not take. */
  readonly resampler: Resampler | undefined;
  readonly cutter: FrameCutter;
  readonly recorded: RecordedFrames;
  readonly hearFrame: (frame: Int16Array) => void;
  readonly turnAudio: TurnAudio;
  readonly vad: Vad;
  /** Noise and level; undefined: it is heard as it came. */
  readonly hearing: HearingChain | undefined;
  readonly ear: FrameEar | undefined;
  readonly detector: TurnDetector;
  /** What the words of a partial mean for the end of the turn, in the present state. */
  judge: AnswerJudge;
  /** What comes over our own words, and what these are. */
  readonly overlap: OverlapJudge;
  readonly played: PlayedSound;
  readonly hold: PromptHold;
  readonly sender: SpeechSender;
  /** Utterances announced and not yet over, with whether they may be interrupted. */
  readonly playing: Map<number, boolean>;
  /** Utterances announced so far: a clear covers all of them. */
  lastUtterance: number;
  /** The turn whose audio goes to the recogniser. */
  openTurnId: number | undefined;
  /** What of it is known so far. */
  words: string;
  /** When the newest frame was read from its socket. */
  lastFrameAtMs: number;
  /** An `audioCheck` is on its way. */
  isChecking: boolean;
  /** The connection is lost. */
  isAway: boolean;
  /** No audio since the last check. */
  isAudioMissing: boolean;
};

export function mediaLeg(options: MediaLegOptions): Behavior<State, MediaLegMessage> {
  return {
    start: (ctx) => start(options, ctx),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopped(state) {
      state.recorded.flush(options.directory.recorder);
      state.vad.close();
      state.hearing?.close();
    },
    laneOf: mediaLaneOf,
    bytesOf: mediaBytesOf,
    limits: { tts: { policy: "credit", countMax: speechChunksMax, bytesMax: speechBytesMax } },
    coalesce: (older, newer) =>
      older.kind === "partial" && newer.kind === "partial" && older.turnId === newer.turnId
        ? newer
        : undefined,
  };
}

function start(options: MediaLegOptions, ctx: Context<MediaLegMessage>): State {
  const { leg, ports } = options;
  const rateHz = leg.format.rateHz;
  const frameMs = judgedMs(leg);
  const speechRateHz = rateHz === 8000 ? 8000 : 16000;
  const holder: { state?: State } = {};
  const turnAudio = turnAudioFor(ports.recognizer, speechRateHz);
  const played = new PlayedSound(leg.format, frameMs);
  const overlap = new OverlapJudge(turnAudio, speechRateHz, played);
  const state: State = {
    bornAtMs: ctx.time.nowMs(),
    codec: codecOf(leg.format.codec),
    speechRateHz,
    frameMs,
    resampler:
      speechRateHz === rateHz ? undefined : createResampler({ fromHz: rateHz, toHz: speechRateHz }),
    cutter: new FrameCutter((speechRateHz * frameMs) / 1000),
    recorded: new RecordedFrames({ rateHz, ...codecOf(leg.format.codec) }),
    hearFrame: (frame) => hearFrame(options, state, frame),
    turnAudio,
    played,
    overlap,
    hold: new PromptHold(leg, ports.media),
    vad: ports.vad.create({ rateHz: speechRateHz }),
    hearing: hearingOf(options, speechRateHz),
    ear: frameEar({ ...options, rateHz: speechRateHz }),
    detector: createTurnDetector({
      sink: turnSink(options, () => holder.state!),
      overlap: () => overlap.judge(state.lastFrameAtMs, state.words, isAnswer(state)),
      firstTurnId: options.firstTurnId,
      tuning: fittedTuning(options.turns),
    }),
    judge: answerJudge(nothingAwaited),
    sender: new SpeechSender(leg, ports.media, (utterance) => {
      options.directory.synthesizer?.tell({ kind: "chunkTaken", utterance });
    }),
    playing: new Map(options.playing.map((utterance) => [utterance, true])),
    lastUtterance: options.playing.at(-1) ?? 0,
    openTurnId: undefined,
    words: "",
    lastFrameAtMs: ctx.time.nowMs(),
    isChecking: false,
    isAway: false,
    isAudioMissing: false,
  };
  holder.state = state;
  tellPlayback(state);
  return state;
}

function receive(
  options: MediaLegOptions,
  state: State,
  message: MediaLegMessage,
  ctx: Context<MediaLegMessage>,
): void {
  switch (message.kind) {
    case "audio":
      hear(options, state, message);
      return checkLater(state, ctx);
    case "legAway":
      state.isAway = true;
      return;
    case "legBack":
      return legBack(state, message.atMs, ctx);
    case "legReplaced":
      state.sender.renew();
      clear(options, state, state.lastUtterance);
      return legBack(state, message.atMs, ctx);
    case "audioCheck":
      return checkAudio(state, ctx);
    case "say":
      return say(options, state, message);
    case "speech":
      return speak(options, state, message);
    case "clear":
      return clear(options, state, message.utterance);
    case "expect":
      return expectAnswer(state, message.expectation);
    case "forgetTurn":
      return forgetTurn(options, state);
    case "greeting":
      return state.ear?.words?.(message.text);
    case "partial":
      return hearPartial(state, message);
    case "credit":
      return state.sender.addCredit(message.frames, message.utterance);
    case "playbackStarted":
    case "playbackEnded":
    case "playbackPaused":
    case "playbackResumed":
      return notice(options, state, message);
    default:
      return assertNever(message);
  }
}

/** What was said on the way comes now, or never will: the gap is nobody's silence. */
function legBack(state: State, atMs: number, ctx: Context<MediaLegMessage>): void {
  state.isAway = false;
  state.lastFrameAtMs = atMs;
  state.isAudioMissing = false;
  checkLater(state, ctx);
}

/** The way of an incoming payload, up to the turn detector. Nothing is allocated on it. */
function hear(options: MediaLegOptions, state: State, frame: AudioFrame): void {
  const { ports, directory } = options;
  state.recorded.hear(frame, directory.recorder);
  const samples = decodedFrame(state.codec, frame.payload);
  const speech = state.resampler === undefined ? samples : state.resampler.process(samples);
  state.lastFrameAtMs = frame.atMs;
  state.isAudioMissing = false;
  state.cutter.cut(speech, state.hearFrame);
  // What came before this life could hear has waited for it, not for us to be quick.
  const isHeld = frame.atMs < state.bornAtMs;
  const latency = isHeld ? ports.latency.frameHeld : ports.latency.frameIn;
  latency.recordMs(ports.time.nowMs() - frame.atMs);
}

/** @param asItCame for those who judge the line itself: beeps, tones, voiceprints */
function hearFrame(options: MediaLegOptions, state: State, asItCame: Int16Array): void {
  const frame = state.hearing?.process(asItCame) ?? asItCame;
  state.turnAudio.hear(frame);
  const turnIdBefore = state.openTurnId;
  const isSpeech = state.vad.isSpeech(frame);
  state.ear?.frame(asItCame, isSpeech);
  state.detector.frame(isSpeech, state.frameMs);
  // A turn that this frame opened or reopened has it in its pre-roll already.
  if (turnIdBefore === undefined || state.openTurnId !== turnIdBefore) return;
  lendTurn(options, state.turnAudio.due(frame));
}

function hearingOf(options: MediaLegOptions, rateHz: number): HearingChain | undefined {
  const { hearing, ports, directory } = options;
  const failed = (error: unknown): void => {
    directory.call.tell({ kind: "trouble", actor: "mediaLeg", error: toErrorData(error) });
  };
  return hearingChain({ hearing, rateHz, noise: ports.noise, failed });
}

function lendTurn({ directory }: MediaLegOptions, piece: ReturnType<TurnAudio["due"]>): void {
  if (piece !== undefined) directory.recognizer?.lend(piece, ownPiece);
}

/** Gives up the turn that is open, if any, and all speech heard so far. */
function forgetTurn({ directory }: MediaLegOptions, state: State): void {
  state.detector.reset();
  state.hold.release();
  const turnId = state.openTurnId;
  if (turnId === undefined) return;
  state.openTurnId = undefined;
  state.turnAudio.close();
  directory.recognizer?.tell({ kind: "turnCancelled", turnId });
  // The Dialog may have been told of it meanwhile: its end will not come.
  directory.dialog?.tell({ kind: "turnCancelled", turnId });
}

function turnSink(options: MediaLegOptions, state: () => State): TurnSink {
  const { directory } = options;
  const atMs = (mediaMs: number): number =>
    state().lastFrameAtMs - (state().detector.nowMs - mediaMs);
  return {
    speechStarted({ turnId, onsetMs }) {
      openTurn(options, state(), { turnId, onsetMs });
      directory.dialog?.tell({ kind: "turnStarted", turnId });
    },
    bargeInSuspected: () => state().hold.hold(),
    bargeInConfirmed({ turnId, onsetMs }) {
      clear(options, state(), state().lastUtterance);
      directory.dialog?.tell({ kind: "bargeIn", turnId, onsetAtMs: atMs(onsetMs) });
    },
    bargeInRejected({ turnId }) {
      state().hold.release();
      state().openTurnId = undefined;
      state().turnAudio.close();
      directory.recognizer?.tell({ kind: "turnCancelled", turnId });
      directory.dialog?.tell({ kind: "turnCancelled", turnId });
    },
    turnEnded({ turnId, speechEndMs }) {
      state().openTurnId = undefined;
      lendTurn(options, state().turnAudio.close());
      directory.recognizer?.tell({ kind: "turnEnded", turnId });
      const ended = { kind: "turnEnded", turnId, speechEndAtMs: atMs(speechEndMs) } as const;
      directory.dialog?.tell({ ...ended, atMs: state().lastFrameAtMs });
    },
    turnResumed({ turnId, onsetMs, pauseMs }) {
      // An "um" is no word of any answer: what follows it is heard by itself.
      if (options.ports.recognizer?.takesPhrasesOnly !== true) return;
      if (state().words !== "" || state().openTurnId !== turnId) return;
      directory.recognizer?.tell({ kind: "stretchEnded", turnId });
      // Should it have been a word after all, it must not be heard twice.
      openTurn(options, state(), { turnId, onsetMs, leadMs: Math.min(leadInMs, pauseMs) });
    },
    turnReopened({ turnId, onsetMs }) {
      openTurn(options, state(), { turnId, onsetMs });
      directory.dialog?.tell({ kind: "turnReopened", turnId });
    },
  };
}

type Opening = { readonly turnId: number; readonly onsetMs: number; readonly leadMs?: number };

function openTurn(
  options: MediaLegOptions,
  state: State,
  { turnId, onsetMs, leadMs = leadInMs }: Opening,
): void {
  if (state.openTurnId !== turnId) state.overlap.begin();
  state.openTurnId = turnId;
  state.words = "";
  const sinceOnsetMs = state.detector.nowMs - onsetMs + leadMs;
  options.directory.recognizer?.tell(state.turnAudio.open(turnId, sinceOnsetMs));
}

function say(
  options: MediaLegOptions,
  state: State,
  message: Extract<MediaLegMessage, { kind: "say" }>,
): void {
  const { ports, leg } = options;
  const { utterance, isInterruptible, promptId } = message;
  state.lastUtterance = utterance;
  state.playing.set(utterance, isInterruptible);
  if (promptId === undefined) ports.media.openStream(leg.slot, utterance);
  else {
    ports.media.playPrompt(leg.slot, utterance, promptId);
    const audio = ports.findPrompt(promptId, leg.format);
    if (audio !== undefined) spoken(options, state, utterance, audio);
  }
  tellPlayback(state);
}

function speak(
  options: MediaLegOptions,
  state: State,
  message: Extract<MediaLegMessage, { kind: "speech" }>,
): void {
  const { utterance, audio, mark: name, endsSentence, isLast } = message;
  // Cleared meanwhile: whoever rendered it is told by the same clear.
  if (!state.playing.has(utterance)) return;
  const { sender } = state;
  if (audio !== undefined) spoken(options, state, utterance, sender.add(utterance, audio));
  if (name !== undefined) {
    const positionMs = sender.positionMs(utterance);
    options.directory.dialog?.tell({ kind: "mark", utterance, name, positionMs });
  }
  if (endsSentence) spoken(options, state, utterance, sender.endSentence(utterance));
  if (isLast) sender.end(utterance);
}

/** What was sent is what is recorded. */
function spoken(
  { directory }: MediaLegOptions,
  state: State,
  utterance: number,
  audio: Uint8Array,
): void {
  if (audio.length === 0) return;
  state.played.add(utterance, audio);
  directory.recorder?.tell({ kind: "spoken", utterance, audio });
}

/** Forgets all utterances up to `utterance` on this side; the gateway answers with their ends. */
function clear(options: MediaLegOptions, state: State, utterance: number): void {
  options.ports.media.clear(options.leg.slot, utterance);
  state.hold.cleared();
  state.sender.clear(utterance);
  for (const number of [...state.playing.keys()]) {
    if (number <= utterance) state.playing.delete(number);
  }
  options.directory.synthesizer?.tell({ kind: "clear", utterance });
  tellPlayback(state);
}

function notice(options: MediaLegOptions, state: State, message: PlaybackNotice): void {
  state.played.notice(message);
  if (message.kind === "playbackEnded") {
    state.playing.delete(message.utterance);
    tellPlayback(state);
  }
  options.directory.recorder?.tell(message);
  options.directory.dialog?.tell(message);
}

/** Tells the detector whether we are audible, and whether what plays may be interrupted. */
function tellPlayback(state: State): void {
  const [current] = state.playing.values();
  // Nobody interrupts what is over, or must be heard out.
  if (current !== true) state.hold.release();
  state.detector.playback({ isPlaying: current !== undefined, isInterruptible: current ?? true });
}
