/**
 * What analyzers say, in the flow. A label counts with the words of its turn, when it comes before
 * they are understood: a rule of the flow on it goes before what was said. One that comes later
 * goes by itself, over whatever we are saying.
 */
import type { DialogEvent, DialogStep } from "../../dialog/dialog-types.js";
import type { Label } from "../../speech/analyzers/analyzer.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";
import { stopSilence } from "./dialog-waiting.js";

/**
 * Takes in a label. While somebody speaks, or is not understood yet, it waits for their words.
 *
 * @returns what is to be done now, with what played silenced; undefined: nothing
 */
export function labelled(
  options: DialogOptions,
  state: DialogState,
  label: Label,
): DialogStep | undefined {
  state.labels.push(label);
  const isAwaited = state.isCallerSpeaking || state.awaitedTurnId !== undefined;
  if (isAwaited || state.answering !== undefined || state.outcome !== undefined) return undefined;
  const step = stepWithLabels(state, undefined);
  if (!isMoved(step)) return undefined;
  silence(options, state);
  stopSilence(state);
  state.checkpoint = undefined;
  return step;
}

/** Takes in the labels that wait, and then `event`, unless a rule has led elsewhere. */
export function stepWithLabels(state: DialogState, event: DialogEvent): DialogStep;
export function stepWithLabels(state: DialogState, event: undefined): DialogStep | undefined;
export function stepWithLabels(
  state: DialogState,
  event: DialogEvent | undefined,
): DialogStep | undefined {
  const labels = state.labels.splice(0);
  let last: DialogStep | undefined;
  for (const { name, value, score } of labels) {
    const { snapshot } = last ?? state.step;
    last = state.flow.step(snapshot, { kind: "label", name, value, score });
    if (isMoved(last)) return last;
  }
  const { snapshot } = last ?? state.step;
  if (event !== undefined) return state.flow.step(snapshot, event);
  // Only kept: nothing is to be done, but what comes next must know it.
  if (last !== undefined) state.step = { ...state.step, snapshot };
  return last;
}

/** Whether a rule has led somewhere: a label that is only kept has no effects. */
function isMoved(step: DialogStep | undefined): step is DialogStep {
  return step !== undefined && step.effects.length > 0;
}

/** What plays is not heard to its end. */
export function silence({ directory }: DialogOptions, state: DialogState): void {
  if (state.speaking.size === 0) return;
  directory.mediaLeg?.tell({ kind: "clear", utterance: state.lastUtterance });
  state.speaking.clear();
}
