/**
 * Whether the callee is who was dialled, as a label of the call: `voiceprint` is match, unsure,
 * mismatch or unknown (nobody enrolled). Asked after some seconds of voice, a few times a call,
 * somewhere else: nothing is computed here.
 */
import { toErrorData } from "../../base/errors.js";
import type { Analyzer, AnalyzerNotice, AnalyzerStream, Label } from "../analyzers/analyzer.js";
import type { VoiceVerdict } from "./voiceprint.js";

/** Of voice, before it is asked; more makes it surer. */
const voiceMsMin = 4000;
/** What is kept: the newest voice. */
const voiceMsMax = 15_000;
/** Asked so often in one call, each time with all voice since the last. */
const checksMax = 3;
const frameMs = 20;

export type VerifyVoice = (
  userId: string,
  samples: Int16Array,
  rateHz: number,
) => Promise<VoiceVerdict>;

export function voiceprintAnalyzer(options: {
  readonly name: string;
  readonly verify: VerifyVoice;
  readonly observe: (notice: AnalyzerNotice) => void;
}): Analyzer {
  const { name, verify, observe } = options;
  return {
    name,
    open({ userId, rateHz }, listener): AnalyzerStream {
      const voice: Int16Array[] = [];
      let [checks, isOver] = [0, false];
      const tell = (label: Label): void => {
        if (!isOver) listener({ kind: "label", label });
      };
      const failed = (thrown: unknown, turnId: number): void => {
        const { code, message } = toErrorData(thrown);
        if (code === "VOICEPRINT_UNKNOWN") {
          // They will not be enrolled while they speak.
          checks = checksMax;
          return tell({ name: "voiceprint", value: "unknown", score: 1, turnId });
        }
        if (code === "VOICEPRINT_SHORT") return;
        observe({ kind: "failed", analyzer: name, code, message });
      };
      return {
        frame(samples, isSpeech) {
          if (!isSpeech || checks >= checksMax) return;
          voice.push(samples.slice());
          if (voice.length * frameMs > voiceMsMax) voice.shift();
        },
        partial: () => undefined,
        final({ turnId }) {
          if (checks >= checksMax || voice.length * frameMs < voiceMsMin) return;
          checks += 1;
          verify(userId, joined(voice.splice(0)), rateHz).then(
            ({ verdict }) => tell({ ...labelOf(verdict), turnId }),
            (error: unknown) => failed(error, turnId),
          );
        },
        close() {
          isOver = true;
          voice.length = 0;
        },
      };
    },
    close: () => undefined,
  };
}

/** Scores of models have scales of their own: a label only says whether it is beyond doubt. */
function labelOf(value: VoiceVerdict["verdict"]): Label {
  return { name: "voiceprint", value, score: value === "unsure" ? 0.5 : 1 };
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.reduce((count, { length }) => count + length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
