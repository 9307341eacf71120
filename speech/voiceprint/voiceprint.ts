/**
 * The port of voiceprints: speech of one person in, numbers out that are alike for the same voice.
 * What is kept of a person is a template; whether somebody is them is a score against it.
 *
 * A template is biometric data (GDPR article 9): it exists only for people who were enrolled, is
 * stored sealed, and goes with the person's key.
 */
import { EngineError } from "../../base/errors.js";

/** A model of voices: what it makes of speech, and how alike two of its results are. */
export interface VoiceModel {
  /** Which model and which version: prints of one are nothing to another. */
  readonly id: string;
  /** Above: the same person. Measured for this model; a configuration may say otherwise. */
  readonly acceptScore: number;
  /** Below: another person. Between the two nobody can tell. */
  readonly rejectScore: number;
  /**
   * The print of one stretch of speech.
   *
   * @param samples PCM16 mono; pauses do not matter
   * @throws {VoiceprintError} `VOICEPRINT_SHORT` below 2 s of voice, `VOICEPRINT_UNAVAILABLE` …
   */
  print(samples: Int16Array, rateHz: number): Promise<VoicePrint>;
  /** One print of several; they are of the same person. */
  combine(prints: readonly VoicePrint[]): VoicePrint;
  /** How alike: higher is more; the same at every size of the speech, about. */
  score(one: VoicePrint, other: VoicePrint): number;
  close(): void;
}

export type VoicePrint = {
  readonly values: Float32Array;
  /** Of voice that it was made of. */
  readonly voicedMs: number;
  /** Noise hides the voice, so that nobody sounds like themselves; absent: the model bears it. */
  readonly isNoisy?: boolean;
};

/** Who it is, as far as can be told. */
export type VoiceVerdict = {
  readonly verdict: "match" | "unsure" | "mismatch";
  readonly score: number;
  readonly voicedMs: number;
};

export type VoiceprintCode =
  /** Too little voice to tell anything. */
  | "VOICEPRINT_SHORT"
  /** The person was never enrolled, or was forgotten. */
  | "VOICEPRINT_UNKNOWN"
  /** Enrolled with another model: enrol anew. */
  | "VOICEPRINT_MODEL"
  /** What is stored does not read. */
  | "VOICEPRINT_CORRUPT"
  /** The service of the model: nobody answers, refuses us, says something else than prints. */
  | "VOICEPRINT_UNAVAILABLE"
  | "VOICEPRINT_STALLED"
  | "VOICEPRINT_DENIED"
  | "VOICEPRINT_QUOTA"
  | "VOICEPRINT_PROTOCOL"
  | "VOICEPRINT_VENDOR";

/** An error about a voiceprint. Carries neither ids nor values. */
export class VoiceprintError extends EngineError {
  constructor(
    code: VoiceprintCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, detail, options);
  }
}

/** Less voice than this says nothing of a person. */
export const voicedMsMin = 2000;

/** @throws {VoiceprintError} `VOICEPRINT_SHORT` */
export function requireVoice(voicedMs: number): void {
  if (voicedMs >= voicedMsMin) return;
  const text = `${Math.round(voicedMs)} ms of voice; at least ${voicedMsMin} are needed`;
  throw new VoiceprintError("VOICEPRINT_SHORT", text, { voicedMs, voicedMsMin });
}

/** Pure: what a score means. Of a voice in noise it cannot be said that it is another one. */
export function verdictOf(
  score: number,
  { acceptScore, rejectScore }: Pick<VoiceModel, "acceptScore" | "rejectScore">,
  isNoisy = false,
): VoiceVerdict["verdict"] {
  if (score >= acceptScore) return "match";
  return score < rejectScore && !isNoisy ? "mismatch" : "unsure";
}
