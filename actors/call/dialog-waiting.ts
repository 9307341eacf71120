/** What the Dialog does once all is said: it waits for an answer, or ends the call. */
import type { Context } from "../kernel/index.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";
import type { DialogMessage } from "./messages.js";

/** Once all is said: wait for the answer, or hang up. */
export function whenQuiet(
  options: DialogOptions,
  state: DialogState,
  ctx: Context<DialogMessage>,
): void {
  if (state.speaking.size > 0) return;
  if (state.outcome !== undefined) return end(options, state, ctx);
  armSilence(state, ctx);
}

export function end(options: DialogOptions, state: DialogState, ctx: Context<DialogMessage>): void {
  stopSilence(state);
  state.finalTimer?.cancel();
  options.directory.call.tell({ kind: "dialogEnded", outcome: state.outcome ?? "hangup" });
  ctx.stop();
}

export function armSilence(state: DialogState, ctx: Context<DialogMessage>): void {
  const isWaiting = state.listen !== undefined && state.outcome === undefined;
  if (!isWaiting || state.isCallerSpeaking || state.speaking.size > 0) return;
  if (state.isAway) return;
  if (state.awaitedTurnId !== undefined) return;
  stopSilence(state);
  const { listenId } = state;
  state.silenceTimer = ctx.after(state.listen!.silenceMs, { kind: "silence", listenId });
}

export function stopSilence(state: DialogState): void {
  state.silenceTimer?.cancel();
  state.listenId += 1;
}

/** Waits for no final any more. */
export function stopAwaiting(state: DialogState): void {
  state.awaitedTurnId = undefined;
  state.finalTimer?.cancel();
  state.clock = undefined;
}

/** The callee cannot be heard, or can again: only then is their silence one. */
export function lineLost(state: DialogState, isAway: boolean, ctx: Context<DialogMessage>): void {
  state.isAway = isAway;
  if (isAway) stopSilence(state);
  else armSilence(state, ctx);
}

/** What was taken for speech was none. */
export function turnCancelled(state: DialogState, ctx: Context<DialogMessage>): void {
  state.isCallerSpeaking = false;
  armSilence(state, ctx);
}

/** They speak: nothing else is waited for. */
export function turnStarted(state: DialogState, turnId: number): void {
  state.turnId = turnId;
  state.isCallerSpeaking = true;
  // Whoever speaks again is not asked to repeat what they said before the pause.
  if (state.awaitedTurnId !== undefined) stopAwaiting(state);
  stopSilence(state);
}
