/** Who listens in a MediaLeg beside the turn detector: nobody, as a rule. */
import { answerEar, type AnswerQuestion } from "./answer-ear.js";
import type { AnalysisMessage, CallDirectory } from "./messages.js";

export type FrameEar = {
  /** @param samples lent: 20 ms at the rate of speech */
  frame(samples: Int16Array, isSpeech: boolean): void;
  /** What a recogniser made of a greeting. */
  words?(text: string): void;
};

/**
 * @param options.question whether it is asked who has answered
 * @param options.isAnalyzed whether analyzers listen to this call
 * @returns undefined where nobody listens
 */
export function frameEar(options: {
  readonly question: AnswerQuestion | undefined;
  readonly isAnalyzed: boolean;
  readonly rateHz: number;
  readonly directory: CallDirectory;
}): FrameEar | undefined {
  const answer = answerEar(options);
  if (!options.isAnalyzed) return answer;
  const analysis = analysisEar(options.directory);
  if (answer === undefined) return analysis;
  return {
    frame(samples, isSpeech) {
      answer.frame(samples, isSpeech);
      analysis.frame(samples, isSpeech);
    },
    words: (text) => answer.words(text),
  };
}

/** One message for all frames: it is lent. */
function analysisEar(directory: CallDirectory): FrameEar {
  const frame = { kind: "frame", samples: new Int16Array(), isSpeech: false } as {
    kind: "frame";
    samples: Int16Array;
    isSpeech: boolean;
  };
  return {
    frame(samples, isSpeech) {
      frame.samples = samples;
      frame.isSpeech = isSpeech;
      directory.analysis?.lend(frame, ownFrame);
    },
  };
}

/** What is kept of a frame while the analyzers are busy. */
function ownFrame(message: AnalysisMessage): AnalysisMessage {
  return message.kind === "frame" ? { ...message, samples: message.samples.slice() } : message;
}
