/**
 * What callers of the turns bench say, as data: utterances that answer a question, and what is
 * heard while one of our own prompts plays. How they sound is the business of `line-audio.ts`.
 */

/** Which question is answered: one flow each, `questions/NAME.yaml`. */
export const questions = ["yesno", "choice", "code", "account", "free"] as const;
export type Question = (typeof questions)[number];

/** Words, or silence between words. */
export type Part = { readonly text: string } | { readonly pauseMs: number };

/** What makes an utterance hard. */
export const scenarios = [
  "yes or no",
  "choice",
  "digits",
  "digits in groups",
  "phrase, pause, more",
  "hesitation",
  "fast talker",
  "free speech",
] as const;
export type Scenario = (typeof scenarios)[number];

/** One answer. `pace` 1 is the voice's own; above, it speaks faster. */
export type Utterance = {
  readonly id: string;
  readonly scenario: Scenario;
  readonly question: Question;
  readonly parts: readonly Part[];
  readonly pace: number;
  /** Never looked at while numbers are chosen. */
  readonly isHeldOut: boolean;
};

/** What is heard over our own prompt. Only the first is meant to stop it. */
export const overlaps = ["interruption", "backchannel", "cough", "echo"] as const;
export type Overlap = (typeof overlaps)[number];

export type OverlapScript = {
  readonly id: string;
  readonly overlap: Overlap;
  /** Words; for a cough the name of its sound. Nothing for an echo: it is our own prompt. */
  readonly text: string;
  readonly pace: number;
  /** From the first frame of the prompt to the onset; for an echo, its delay. */
  readonly afterMs: number;
  /** Below the level of speech. */
  readonly attenuationDb: number;
  readonly isHeldOut: boolean;
};

/** Voices of callers; flite's fourth, `kal`, is understood six times of ten and is left out. */
export const voices = ["slt", "rms", "awb"] as const;
export type CallerVoice = (typeof voices)[number];

/** `noise`: 15 dB below the speech, all through the call. */
export const lines = ["clean", "noise"] as const;
export type LineQuality = (typeof lines)[number];
