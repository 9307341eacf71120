/**
 * Turns out of VAD decisions: when the caller began, interrupted, finished, or had not finished.
 * Pure: media time is the sum of the frames it was given, and events come out of `frame()` only,
 * so what it does is a function of what it was told, in that order.
 *
 *            speech, nothing plays                   silence (sooner after a complete phrase)
 *     idle ───────────────────────────► open ──────────────────────────────► ended
 *      │ ▲                              ▲ ▲ ▲                                 │ │
 *      │ │ silence: rejected            │ │ └── speech within revokeMs: reopened┘ │
 *      │ └──────────── tentative ───────┘ │                                     │
 *      │ speech while     ▲   lasts: confirmed, or playback ended               │
 *      └── we play ───────┴──────────────── later speech starts a new turn ─────┘
 *
 * While protected playback runs, the past is followed and nothing is said: an open turn is held.
 */
import { EngineError } from "../../base/errors.js";
import type { Standing } from "./answer-standing.js";
import { SpeechTrack } from "./speech-track.js";
import { silenceThatEnds } from "./turn-end.js";
import type { OverlapVerdict, TurnEndReason, TurnSink } from "./turn-events.js";
import { turnTuning, type TurnTuning } from "./turn-tuning.js";

export type TurnDetectorOptions = {
  readonly sink: TurnSink;
  /** What differs from `turnDefaults`. */
  readonly tuning?: Partial<TurnTuning>;
  /** Asked about what comes over our playback; left out, all of it is a voice. */
  readonly overlap?: () => OverlapVerdict;
  /** Media time of the first frame: not 0 where a call is taken over. Default 0. */
  readonly startMs?: number;
  /** Id of the first turn; default 1. A call that is taken over goes on counting. */
  readonly firstTurnId?: number;
};

/** What the newest partial says. */
export type TurnPartial = {
  /** What its words say about what is still to come: see `answerJudge`. */
  readonly standing: Standing;
  /** The turn it belongs to; a partial of another than the open turn is ignored. */
  readonly turnId?: number;
};

/** What the caller hears of us. `isInterruptible` means nothing while nothing plays. */
export type PlaybackState = { readonly isPlaying: boolean; readonly isInterruptible: boolean };

/** What the dialog waits for. `digits` and `free` wait longer. */
export type TurnExpectation = { readonly kind: "choice" | "digits" | "free" | "none" };

export type TurnDetector = {
  /**
   * The VAD's decision on the next frame. The only call that reports events.
   *
   * @param frameMs a multiple of 10 from 10 to 120
   * @throws {EngineError} `TURN_FRAME` for another length, `TURN_REENTERED` from within the sink
   */
  frame(isSpeech: boolean, frameMs: number): void;
  /** The recogniser's newest hypothesis changed. Ignored while no turn is open. */
  partial(partial: TurnPartial): void;
  /** Tell it at once when playback starts, stops, or goes from one kind of prompt to the other. */
  playback(state: PlaybackState): void;
  /** Holds from the next frame on, also for a turn that is open. At first `none`. */
  expect(expectation: TurnExpectation): void;
  /**
   * Forgets the turn and all speech heard, without an event: the answer came by keypad, say.
   * Media time, turn ids, playback and expectation stay.
   */
  reset(): void;
  /** Media time at the end of the newest frame. */
  readonly nowMs: number;
};

/**
 * Creates the detector of one caller's stream.
 *
 * @throws {EngineError} `TURN_TUNING` when the settings are wrong or contradict each other
 */
export function createTurnDetector(options: TurnDetectorOptions): TurnDetector {
  return new Detector(options);
}

/** `tentative`: a turn that began over our playback and may yet prove a cough. */
type Phase = "idle" | "tentative" | "open" | "ended";

const stepMs = 10;
const frameMsMax = 120;

class Detector implements TurnDetector {
  readonly #sink: TurnSink;
  readonly #tuning: TurnTuning;
  readonly #track: SpeechTrack;
  readonly #overlap: () => OverlapVerdict;

  // What the owner told us.
  #isPlaying = false;
  #isProtected = false;
  #awaited: TurnExpectation["kind"] = "none";

  // The turn, or the last one.
  #phase: Phase = "idle";
  #turnId: number;
  #onsetMs = 0;
  #lastSpeechMs = 0;
  #endedMs = 0;
  /** Grows with every reopening: who was cut off once in a turn gets more time in it. */
  #patience = 1;
  /** They paused inside the turn, and went on. */
  #hasPaused = false;
  #standing: Standing = "unknown";
  #standingSinceMs = 0;
  /** What the words said before the last pause that the turn went on from. */
  #standingBefore: Standing = "unknown";
  /** The present playback was already interrupted by this turn. */
  #hasFloor = false;
  /** Our playback waits until it is known whether this turn interrupts it. */
  #isHeld = false;
  /** Since when somebody speaks over our playback, with short pauses. */
  #overlapSinceMs = 0;
  /** They go on, after we thought that it was nothing. */
  #isAgain = false;
  #wasHeld = false;
  #rejectedMs = 0;
  /** What came over our playback so far was nobody's voice. */
  #isHarmless = false;
  /** When our playback ended over an unconfirmed turn. */
  #quietSinceMs = 0;
  /** The last turn was too long: no other until the caller pauses. */
  #mustPause = false;

  /** That they went on is still to be reported. */
  #isResumed = false;
  /** Where the speech before their last pause ended. */
  #pausedFromMs = 0;

  #isReporting = false;

  constructor(options: TurnDetectorOptions) {
    const { sink, tuning, startMs = 0, firstTurnId = 1 } = options;
    this.#sink = sink;
    this.#tuning = turnTuning(tuning);
    this.#overlap = options.overlap ?? (() => "voice");
    const { startWindowMs, bargeInWindowMs } = this.#tuning;
    this.#track = new SpeechTrack({ startMs, startWindowMs, bargeInWindowMs });
    this.#turnId = firstTurnId - 1;
  }

  get nowMs(): number {
    return this.#track.nowMs;
  }

  frame(isSpeech: boolean, frameMs: number): void {
    if (!(frameMs >= stepMs && frameMs <= frameMsMax && frameMs % stepMs === 0)) {
      const right = `a multiple of ${stepMs} from ${stepMs} to ${frameMsMax}`;
      throw new EngineError("TURN_FRAME", `frameMs is ${frameMs}; it must be ${right}`, {
        frameMs,
      });
    }
    if (this.#isReporting) {
      throw new EngineError("TURN_REENTERED", "frame() was called from within the turn sink");
    }
    this.#track.push(isSpeech, frameMs);
    if (this.#mustPause && this.#track.silenceMs >= this.#tuning.pauseAfterTooLongMs) {
      this.#mustPause = false;
    }
    if (isSpeech && this.#hasTurn) this.#hearOn();
    this.#isReporting = true;
    try {
      // After every event anew: the sink may have changed what is due by what it told us.
      while (this.#reportNext());
    } finally {
      this.#isReporting = false;
    }
  }

  partial(partial: TurnPartial): void {
    // A late hypothesis of an ended turn must not complete the next one.
    if (!this.#hasTurn) return;
    if (partial.turnId !== undefined && partial.turnId !== this.#turnId) return;
    this.#standing = partial.standing;
    this.#standingSinceMs = this.nowMs;
  }

  playback(state: PlaybackState): void {
    const wasInterruptible = this.#isPlaying && !this.#isProtected;
    if (this.#isPlaying && !state.isPlaying) this.#quietSinceMs = this.nowMs;
    this.#isPlaying = state.isPlaying;
    this.#isProtected = state.isPlaying && !state.isInterruptible;
    if (state.isPlaying && state.isInterruptible && !wasInterruptible) this.#hasFloor = false;
    // An answer that must be heard out cannot be taken back, so the turn it answers is over.
    if (this.#isProtected && this.#phase === "ended") this.#phase = "idle";
  }

  expect(expectation: TurnExpectation): void {
    this.#awaited = expectation.kind;
  }

  reset(): void {
    this.#phase = "idle";
    this.#mustPause = false;
    this.#track.forget();
  }

  get #hasTurn(): boolean {
    return this.#phase === "tentative" || this.#phase === "open";
  }

  /** Counts speech into the turn, unless it may still be a noise in the caller's pause. */
  #hearOn(): void {
    if (this.#isNoiseYet) {
      if (this.#track.startSpeechMs < this.#tuning.resumeSpeechMs) return;
      // They go on after a pause: what was a whole phrase may be the begin of a longer one.
      this.#standingBefore = this.#standing;
      this.#standing = "unknown";
      this.#hasPaused = true;
      this.#isResumed = true;
      this.#pausedFromMs = this.#lastSpeechMs;
    }
    this.#lastSpeechMs = this.nowMs;
  }

  /** Whether the newest burst does not belong to the turn, or not yet. */
  get #isNoiseYet(): boolean {
    return this.#track.burstOnsetMs >= this.#lastSpeechMs;
  }

  /** Reports the most urgent event that is due and enters its state; false when none is. */
  #reportNext(): boolean {
    if (this.#isProtected) return false;
    switch (this.#phase) {
      case "idle":
        return this.#reportStart();
      case "tentative":
        return this.#reportTentative();
      case "open":
        return this.#reportResumed() || this.#reportOpen();
      case "ended":
        return this.#isRevocable ? this.#reportReopening() : this.#reportStart();
    }
  }

  #reportStart(): boolean {
    const { isSpeech, startSpeechMs, burstOnsetMs, nowMs } = this.#track;
    if (!isSpeech || this.#mustPause || startSpeechMs < this.#tuning.startSpeechMs) return false;
    this.#phase = this.#isPlaying ? "tentative" : "open";
    this.#turnId += 1;
    this.#onsetMs = Math.max(burstOnsetMs, nowMs - this.#tuning.prerollMsMax);
    this.#lastSpeechMs = nowMs;
    this.#patience = 1;
    this.#hasPaused = false;
    this.#isResumed = false;
    this.#standing = "unknown";
    this.#standingBefore = "unknown";
    this.#hasFloor = false;
    this.#isAgain = this.#wasHeld && burstOnsetMs - this.#rejectedMs <= this.#tuning.againMsMax;
    if (!this.#isAgain) this.#overlapSinceMs = burstOnsetMs;
    this.#isHeld = false;
    this.#isHarmless = false;
    this.#sink.speechStarted({ turnId: this.#turnId, onsetMs: this.#onsetMs });
    return true;
  }

  #reportTentative(): boolean {
    const { silenceMs, nowMs } = this.#track;
    const { bargeInWindowMs, shortSilenceMs, echoTailMs, turnMsMax } = this.#tuning;
    const isTooLong = nowMs - this.#onsetMs >= turnMsMax;
    if (silenceMs >= bargeInWindowMs || (isTooLong && this.#isPlaying)) return this.#reject();
    if (!this.#isPlaying) {
      // What was our echo fades away behind us.
      if (this.#isHarmless && nowMs - this.#quietSinceMs < echoTailMs) return false;
      this.#phase = "open";
      return true;
    }
    if (silenceMs < shortSilenceMs) return this.#reportSuspicion();
    // It was short. Only its words can make it an interruption.
    if (!this.#isHeld) return false;
    return this.#overlap() === "words" ? this.#confirm() : this.#reject();
  }

  /** They speak over us: first we wait, and then we are silent for good. */
  #reportSuspicion(): boolean {
    const { isSpeech, bargeInSpeechMs, nowMs } = this.#track;
    const { bargeInSureMs, bargeInLongMs, againSpeechMs } = this.#tuning;
    const leastMs = this.#isAgain ? againSpeechMs : this.#tuning.bargeInSpeechMs;
    if (!isSpeech || bargeInSpeechMs < leastMs) return false;
    const verdict = this.#overlap();
    this.#isHarmless = verdict === "harmless";
    if (this.#isHarmless) return false;
    const sureMs = verdict === "listening" ? bargeInLongMs : bargeInSureMs;
    if (nowMs - this.#overlapSinceMs >= sureMs) return this.#confirm();
    if (this.#isHeld) return false;
    this.#isHeld = true;
    this.#sink.bargeInSuspected?.({ turnId: this.#turnId });
    return true;
  }

  #reject(): boolean {
    this.#phase = "idle";
    this.#wasHeld = this.#isHeld;
    this.#rejectedMs = this.nowMs;
    this.#sink.bargeInRejected({ turnId: this.#turnId });
    return true;
  }

  #confirm(): boolean {
    this.#phase = "open";
    this.#hasFloor = true;
    const { nowMs: atMs } = this;
    this.#sink.bargeInConfirmed({ turnId: this.#turnId, onsetMs: this.#onsetMs, atMs });
    return true;
  }

  /** They talk on while we begin to play. */
  #reportBargeIn(): boolean {
    const { isSpeech, bargeInSpeechMs } = this.#track;
    if (!isSpeech || bargeInSpeechMs < this.#tuning.bargeInSpeechMs) return false;
    return this.#overlap() !== "harmless" && this.#confirm();
  }

  #reportResumed(): boolean {
    if (!this.#isResumed) return false;
    this.#isResumed = false;
    const { burstOnsetMs, nowMs } = this.#track;
    const onsetMs = Math.max(burstOnsetMs, nowMs - this.#tuning.prerollMsMax);
    const pauseMs = Math.max(0, onsetMs - this.#pausedFromMs);
    this.#sink.turnResumed?.({ turnId: this.#turnId, onsetMs, pauseMs });
    return true;
  }

  #reportOpen(): boolean {
    const endReason = this.#endReason();
    if (endReason !== undefined) {
      this.#reportEnd(endReason);
      return true;
    }
    // Also for a turn that was open before we began to play: talking on takes the floor.
    return this.#isPlaying && !this.#hasFloor && this.#reportBargeIn();
  }

  #endReason(): TurnEndReason | undefined {
    const { isSpeech, nowMs } = this.#track;
    if (nowMs - this.#onsetMs >= this.#tuning.turnMsMax) return "tooLong";
    // Speech right now, be it noise: the next frame knows better.
    if (isSpeech) return undefined;
    const silenceMs = nowMs - this.#lastSpeechMs;
    const isStable = nowMs - this.#standingSinceMs >= this.#tuning.completeStableMs;
    const { soonMs, limitMs } = silenceThatEnds(this.#tuning, {
      awaited: this.#awaited,
      standing: this.#standing,
      standingBefore: this.#standingBefore,
      hasPaused: this.#hasPaused,
      patience: this.#patience,
      spokenMs: this.#lastSpeechMs - this.#onsetMs,
    });
    if (isStable && soonMs < limitMs && silenceMs >= soonMs) return "complete";
    return silenceMs >= limitMs ? "silence" : undefined;
  }

  #reportEnd(reason: TurnEndReason): void {
    const { nowMs } = this.#track;
    this.#mustPause = reason === "tooLong";
    this.#phase = reason === "tooLong" ? "idle" : "ended";
    this.#endedMs = nowMs;
    const speechEndMs = this.#lastSpeechMs;
    this.#sink.turnEnded({ turnId: this.#turnId, speechEndMs, atMs: nowMs, reason });
  }

  /**
   * Whether the newest speech is a matter of the ended turn: it began within `revokeMs`, or
   * nothing began yet. Weak speech may ripen for one start window more.
   */
  get #isRevocable(): boolean {
    const { revokeMs, startWindowMs, turnMsMax } = this.#tuning;
    const { nowMs, burstOnsetMs } = this.#track;
    return (
      burstOnsetMs - this.#endedMs <= revokeMs &&
      nowMs - this.#endedMs <= revokeMs + startWindowMs &&
      nowMs - this.#onsetMs < turnMsMax
    );
  }

  #reportReopening(): boolean {
    const { isSpeech, startSpeechMs, burstOnsetMs, nowMs } = this.#track;
    if (!isSpeech || startSpeechMs < this.#tuning.reopenSpeechMs) return false;
    const onsetMs = Math.max(burstOnsetMs, nowMs - this.#tuning.prerollMsMax);
    this.#phase = "open";
    this.#lastSpeechMs = nowMs;
    this.#patience *= 2;
    this.#hasPaused = true;
    this.#isResumed = false;
    this.#standingBefore = this.#standing;
    this.#standing = "unknown";
    // The answer is taken back with the reopening itself.
    this.#hasFloor = this.#isPlaying;
    this.#sink.turnReopened({ turnId: this.#turnId, onsetMs });
    return true;
  }
}
