/** The outcomes of an exam, added up: by scenario, tuned and held-out apart. Pure. */
import type { Exercise, Outcome } from "./exercise.js";
import { overlaps, scenarios, type Overlap, type Scenario } from "./script.js";
import { delayOf, shareOf, type Delay, type Share } from "./turn-figures.js";

/** Where what may be said is a closed list: the answer can be seen to be whole. */
const grammarRooms = /^(yesno|choice) /;

export type AnswerFigures = {
  readonly scenario: Scenario | "all";
  readonly responseMs: Delay;
  readonly premature: Share;
  /** Nothing was said to them within six seconds. */
  readonly unanswered: Share;
};

export type OverlapFigures = {
  readonly overlap: Overlap;
  /** Our prompt fell silent. */
  readonly stopped: Share;
  /** Onset → silence. */
  readonly silentMs: Delay;
};

export type PartFigures = {
  readonly utterances: number;
  readonly responseMs: Delay;
  /** Of those that answer a question with a closed list of answers. */
  readonly grammarResponseMs: Delay;
  /** Of digits and free speech. */
  readonly openResponseMs: Delay;
  readonly premature: Share;
  /** Coughs, backchannels and echoes that silenced us. */
  readonly falseInterruption: Share;
  readonly missedInterruption: Share;
  readonly bargeInMs: Delay;
  readonly answers: readonly AnswerFigures[];
  readonly overlaps: readonly OverlapFigures[];
};

type Done = { readonly exercise: Exercise; readonly outcome: Outcome };

export function partFigures(
  exercises: readonly Exercise[],
  outcomes: readonly Outcome[],
): PartFigures {
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const done = exercises.flatMap((exercise): Done[] => {
    const outcome = byId.get(exercise.id);
    return outcome === undefined ? [] : [{ exercise, outcome }];
  });
  const answers = done.filter(({ exercise }) => exercise.isAnswer);
  const closed = answers.filter(({ exercise }) => grammarRooms.test(exercise.room));
  const open = answers.filter(({ exercise }) => !grammarRooms.test(exercise.room));
  const overlapping = done.filter(({ exercise }) => !exercise.isAnswer);
  const harmless = overlapping.filter(({ exercise }) => exercise.kind !== "interruption");
  const meant = overlapping.filter(({ exercise }) => exercise.kind === "interruption");
  return {
    utterances: answers.length,
    responseMs: delayOf(responses(answers)),
    grammarResponseMs: delayOf(responses(closed)),
    openResponseMs: delayOf(responses(open)),
    premature: shareWhere(answers, ({ isPremature }) => isPremature),
    falseInterruption: shareWhere(harmless, isStopped),
    missedInterruption: shareWhere(meant, (outcome) => !isStopped(outcome)),
    bargeInMs: delayOf(meant.flatMap(({ outcome }) => outcome.silentMs ?? [])),
    answers: scenarios.map((scenario) => answerFigures(scenario, answers)),
    overlaps: overlaps.map((overlap) => {
      const ones = overlapping.filter(({ exercise }) => exercise.kind === overlap);
      return {
        overlap,
        stopped: shareWhere(ones, isStopped),
        silentMs: delayOf(ones.flatMap(({ outcome }) => outcome.silentMs ?? [])),
      };
    }),
  };
}

function answerFigures(scenario: Scenario, answers: readonly Done[]): AnswerFigures {
  const ones = answers.filter(({ exercise }) => exercise.kind === scenario);
  return {
    scenario,
    responseMs: delayOf(responses(ones)),
    premature: shareWhere(ones, ({ isPremature }) => isPremature),
    unanswered: shareWhere(ones, ({ responseMs, isPremature }) => {
      return responseMs === undefined && !isPremature;
    }),
  };
}

function responses(done: readonly Done[]): number[] {
  return done.flatMap(({ outcome }) => outcome.responseMs ?? []);
}

function isStopped({ silentMs }: Outcome): boolean {
  return silentMs !== undefined;
}

function shareWhere(done: readonly Done[], holds: (outcome: Outcome) => boolean): Share {
  return shareOf(done.filter(({ outcome }) => holds(outcome)).length, done.length);
}
