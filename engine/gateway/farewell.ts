/**
 * The last words to a callee whose call no shard may have any more: one prompt from shared memory,
 * played by the gateway alone, then the end.
 */
import type { Time } from "../../base/ports.js";
import { frameBytes } from "../../codecs/audio/audio-codec.js";
import type { LegNotice } from "../control/messages.js";
import type { GatewayLeg } from "./gateway-leg.js";

/** A client that does not say that it has heard the prompt is hung up all the same. */
const graceMs = 2000;

export type FarewellParts = {
  readonly time: Time;
  /** Starts the pacing of what the leg has to play. */
  readonly play: (leg: GatewayLeg) => void;
  /** Called once. */
  readonly hangup: () => void;
};

/**
 * Silences what still sounds, plays the prompt to its end, and hangs up.
 *
 * @param audio in the format of the leg; undefined hangs up at once
 */
export function sayFarewell(
  leg: GatewayLeg,
  audio: Uint8Array | undefined,
  { time, play, hangup }: FarewellParts,
): void {
  const { lastUtterance } = leg.handOver(() => undefined);
  leg.clear(lastUtterance);
  if (audio === undefined || audio.length === 0) return hangup();
  const utterance = lastUtterance + 1;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    hangup();
  };
  const lengthMs = (audio.length * 1000) / frameBytes(leg.format, 1000);
  const timer = time.after(lengthMs + graceMs, end);
  leg.handOver((notice: LegNotice) => {
    if (notice.kind !== "playback" || notice.notice.kind !== "playbackEnded") return;
    if (notice.notice.utterance === utterance) time.soon(end);
  });
  leg.playPrompt(utterance, audio);
  play(leg);
}
