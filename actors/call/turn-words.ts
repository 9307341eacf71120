/** What the words of a turn mean for its end. */
import type { Expectation } from "../../dialog/dialog-types.js";
import { answerJudge, type AnswerJudge } from "../../speech/turn/answer-standing.js";
import type { TurnDetector } from "../../speech/turn/turn-detector.js";

/** The part of a MediaLeg that knows of words. */
type TurnWords = {
  readonly detector: TurnDetector;
  judge: AnswerJudge;
  readonly openTurnId: number | undefined;
  words: string;
};

/** The flow awaits another answer. */
export function expectAnswer(state: TurnWords, expectation: Expectation): void {
  state.judge = answerJudge(expectation);
  state.detector.expect(expectation);
}

/** What the recogniser makes of a turn so far. */
export function hearPartial(
  state: TurnWords,
  { turnId, text }: { readonly turnId: number; readonly text: string },
): void {
  if (turnId === state.openTurnId) state.words = text;
  state.detector.partial({ turnId, standing: state.judge(text) });
}

/** Whether the words of the open turn answer the question. */
export function isAnswer({ judge, words }: TurnWords): boolean {
  const standing = judge(words);
  return standing === "whole" || standing === "answer";
}
