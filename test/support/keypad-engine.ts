/** An engine without a recogniser, so that its calls run everywhere: callees answer by keypad. */
import { expect } from "vitest";
import type { CallView } from "../../engine/engine-node.js";
import { flowFile, startEngine, type EngineRig } from "./engine-rig.js";

export type KeypadEngine = EngineRig & {
  /** How often that was logged. */
  readonly countOf: (message: string) => number;
};

export async function startKeypadEngine(): Promise<KeypadEngine> {
  const rig = await startEngine({
    recognition: { isEnabled: false },
    flows: [
      flowFile("test/flows/two-keys.yaml"),
      flowFile("dialog/flows/appointment-reminder.yaml"),
      flowFile("dialog/flows/appointment-reminder.zh.yaml"),
    ],
    calls: { callsMax: 3, ringMsMax: 2000, answerMsMax: 8000 },
    threads: { shardHeapMbMax: 128 },
  });
  const countOf = (text: string): number =>
    rig.logs.filter(({ message }) => message === text).length;
  return Object.assign(rig, { countOf });
}

/** A call of the flow `two-keys` went from its beginning to its end, and so does its recording. */
export function expectWhole(view: CallView): void {
  expect(view).toMatchObject({ outcome: "completed" });
  expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
  const texts = [...new Set(view.transcript.map(({ text }) => text))];
  expect(texts).toEqual(["Press one, Anna Miller.", "Press two.", "Goodbye."]);
  const durationMs = view.endedEpochMs! - view.answeredEpochMs!;
  expect(Math.abs(view.recordedMs - durationMs)).toBeLessThan(400);
}
