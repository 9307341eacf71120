/** How much silence ends a turn, by what was said in it and what is awaited. Pure. */
import type { Standing } from "./answer-standing.js";
import type { TurnTuning } from "./turn-tuning.js";

/** What is known of the open turn. */
export type TurnSoFar = {
  /** What the dialog waits for. */
  readonly awaited: "choice" | "digits" | "free" | "none";
  readonly standing: Standing;
  /** What the words said before the last pause that the turn went on from. */
  readonly standingBefore: Standing;
  /** They paused inside the turn, and went on. */
  readonly hasPaused: boolean;
  /** Doubles whenever they were cut off. */
  readonly patience: number;
  /** From the onset to the last speech. */
  readonly spokenMs: number;
};

/**
 * @returns `soonMs`: enough once the words are stable, endless where more may come; `limitMs`: ends
 *   the turn, however unsure we are
 */
export function silenceThatEnds(
  tuning: TurnTuning,
  turn: TurnSoFar,
): { readonly soonMs: number; readonly limitMs: number } {
  return { soonMs: soonMs(tuning, turn) * turn.patience, limitMs: limitMs(tuning, turn) };
}

/** It could be all that they wanted to say. */
function couldBeAll(standing: Standing): boolean {
  return standing === "whole" || standing === "answer";
}

function soonMs(tuning: TurnTuning, turn: TurnSoFar): number {
  const { awaited, standing, standingBefore, hasPaused } = turn;
  if (standing === "unfinished") return Infinity;
  // Who looked for words, or added something to what could have been all, hardly goes on again.
  const isKnown = couldBeAll(standing) || couldBeAll(standingBefore);
  if (awaited === "choice" && hasPaused && isKnown) return tuning.addedSilenceMs;
  return standing === "whole" ? tuning.completeSilenceMs : Infinity;
}

function limitMs(tuning: TurnTuning, turn: TurnSoFar): number {
  const { awaited, standing, hasPaused, spokenMs } = turn;
  if (standing === "unfinished") return tuning.unfinishedSilenceMs;
  if (awaited === "digits") return tuning.digitsSilenceMs;
  if (awaited === "free") return tuning.freeSilenceMs;
  // A short sound that is no phrase is an "um", mostly; a long one is a sentence of their own.
  const isUnknown = awaited === "choice" && standing === "unknown" && !hasPaused;
  const isLookingForWords = isUnknown && spokenMs < tuning.hesitationMsMax;
  return isLookingForWords ? tuning.unknownSilenceMs : tuning.silenceMs;
}
