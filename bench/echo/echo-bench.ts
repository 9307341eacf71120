/**
 * Question: how long from a frame that leaves a caller until its consequence is back with them?
 *
 * Two round trips through the whole frame path, by the caller's clock alone. Interruption: the
 * frame that makes the VAD and the turn detector call it one was sent → the order to be silent is
 * here (socket, ring, decoding, VAD, turn detector, and back). Key: pressed → the first frame of
 * the next prompt is here (dialog and playout). Beside them a frame to a bare echo server and back.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { runFloor } from "../floor/floor-run.js";
import type { Clip } from "../load/messages.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { callOptions, transportOf } from "../support/call-options.js";
import { callFigures, type CallFigures } from "../support/call-result.js";
import { runCalls } from "../support/call-run.js";
import { silenceClip, toMulaw } from "../support/clips.js";
import { tailOf, type Tail } from "../support/figures.js";
import { formatCalls } from "../support/format-calls.js";
import { withLoad } from "../support/with-load.js";
import { triggerFramesOf } from "./trigger.js";

export type EchoResult = CallFigures & {
  readonly bench: "echo";
  readonly calls: number;
  readonly seconds: number;
  /** Interrupting frame sent → silenced. */
  readonly reactionMs: Tail;
  /** Key pressed → first frame of the answer. */
  readonly keyToAudioMs: Tail;
};

/** Interruptions and prompts heard to their end of `interrupted-prompts.yaml`. */
const contentsMax = 1;

export async function echoBench(
  values: OptionValues<typeof callOptions>,
  progress: Progress,
): Promise<EchoResult> {
  const { calls, seconds, repeats } = values;
  const clips = [silenceClip(), interruption()] as const;
  const triggerFrames = await triggerFramesOf(...clips);
  return withLoad(async (load) => {
    const transport = transportOf(values.transport);
    const plan = {
      calls,
      seconds,
      repeats,
      transport,
      warmUpSeconds: values["warm-up"],
      load: { line: "native", caller: "interrupter", clips, triggerFrames },
      config: {
        recognition: { isEnabled: false },
        flows: [fileURLToPath(new URL("bench/echo/interrupted-prompts.yaml", packageRoot))],
      },
      flow: "interrupted-prompts",
      isRecorded: false,
      progress,
    } as const;
    const run = await runCalls(plan, load);
    const echoShare = run.load.heardFrames / run.load.sentFrames;
    const { warmUpSeconds } = plan;
    const floorSeconds = { seconds: values["floor-seconds"], repeats, warmUpSeconds };
    const floorPlan = { calls, ...floorSeconds, transport, echoShare, clips };
    const floor = await runFloor({ ...floorPlan, progress }, load);
    const figures = callFigures(calls, run, floor, contentsMax);
    const reactionMs = tailOf(run.load.roundTripMs);
    const keyToAudioMs = tailOf(run.load.answerMs);
    return { bench: "echo", calls, seconds, ...figures, reactionMs, keyToAudioMs } as const;
  });
}

/** A second of a loud voice-like sound: harmonics of 140 Hz, there at once. */
function interruption(): Clip {
  const samples = Int16Array.from({ length: 8000 }, (_, at) => {
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic += 1) {
      sum += Math.sin((2 * Math.PI * 140 * harmonic * at) / 8000) / harmonic;
    }
    return Math.round(sum * 6000);
  });
  return { name: "interruption", audio: toMulaw(samples) };
}

export const echo = defineBench({
  name: "echo",
  question: "how long until what a frame causes is back with the caller?",
  options: callOptions,
  run: echoBench,
  format: (result: EchoResult) =>
    formatCalls("echo", result, [
      ["reaction", result.reactionMs],
      ["key → audio", result.keyToAudioMs],
    ]),
});
