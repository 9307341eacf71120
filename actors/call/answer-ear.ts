/** Listens in a MediaLeg for who has answered, where the flow wants to know. */
import { AnswerAnalyzer } from "../../speech/analyzers/answer-analyzer.js";
import type { CallDirectory } from "./messages.js";

/** @param options.isWanted false: nobody asks; the first life of the first leg asks only */
export function answerEar(options: {
  readonly isWanted: boolean;
  readonly rateHz: number;
  readonly directory: CallDirectory;
}): AnswerAnalyzer | undefined {
  const { isWanted, rateHz, directory } = options;
  if (!isWanted) return undefined;
  return new AnswerAnalyzer({
    rateHz,
    sink: {
      verdict: ({ kind, cause }) =>
        directory.dialog?.tell({ kind: "answeredBy", answeredBy: kind, cause }),
      recording: ({ cause }) => directory.dialog?.tell({ kind: "machineRecords", cause }),
    },
  });
}
