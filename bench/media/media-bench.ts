/**
 * Question: what does the media path of a call cost, and how late is a frame, with audio in both
 * directions all the time and nobody recognised or recorded?
 *
 * Comparable with engines that only carry media. Callers speak 40 % of the time and we speak
 * always, over them too: sockets, framing, rings, decoding, VAD and turn detector inwards; prompts
 * and paced playout outwards; a key after each prompt asks for the next. The floor beside it is a
 * bare echo server on the same transport with as many frames each way.
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
  line: {
    kind: "word",
    words: ["native", "twilio"],
    default: "native",
    help: "protocol of the callers",
  },
} as const;

export type MediaResult = CallFigures & {
  readonly bench: "media";
  readonly line: string;
  readonly calls: number;
  readonly seconds: number;
  /** Seen by the callers: key pressed → first frame of the next prompt. */
  readonly keyToAudioMs: Tail;
};

/** Of `endless-prompts.yaml`. */
const promptCount = 2;

export async function mediaBench(
  values: OptionValues<typeof options>,
  progress: Progress,
): Promise<MediaResult> {
  const { calls, seconds, repeats } = values;
  const line = values.line === "twilio" ? "twilio" : "native";
  const clips = [silenceClip(), ...(await speechClips())];
  return withLoad(async (load) => {
    const transport = transportOf(values.transport);
    const plan = {
      calls,
      seconds,
      repeats,
      transport,
      warmUpSeconds: values["warm-up"],
      load: { line, caller: "stream", clips },
      config: {
        recognition: { isEnabled: false },
        flows: [fileURLToPath(new URL("bench/media/endless-prompts.yaml", packageRoot))],
      },
      flow: "endless-prompts",
      isRecorded: false,
      progress,
    } as const;
    const run = await runCalls(plan, load);
    const echoShare = run.load.heardFrames / run.load.sentFrames;
    const { warmUpSeconds } = plan;
    const floorSeconds = { seconds: values["floor-seconds"], repeats, warmUpSeconds };
    const floorPlan = { calls, ...floorSeconds, transport, echoShare, clips };
    const floor = await runFloor({ ...floorPlan, progress }, load);
    const figures = callFigures(calls, run, floor, promptCount);
    const keyToAudioMs = tailOf(run.load.answerMs);
    return { bench: "media", line, calls, seconds, ...figures, keyToAudioMs } as const;
  });
}

export const media = defineBench({
  name: "media",
  question: "what does the media path of a call cost, and how late is a frame?",
  options,
  run: mediaBench,
  format: (result: MediaResult) =>
    formatCalls(`media (${result.line})`, result, [["key → audio", result.keyToAudioMs]]),
});
