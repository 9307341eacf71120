/** The end of a call that has no voice any more. */
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { Context } from "../kernel/index.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";
import { stopAwaiting, stopSilence, whenQuiet } from "./dialog-waiting.js";
import type { DialogMessage } from "./messages.js";

/**
 * No voice can say what the flow wants said. Whoever went on would leave the callee with half a
 * question: they hear the flow's offline sentence, which was made beforehand, and the call ends.
 */
export function voiceLost(
  options: DialogOptions,
  state: DialogState,
  utterance: number,
  ctx: Context<DialogMessage>,
): void {
  if (!state.speaking.has(utterance)) return;
  const { ports, directory } = options;
  directory.mediaLeg?.tell({ kind: "clear", utterance: state.lastUtterance });
  state.speaking.clear();
  stopSilence(state);
  stopAwaiting(state);
  state.checkpoint = undefined;
  state.outcome = "failed";
  const { offline: text, voice, language } = state.flow;
  const id = promptId({ text, voice, language });
  if (ports.findPrompt(id, state.leg!.format) !== undefined) {
    const last = (state.lastUtterance += 1);
    // Before it is said: whoever takes over knows what should have been.
    const { step, lastKey } = state;
    options.keepStep({ snapshot: step.snapshot, lastUtterance: last, lastKey });
    state.speaking.set(last, { text, isStreamed: false });
    const say = { kind: "say", utterance: last, isInterruptible: false, promptId: id } as const;
    directory.mediaLeg?.tell(say);
  }
  whenQuiet(options, state, ctx);
}
