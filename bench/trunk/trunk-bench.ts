/**
 * Question: what does a call cost that shares its connection with thousands of others?
 *
 * As a media gateway would have them: all calls on one socket of the native protocol, their frames
 * packed into one message every 2 ms, in both directions all the time. Callers speak 40 % of the
 * time and we speak always; nobody is recognised or recorded, so that the media path is what is
 * measured. The floor is what it replaces: a socket for each call, frames echoed.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { runFloor } from "../floor/floor-run.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { callOptions, transportOf } from "../support/call-options.js";
import { callFigures, type CallFigures } from "../support/call-result.js";
import { runCalls } from "../support/call-run.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { tailOf, type Tail } from "../support/figures.js";
import { formatCalls } from "../support/format-calls.js";
import { withLoad } from "../support/with-load.js";

const options = {
  ...callOptions,
  "floor-calls": {
    kind: "count",
    default: 500,
    max: 5000,
    help: "connections of the floor, which has one for each call",
  },
} as const;

export type TrunkResult = CallFigures & {
  readonly bench: "trunk";
  readonly calls: number;
  readonly seconds: number;
  /** Seen by the callers: key pressed → first frame of the next prompt. */
  readonly keyToAudioMs: Tail;
};

/** Of `endless-prompts.yaml`. */
const promptCount = 2;
const flow = fileURLToPath(new URL("bench/media/endless-prompts.yaml", packageRoot));

export async function trunkBench(
  values: OptionValues<typeof options>,
  progress: Progress,
): Promise<TrunkResult> {
  const { calls, seconds, repeats, "warm-up": warmUpSeconds } = values;
  const clips = [silenceClip(), ...(await speechClips())];
  const transport = transportOf(values.transport);
  const shared = { repeats, warmUpSeconds, transport, progress };
  return withLoad(async (load) => {
    const run = await runCalls(
      {
        ...shared,
        calls,
        seconds,
        load: { line: "trunk", caller: "stream", clips },
        config: {
          recognition: { isEnabled: false },
          flows: [flow],
          // A message of one slot of a thousand calls waits when the other end is slow.
          gateway: { port: 0, streamsMax: calls, bufferedBytesMax: 16 * 2 ** 20 },
        },
        flow: "endless-prompts",
        isRecorded: false,
      },
      load,
    );
    const floorCalls = Math.min(calls, values["floor-calls"]);
    const echoShare = run.load.heardFrames / run.load.sentFrames;
    const floorPlan = { ...shared, calls: floorCalls, seconds: values["floor-seconds"] };
    const floor = await runFloor({ ...floorPlan, echoShare, clips }, load);
    const figures = callFigures(calls, run, floor, promptCount);
    const keyToAudioMs = tailOf(run.load.answerMs);
    return { bench: "trunk", calls, seconds, ...figures, keyToAudioMs } as const;
  });
}

export const trunk = defineBench({
  name: "trunk",
  question: "what does a call cost that shares its connection with thousands of others?",
  options,
  run: trunkBench,
  format: (result: TrunkResult) =>
    formatCalls("trunk", result, [["key → audio", result.keyToAudioMs]]),
});
