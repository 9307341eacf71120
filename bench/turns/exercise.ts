/**
 * One thing that a caller does in the turns bench, and what came of it. Plain data: it goes to the
 * process of the callers, and outcomes come back.
 */
import type { LineQuality, Overlap, Question, Scenario } from "./script.js";

/** Which kind of call it happens in: what is asked, and how the line sounds. */
export type Room = `${Question | "prompt"} ${LineQuality}`;

export type Exercise = {
  /** Of the script, the voice and the line. */
  readonly id: string;
  readonly room: Room;
  readonly kind: Scenario | Overlap;
  /** Answers follow our question; the others fall into it. */
  readonly isAnswer: boolean;
  readonly isHeldOut: boolean;
  /** Name of the clip. */
  readonly clip: string;
  /** Where the speech lies in the clip, in ms. */
  readonly onsetMs: number;
  readonly endMs: number;
  /** Answers: from the end of the prompt to the first frame. Others: from its first frame. */
  readonly waitMs: number;
};

export type Outcome = {
  readonly id: string;
  /**
   * End of the speech → first audible frame of an answer that was not taken back. Undefined: there
   * was none, or it began before the speech ended.
   */
  readonly responseMs?: number;
  /** An answer was audible before the speech ended, if only for a moment. */
  readonly isPremature: boolean;
  /**
   * Onset → our prompt fell silent, for good or for 400 ms and more. Undefined: it went on to its
   * end, if after a shorter pause.
   */
  readonly silentMs?: number;
  /** The longest pause after which our prompt went on where it was. */
  readonly pauseMs?: number;
  /** After it fell silent, the rest of the prompt was heard, with so many frames in all. */
  readonly framesAfter: number;
};
