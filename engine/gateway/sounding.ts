/** What of a leg is being heard, and what of it is not on its way yet. */
import type { LegPlayout } from "../../access/playout/leg-playout.js";

/** An utterance that sounds, or whose last frames are still on their way to the ear. */
export type Sounding = {
  readonly utterance: number;
  /** When its first frame sounded, or would have without the pauses since. */
  playAtMs: number;
  sentFrames: number;
  /** It waits, or was taken back and is not sent again yet. */
  isPaused: boolean;
};

/** What sounds and is not sent to its end. */
export function unfinished(
  sounding: readonly Sounding[],
  playout: LegPlayout,
): readonly Sounding[] {
  const waiting = new Set(playout.waiting.map(({ utterance }) => utterance));
  return sounding.filter(({ utterance }) => waiting.has(utterance));
}

/**
 * Frames sent that did not arrive on a lost connection; none of them was heard.
 *
 * @param gotFrames how many arrived, NaN where the peer does not say: what had not sounded is lost
 */
export function lostOf(sentFrames: number, gotFrames: number, unheardFrames: number): number {
  const lost = Number.isNaN(gotFrames)
    ? Math.ceil(unheardFrames)
    : Math.floor(sentFrames - gotFrames);
  return Math.max(0, Math.min(lost, sentFrames));
}
