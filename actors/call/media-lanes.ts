/** In which lane of the MediaLeg's mailbox a message waits, and how much it holds. */
import type { MediaLegMessage } from "./messages.js";

export function mediaBytesOf(message: MediaLegMessage): number {
  if (message.kind === "audio") return message.payload.length;
  return message.kind === "speech" ? (message.audio?.samples.byteLength ?? 0) : 0;
}

export function mediaLaneOf(
  message: MediaLegMessage,
): "audio" | "tts" | "transcripts" | "system" | "intents" {
  switch (message.kind) {
    case "audio":
      return "audio";
    case "speech":
      return "tts";
    case "partial":
      return "transcripts";
    case "audioCheck":
    case "credit":
    case "playbackStarted":
    case "playbackEnded":
    case "playbackPaused":
    case "playbackResumed":
    case "legAway":
    case "legBack":
    case "legReplaced":
      return "system";
    default:
      return "intents";
  }
}
