/** What a MediaLeg begins with. */
import type { CallHearing } from "../../speech/hearing/call-hearing.js";
import type { TurnTuning } from "../../speech/turn/turn-tuning.js";
import type { AnswerQuestion } from "./answer-ear.js";
import type { CastPorts, Leg } from "./cast-ports.js";
import type { CallDirectory } from "./messages.js";

export type MediaLegOptions = {
  readonly leg: Leg;
  /** Utterances of an earlier shard that still sound. */
  readonly playing: readonly number[];
  /** Turn ids of an earlier life lie below. */
  readonly firstTurnId: number;
  /** See `answerEar`. */
  readonly question: AnswerQuestion | undefined;
  readonly isAnalyzed: boolean;
  readonly hearing: CallHearing | undefined;
  /** What the flow says about turns. */
  readonly turns: Partial<TurnTuning>;
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
};
