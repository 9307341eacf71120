/**
 * Question: how many intelligent calls does one engine carry, and what does each of them cost?
 *
 * Every call is the full product: a WebSocket of its own with real-time speech and silence in both
 * directions, VAD, turn detector, streaming recognition by a mock of a vendor in a process of its
 * own, a dialog with cached prompts, a sealed recording of both sides. Callers speak about 40 % of
 * the time, in tone words: the recogniser measures them, so audio that was lost or doubled anywhere
 * on the way is a wrong word in the transcript. The floor is a bare echo server with as many frames
 * each way.
 */
import { runFloor, type FloorRun } from "../floor/floor-run.js";
import type { LoadProcess } from "../load/load-process.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { callOptions, transportOf } from "../support/call-options.js";
import { callFigures, type CallFigures } from "../support/call-result.js";
import { silenceClip } from "../support/clips.js";
import { tailOf, type Tail } from "../support/figures.js";
import { withLoad } from "../support/with-load.js";
import { promptCount, runCapacity, type CapacityPlan, type CapacityRun } from "./capacity-run.js";
import { formatCapacity } from "./format-capacity.js";
import { overloadOf, type Overload } from "./overload.js";
import { climb, ladderCost, type LadderCost, type Rung } from "./ladder.js";
import { whyNotCarried } from "./verdict.js";

const options = {
  ...callOptions,
  line: {
    kind: "word",
    words: ["native", "twilio"],
    default: "native",
    help: "protocol of the callers",
  },
  ladder: { kind: "flag", help: "find the most calls that are carried, up to --calls" },
  overload: { kind: "flag", help: "offer twice --calls, and see who is refused" },
  "no-asr": { kind: "flag", help: "without recognition" },
  "no-recording": { kind: "flag", help: "without recordings" },
} as const;

export type CapacityResult = CallFigures & {
  readonly bench: "capacity";
  readonly line: string;
  /** Parts that were left out. */
  readonly without: readonly string[];
  readonly calls: number;
  readonly seconds: number;
  readonly turnMs: Tail;
  readonly turnEngineMs: Tail;
  /** By the callers: last frame of their speech sent → first frame of the answer here. */
  readonly outsideTurnMs: Tail;
  readonly transcripts: { readonly said: number; readonly right: number; wrongCalls: number };
  /** Carried by the rule; the reasons if not. Turns are judged on the ladder. */
  readonly isCarried: boolean;
  readonly why: readonly string[];
  /** Where more calls were offered than `calls`. */
  readonly overload?: Overload;
  readonly ladder?: readonly Rung[];
  /** Absent when no more than a hundred calls were carried. */
  readonly ladderCost?: LadderCost;
};

export async function capacityBench(
  values: OptionValues<typeof options>,
  progress: Progress,
): Promise<CapacityResult> {
  return withLoad(async (load) => {
    if (!values.ladder) return single(values, progress, load);
    const at = (calls: number): Promise<CapacityResult> =>
      single({ ...values, calls }, progress, load);
    const { top, rungs } = await climb(values.calls, at);
    const cost = ladderCost(rungs);
    return { ...top, ladder: rungs, ...(cost && { ladderCost: cost }) };
  });
}

async function single(
  values: OptionValues<typeof options>,
  progress: Progress,
  load: LoadProcess,
): Promise<CapacityResult> {
  const { calls, seconds, repeats, line } = values;
  const plan: CapacityPlan = {
    calls,
    ...(values.overload ? { offered: 2 * calls } : {}),
    seconds,
    repeats,
    transport: transportOf(values.transport),
    warmUpSeconds: values["warm-up"],
    line: line === "twilio" ? "twilio" : "native",
    without: { asr: values["no-asr"], recording: values["no-recording"] },
    progress,
  };
  const run = await runCapacity(plan, load);
  const floor = await runFloor(
    {
      ...plan,
      calls: run.takenCalls,
      seconds: values["floor-seconds"],
      echoShare: run.load.heardFrames / run.load.sentFrames,
      clips: [silenceClip()],
    },
    load,
  );
  return resultOf(plan, run, floor);
}

function resultOf(plan: CapacityPlan, run: CapacityRun, floor: FloorRun): CapacityResult {
  const { seconds, line, without, offered } = plan;
  const calls = run.takenCalls;
  const figures = callFigures(calls, run, floor, promptCount);
  const { transcripts, latency } = run;
  const { said, right, wrongCalls, examples } = transcripts;
  const turnMs = tailOf(latency.turn);
  const why = whyNotCarried(
    {
      failedPct: figures.failedPct,
      wrongCalls,
      frameP999Ms: figures.frameMs.p999,
      framesOver300Ms: figures.framesOver300Ms,
      turnP95Ms: turnMs.p95,
    },
    undefined,
  );
  return {
    bench: "capacity",
    line,
    without: Object.entries(without).flatMap(([part, isOut]) => (isOut ? [part] : [])),
    calls,
    seconds,
    ...figures,
    turnMs,
    turnEngineMs: tailOf(latency.turnEngine),
    outsideTurnMs: tailOf(run.load.answerMs),
    transcripts: { said, right, wrongCalls },
    isCarried: why.length === 0,
    why,
    notes: [...figures.notes, ...examples],
    ...(offered === undefined ? {} : { overload: overloadOf(offered, run.refusals) }),
  };
}

export const capacity = defineBench({
  name: "capacity",
  question: "how many intelligent calls does one engine carry, and what does each cost?",
  options,
  run: capacityBench,
  format: formatCapacity,
});
