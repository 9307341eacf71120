/** Listens in a MediaLeg for who has answered, where the flow wants to know. */
import { AnswerAnalyzer } from "../../speech/analyzers/answer-analyzer.js";
import type { AnswerTuning } from "../../speech/analyzers/answer-tuning.js";
import type { CallDirectory } from "./messages.js";

/** What a flow says about who has answered. */
export type AnswerQuestion = { readonly tuning: Partial<AnswerTuning> };

/** @param options.question undefined: nobody asks; the first life of the first leg asks only */
export function answerEar(options: {
  readonly question: AnswerQuestion | undefined;
  readonly rateHz: number;
  readonly directory: CallDirectory;
}): AnswerAnalyzer | undefined {
  const { question, rateHz, directory } = options;
  if (question === undefined) return undefined;
  return new AnswerAnalyzer({
    tuning: question.tuning,
    rateHz,
    sink: {
      verdict: ({ kind, cause }) =>
        directory.dialog?.tell({ kind: "answeredBy", answeredBy: kind, cause }),
      recording: ({ cause }) => directory.dialog?.tell({ kind: "machineRecords", cause }),
    },
  });
}
