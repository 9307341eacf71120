/** What the Dialog makes of news about what it says: it begins, is heard up to a mark, and ends. */
import type { Context } from "../kernel/index.js";
import { reportPlayback, sinceAnswer } from "./dialog-reports.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";
import { whenQuiet } from "./dialog-waiting.js";
import type { DialogMessage, PlaybackNotice } from "./messages.js";
import type { HeardMark } from "./speech-marks.js";

const frameMs = 20;

export type PlaybackMessage =
  PlaybackNotice | Extract<DialogMessage, { kind: "mark" | "marksDue" }>;

const kinds: ReadonlySet<string> = new Set<PlaybackMessage["kind"]>([
  "playbackStarted",
  "playbackEnded",
  "playbackPaused",
  "playbackResumed",
  "mark",
  "marksDue",
]);

export function isOfPlayback(message: DialogMessage): message is PlaybackMessage {
  return kinds.has(message.kind);
}

export function playback(
  options: DialogOptions,
  state: DialogState,
  message: PlaybackMessage,
  ctx: Context<DialogMessage>,
): void {
  if (message.kind === "marksDue") return marksDue(options, state, ctx);
  const { utterance } = message;
  const speaking = state.speaking.get(utterance);
  // Of an utterance that was taken back.
  if (speaking === undefined) return;
  const { marks } = state;
  switch (message.kind) {
    case "mark":
      marks.add(utterance, { name: message.name, heardMs: message.positionMs });
      break;
    case "playbackStarted":
      marks.sounds(utterance, message.atMs, 0);
      reportPlayback(options, state, message, speaking);
      break;
    case "playbackPaused":
      marks.paused(utterance);
      break;
    case "playbackResumed":
      marks.sounds(utterance, message.atMs, message.sentFrames * frameMs);
      break;
    case "playbackEnded":
      reportMarks(options, marks.ended(utterance, message.heardMs));
      state.speaking.delete(utterance);
      return whenQuiet(options, state, ctx);
  }
  awaitMark(state, ctx);
}

function marksDue(options: DialogOptions, state: DialogState, ctx: Context<DialogMessage>): void {
  reportMarks(options, state.marks.due(ctx.time.nowMs()));
  awaitMark(state, ctx);
}

function reportMarks(options: DialogOptions, marks: readonly HeardMark[]): void {
  const { ports, spec } = options;
  for (const { name, heardMs } of marks) {
    ports.report(spec.callId, { kind: "mark", name, heardMs, atMs: sinceAnswer(options) });
  }
}

function awaitMark(state: DialogState, ctx: Context<DialogMessage>): void {
  state.markTimer?.cancel();
  const atMs = state.marks.nextAtMs;
  if (atMs === undefined) return;
  state.markTimer = ctx.after(Math.max(0, atMs - ctx.time.nowMs()), { kind: "marksDue" });
}
