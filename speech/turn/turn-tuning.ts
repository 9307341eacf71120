/** Every number that shapes a turn, with its default and its reason. All of them are media time. */
import { EngineError } from "../../base/errors.js";

/**
 * Durations are multiples of 10 ms. "Speech" is what the VAD called speech; a burst is speech
 * without a silence of `startWindowMs` in it.
 */
export type TurnTuning = {
  /** Speech within `startWindowMs` that starts a turn. A click is one or two frames of 20 ms. */
  readonly startSpeechMs: number;
  readonly startWindowMs: number;
  /** Speech within `startWindowMs` that ends a pause inside a turn; less is noise in the pause. */
  readonly resumeSpeechMs: number;
  /** Speech within `startWindowMs` that reopens an ended turn, and so takes our answer back. */
  readonly reopenSpeechMs: number;
  /**
   * An onset lies at most this far before its event: what the owner must keep of the past for the
   * recogniser. Speech that began under protected playback is cut to this.
   */
  readonly prerollMsMax: number;
  /** Speech within `bargeInWindowMs` over our playback that makes us wait. */
  readonly bargeInSpeechMs: number;
  /** Also the silence after which an unconfirmed interruption is rejected. */
  readonly bargeInWindowMs: number;
  /** Somebody who has spoken over us for so long interrupts us, whatever they say … */
  readonly bargeInSureMs: number;
  /** … and for so long also with "okay, okay, …". */
  readonly bargeInLongMs: number;
  /** Silence behind something shorter: we go on, unless its words ask us to stop. */
  readonly shortSilenceMs: number;
  /** Who goes on within this time after that was meant all along, and makes us wait sooner: … */
  readonly againMsMax: number;
  /** … with so much speech. */
  readonly againSpeechMs: number;
  /** An echo of ours sounds on at most this long after us. */
  readonly echoTailMs: number;
  /** An answer must not have changed for this long to end a turn sooner than other silence does. */
  readonly completeStableMs: number;
  /** Silence that ends a turn behind an answer that is surely whole. Doubles at every reopening. */
  readonly completeSilenceMs: number;
  /**
   * The same behind what was said after a pause: who has looked for words, or added something to an
   * answer, hardly goes on again. Doubles at every reopening.
   */
  readonly addedSilenceMs: number;
  /** Silence that ends a turn of unknown words, and one of a short answer ("yes, but …"). */
  readonly silenceMs: number;
  /** The same where digits are awaited: people pause between groups of them. */
  readonly digitsSilenceMs: number;
  /** The same where anything may be said: people pause between clauses. */
  readonly freeSilenceMs: number;
  /** The same in the middle of a phrase, with too few digits, or after "um". */
  readonly unfinishedSilenceMs: number;
  /** The same where phrases are awaited, and a short sound was none of them: an "um", mostly. */
  readonly unknownSilenceMs: number;
  /** So short; what is longer is a sentence of its own. */
  readonly hesitationMsMax: number;
  /** A turn is ended at this length, talking or not. */
  readonly turnMsMax: number;
  /** Silence that must follow a turn that was too long before the next one may start. */
  readonly pauseAfterTooLongMs: number;
  /** Speech that resumes this soon after the end of a turn reopens it. */
  readonly revokeMs: number;
};

export const turnDefaults: TurnTuning = {
  startSpeechMs: 60,
  startWindowMs: 160,
  resumeSpeechMs: 40,
  reopenSpeechMs: 100,
  prerollMsMax: 600,
  bargeInSpeechMs: 240,
  bargeInWindowMs: 320,
  bargeInSureMs: 620,
  bargeInLongMs: 1000,
  againMsMax: 300,
  againSpeechMs: 100,
  shortSilenceMs: 100,
  echoTailMs: 500,
  completeStableMs: 100,
  completeSilenceMs: 320,
  addedSilenceMs: 260,
  silenceMs: 460,
  digitsSilenceMs: 940,
  freeSilenceMs: 940,
  unfinishedSilenceMs: 940,
  unknownSilenceMs: 900,
  hesitationMsMax: 600,
  turnMsMax: 15_000,
  pauseAfterTooLongMs: 300,
  revokeMs: 700,
};

/** What must hold between two of them for the detector to be able to act at all. */
const relations: readonly (readonly [keyof TurnTuning, keyof TurnTuning])[] = [
  ["startSpeechMs", "startWindowMs"],
  ["resumeSpeechMs", "startWindowMs"],
  ["reopenSpeechMs", "startWindowMs"],
  ["bargeInSpeechMs", "bargeInWindowMs"],
  ["startWindowMs", "bargeInWindowMs"],
  ["shortSilenceMs", "bargeInWindowMs"],
  ["bargeInSpeechMs", "bargeInSureMs"],
  ["bargeInSureMs", "bargeInLongMs"],
  ["bargeInLongMs", "turnMsMax"],
  ["echoTailMs", "turnMsMax"],
  ["againMsMax", "turnMsMax"],
  ["againSpeechMs", "bargeInSpeechMs"],
  ["startWindowMs", "prerollMsMax"],
  ["startWindowMs", "completeSilenceMs"],
  ["completeSilenceMs", "silenceMs"],
  ["silenceMs", "digitsSilenceMs"],
  ["silenceMs", "freeSilenceMs"],
  ["silenceMs", "unfinishedSilenceMs"],
  ["silenceMs", "unknownSilenceMs"],
  ["startWindowMs", "addedSilenceMs"],
  ["addedSilenceMs", "silenceMs"],
  ["digitsSilenceMs", "turnMsMax"],
  ["freeSilenceMs", "turnMsMax"],
  ["unfinishedSilenceMs", "turnMsMax"],
  ["unknownSilenceMs", "turnMsMax"],
  ["hesitationMsMax", "turnMsMax"],
];

const stepMs = 10;
const durationMsMax = 600_000;

/**
 * Fills in the defaults and checks the whole.
 *
 * @throws {EngineError} `TURN_TUNING`, with every mistake in the message and in `detail.mistakes`
 */
export function turnTuning(changes: Partial<TurnTuning> = {}): TurnTuning {
  const tuning = { ...turnDefaults, ...changes };
  const mistakes: string[] = [];
  for (const [name, value] of Object.entries(tuning)) {
    if (!(name in turnDefaults)) mistakes.push(`${name} is not a setting of the turn detector`);
    else if (!isDuration(value)) {
      mistakes.push(
        `${name} is ${value}; it must be a multiple of ${stepMs} from ${stepMs} to ${durationMsMax}`,
      );
    }
  }
  for (const [less, more] of relations) {
    if (tuning[less] <= tuning[more]) continue;
    mistakes.push(`${less} is ${tuning[less]}; it must be at most ${more}, ${tuning[more]}`);
  }
  if (mistakes.length > 0) throw new EngineError("TURN_TUNING", mistakes.join("; "), { mistakes });
  return tuning;
}

/**
 * What a flow says about turns, made to fit, so that no flow can say what is impossible: values are
 * rounded to whole steps, and of two that contradict each other the one gives way that the flow
 * does not speak of. If it speaks of both, the larger limit grows.
 */
export function fittedTuning(changes: Partial<TurnTuning>): TurnTuning {
  const tuning: Record<keyof TurnTuning, number> = { ...turnDefaults };
  for (const [name, value] of Object.entries(changes)) {
    const steps = Math.max(1, Math.round(value / stepMs));
    tuning[name as keyof TurnTuning] = steps * stepMs;
  }
  // In several rounds: what grows may be the smaller one of the next relation.
  for (const round of relations.keys()) {
    for (const [less, more] of relations) {
      const isMoreMeant = round < 2 && more in changes && !(less in changes);
      if (isMoreMeant) tuning[less] = Math.min(tuning[less], tuning[more]);
      else tuning[more] = Math.max(tuning[more], tuning[less]);
    }
  }
  return turnTuning(tuning);
}

function isDuration(value: unknown): boolean {
  return (
    Number.isInteger(value) &&
    (value as number) % stepMs === 0 &&
    (value as number) >= stepMs &&
    (value as number) <= durationMsMax
  );
}
