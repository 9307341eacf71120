/** A client may send nothing at all: what of its audio is missing is taken for silence. */
import type { TurnDetector } from "../../speech/turn/turn-detector.js";
import type { Context } from "../kernel/index.js";
import type { MediaLegMessage } from "./messages.js";

/** The part of a MediaLeg that knows what came, and when. */
type MissingAudio = {
  readonly frameMs: number;
  readonly detector: TurnDetector;
  readonly openTurnId: number | undefined;
  lastFrameAtMs: number;
  isChecking: boolean;
  readonly isAway: boolean;
  isAudioMissing: boolean;
};

/** A muted client sends nothing at all: after so long a gap the missing audio is silence. */
const audioGapMsMax = 400;
/** How often the audio of an open turn is looked after. */
const audioCheckMs = 200;
/** A turn ends by frames of silence. While one is open, a timer sees to it that there are any. */
export function checkLater(state: MissingAudio, ctx: Context<MediaLegMessage>): void {
  if (state.openTurnId === undefined || state.isChecking || state.isAway) return;
  state.isChecking = true;
  ctx.after(audioCheckMs, { kind: "audioCheck" });
}

export function checkAudio(state: MissingAudio, ctx: Context<MediaLegMessage>): void {
  state.isChecking = false;
  if (state.isAway) return;
  const gapMs = ctx.time.nowMs() - state.lastFrameAtMs;
  // Two checks in a row: audio that waits in the mailbox behind the first is not missing.
  if (state.isAudioMissing && gapMs > audioGapMsMax) {
    const { frameMs } = state;
    for (let fedMs = frameMs; fedMs <= gapMs && state.openTurnId !== undefined; fedMs += frameMs) {
      state.lastFrameAtMs += frameMs;
      state.detector.frame(false, frameMs);
    }
  }
  state.isAudioMissing = true;
  checkLater(state, ctx);
}
