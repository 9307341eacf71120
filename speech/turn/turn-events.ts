/**
 * What the turn detector tells its owner. Times are media milliseconds of the caller's stream:
 * samples received divided by the rate, counted from `startMs`. Turn ids rise from 1 by 1.
 *
 *   speechStarted ─┬─► turnEnded ──► turnReopened ──► turnEnded …
 *                  ├─► bargeInConfirmed ──► turnEnded …
 *                  └─► bargeInRejected
 */

/** `onsetMs`: where the first speech of the turn lies; feed the recogniser from there. */
export type SpeechStarted = { readonly turnId: number; readonly onsetMs: number };

export type BargeInConfirmed = {
  readonly turnId: number;
  /** Onset of the turn, not of the confirmation. */
  readonly onsetMs: number;
  readonly atMs: number;
};

export type BargeInRejected = { readonly turnId: number };

/**
 * `complete`: a phrase of the expectation was stable and silence followed. `silence`: silence
 * alone. `tooLong`: the turn reached its limit, and is the only kind that cannot be reopened.
 */
export type TurnEndReason = "complete" | "silence" | "tooLong";

export type TurnEnded = {
  readonly turnId: number;
  /** Where the caller's speech ended; `atMs - speechEndMs` is the cost of endpointing. */
  readonly speechEndMs: number;
  readonly atMs: number;
  readonly reason: TurnEndReason;
};

/** `onsetMs`: where they went on after a pause that did not end the turn; `pauseMs` long. */
export type TurnResumed = {
  readonly turnId: number;
  readonly onsetMs: number;
  readonly pauseMs: number;
};

/** `onsetMs`: where the speech resumed; it lies between the old `speechEndMs` and now. */
export type TurnReopened = { readonly turnId: number; readonly onsetMs: number };

/**
 * What it is that comes over our playback. `harmless`: a cough, or our own echo. `listening`: words
 * like "okay", which ask nobody to stop. `voice`: somebody says something. `words`: they ask us to
 * stop, or answer the question.
 */
export type OverlapVerdict = "harmless" | "listening" | "voice" | "words";

/**
 * Receives the events, all of them from within `frame()`. A sink may call `partial`, `playback`,
 * `expect` and `reset` on the detector, but not `frame`.
 */
export type TurnSink = {
  /** The caller began to speak. Exactly once a turn, before everything else about it. */
  speechStarted(event: SpeechStarted): void;
  /**
   * Somebody speaks over interruptible playback: let it wait, for a moment, until it is confirmed
   * or rejected. Once a turn at most; not before every confirmation.
   */
  bargeInSuspected?(event: { readonly turnId: number }): void;
  /** The caller talks over interruptible playback: silence it. Once a playback at most. */
  bargeInConfirmed(event: BargeInConfirmed): void;
  /** It was a cough, a click, an "mhm": the turn is void and playback goes on where it was. */
  bargeInRejected(event: BargeInRejected): void;
  /** The caller paused and went on, all in the same turn. */
  turnResumed?(event: TurnResumed): void;
  /** The caller finished. Provisional for `revokeMs` unless `tooLong`. */
  turnEnded(event: TurnEnded): void;
  /** The caller had not finished: take the answer back, the same turn goes on. */
  turnReopened(event: TurnReopened): void;
};
