/** Whether the engine understood what its callers said, word for word. Pure. */
import type { CallView } from "../../engine/engine-node.js";

export type TranscriptCheck = {
  /** Sentences said to the end, and those that stand in the transcript as they were said. */
  readonly said: number;
  readonly right: number;
  /** Calls with a wrong sentence, or with more missing than the last one. */
  readonly wrongCalls: number;
  readonly examples: readonly string[];
};

const examplesKept = 5;

/**
 * The last sentence of a call may be missing: the call was hung up while it was recognised.
 *
 * @param said by call id, in order
 */
export function checkTranscripts(
  views: readonly CallView[],
  said: ReadonlyMap<string, readonly string[]>,
): TranscriptCheck {
  const counts = { said: 0, right: 0, wrongCalls: 0 };
  const examples: string[] = [];
  for (const { callId, transcript } of views) {
    const expected = said.get(callId) ?? [];
    const heard = transcript.filter(({ side }) => side === "callee").map(({ text }) => text);
    const right = heard.filter((text, index) => text === expected[index]).length;
    const isRight = right === heard.length && expected.length - heard.length <= 1;
    counts.said += expected.length;
    counts.right += right;
    if (isRight) continue;
    counts.wrongCalls += 1;
    const at = heard.findIndex((text, index) => text !== expected[index]);
    const place = at === -1 ? heard.length : at;
    const shown = `sentence ${place + 1}: "${heard[place] ?? ""}", said "${expected[place] ?? ""}"`;
    if (examples.length < examplesKept) examples.push(shown);
  }
  return { ...counts, examples };
}
