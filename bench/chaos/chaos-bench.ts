/**
 * Question: what do callers notice when a part of the engine fails under live calls?
 *
 * The engine is the real process with its real threads; faults strike it one after the other, each
 * under calls of its own. What is noticed is measured in the audio, by the callers, who are in
 * another process: the longest time without a frame of ours, and the order of the prompts. Every
 * 20th call hears streamed speech, which is lost with a shard; the others hear prompts, which are
 * not. Calls that lived on what failed are `hit`.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import { generatorLateMsMax } from "../support/call-result.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { round } from "../support/figures.js";
import { ChaosEngine } from "./chaos-engine.js";
import { bySetup, planOf, type FaultPlan } from "./chaos-plan.js";
import { runFault, type FaultRun } from "./chaos-run.js";
import { faultNames, type FaultName } from "./messages.js";
import { timelineOf } from "./timeline.js";
import { deadMsMax, gapsOf, orderOf, skipsOf, type GapFigures } from "./what-was-heard.js";

const options = {
  calls: { kind: "count", default: 200, min: 4, max: 2000, help: "live calls" },
  fault: {
    kind: "word",
    words: ["all", "shards", ...faultNames],
    default: "all",
    help: "which; shards: those that a shard can have",
  },
  timeline: {
    kind: "flag",
    help: "keeps two calls hit by --fault as WAV, and tells what they heard",
  },
  seconds: { kind: "count", default: 6, min: 5, max: 60, help: "of listening after each fault" },
} as const;

/** Of one fault: the first ones tell what went wrong. */
const notesMax = 16;

export type FaultFigures = {
  readonly name: FaultName;
  /** Of calls that lived on what failed. */
  readonly callsHit: number;
  readonly droppedCalls: number;
  /** Of calls hit and not dropped: their longest time without audio of ours. */
  readonly gapMs: GapFigures;
  /** Prompts that did not follow from what was heard before. */
  readonly statesSkipped: number;
  readonly othersDropped: number;
  readonly othersGapMs: GapFigures;
  readonly framesOver300Ms: number;
  /** Of the shards that were not struck; before it, and then. */
  readonly othersFrameInP99MsBefore: number;
  readonly othersFrameInP99Ms: number;
  readonly generatorLateP99Ms: number;
};

export type ChaosResult = {
  readonly bench: "chaos";
  readonly calls: number;
  readonly faults: readonly FaultFigures[];
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

export async function chaosBench(
  values: OptionValues<typeof options>,
  progress: Progress,
): Promise<ChaosResult> {
  const { calls, seconds, fault } = values;
  const isRecorded = values.timeline;
  const canRecognise = isPocketSphinxAvailable().ok;
  const plans = namesOf(fault).map((name) => planOf(name, { calls, seconds, canRecognise }));
  const faults: FaultFigures[] = [];
  const notes: string[] = [];
  for (const group of bySetup(plans)) {
    for (const [name, run] of await runGroup(group, { calls, isRecorded, progress })) {
      notes.push(...(await keepTimelines(name, run)));
      faults.push(figuresOf(name, run));
      notes.push(...notesOf(run).map((line) => `${name}: ${line}`));
    }
  }
  faults.sort((a, b) => faultNames.indexOf(a.name) - faultNames.indexOf(b.name));
  const late = faults.filter((one) => one.generatorLateP99Ms > generatorLateMsMax);
  for (const { name, generatorLateP99Ms: lateMs } of late) {
    notes.unshift(`${name}: the generator's own frames were late by ${lateMs} ms (p99)`);
  }
  return { bench: "chaos", calls, faults, isValid: late.length === 0, notes };
}

function namesOf(choice: string): FaultName[] {
  const isOfShard = (name: FaultName): boolean =>
    name.startsWith("shard-") || name === "poisonous-call";
  return faultNames.filter(
    (name) => choice === "all" || choice === name || (choice === "shards" && isOfShard(name)),
  );
}

/** Faults that strike one engine, one after the other. */
async function runGroup(
  group: readonly FaultPlan[],
  options: { readonly calls: number; readonly isRecorded: boolean; readonly progress: Progress },
): Promise<(readonly [FaultName, FaultRun])[]> {
  const { calls, isRecorded, progress } = options;
  const runs: (readonly [FaultName, FaultRun])[] = [];
  const chaos = await ChaosEngine.start(group[0]!.setup, calls);
  try {
    for (const plan of group) {
      progress(`${plan.name}: ${plan.calls} calls`);
      const run = await runFault(plan, chaos, isRecorded);
      runs.push([plan.name, run]);
      progress(rowOf(figuresOf(plan.name, run)));
    }
    return runs;
  } finally {
    await chaos.stop();
  }
}

/** Writes what the recorded callers heard; @returns the same in words */
async function keepTimelines(name: FaultName, run: FaultRun): Promise<string[]> {
  const notes: string[] = [];
  const recorded = run.after.filter(({ frames }) => frames.length > 0);
  for (const [index, { frames }] of recorded.entries()) {
    const { wav, lines, leadMs, longestSilenceMs } = timelineOf(frames, run.strike.epochMs);
    const file = `bench/results/${name}-${index + 1}.local.wav`;
    await writeFile(fileURLToPath(new URL(file, packageRoot)), wav);
    const silence = `longest silence ${Math.round(longestSilenceMs)} ms`;
    notes.push(`${file}: begins ${Math.round(leadMs)} ms before the fault; ${silence}`, ...lines);
  }
  return notes;
}

/** What the engine said; of the calls that moved, only what became of a poisonous one. */
function notesOf({ log, strike: { poisoned } }: FaultRun): string[] {
  const isTold = (line: string): boolean =>
    !line.includes("a call lost its shard") || (poisoned !== undefined && line.includes(poisoned));
  return log.filter(isTold).slice(0, notesMax);
}

function figuresOf(name: FaultName, run: FaultRun): FaultFigures {
  const hit = new Set(run.strike.hit);
  const isDropped = ({ callId, silentMs }: FaultRun["after"][number]): boolean =>
    run.gone.has(callId) || silentMs > deadMsMax;
  const ofHit = run.after.filter(({ callId }) => hit.has(callId));
  const others = run.after.filter(({ callId }) => !hit.has(callId));
  const alive = ofHit.filter((call) => !isDropped(call));
  const order = orderOf(run.before);
  return {
    name,
    callsHit: ofHit.length,
    droppedCalls: ofHit.length - alive.length,
    gapMs: gapsOf(alive),
    statesSkipped: skipsOf(alive, order),
    othersDropped: others.filter(isDropped).length,
    othersGapMs: gapsOf(others.filter((call) => !isDropped(call))),
    framesOver300Ms: run.framesOver300Ms,
    othersFrameInP99MsBefore: round(run.othersFrameInP99Ms.before, 2),
    othersFrameInP99Ms: round(run.othersFrameInP99Ms.after, 2),
    generatorLateP99Ms: round(run.generator.lateMs.p99, 2),
  };
}

export const chaos = defineBench({
  name: "chaos",
  question: "what do callers notice when a part of the engine fails?",
  options,
  run: chaosBench,
  format: formatChaos,
});

const columns: readonly (readonly [head: string, figure: (one: FaultFigures) => number])[] = [
  ["hit", (one) => one.callsHit],
  ["dropped", (one) => one.droppedCalls],
  ["gap p50", (one) => one.gapMs.p50],
  ["gap p99", (one) => one.gapMs.p99],
  ["skipped", (one) => one.statesSkipped],
  ["others'", (one) => one.othersGapMs.p99],
  ["frameIn", (one) => one.othersFrameInP99MsBefore],
  ["then", (one) => one.othersFrameInP99Ms],
];

function row(name: string, cells: readonly (string | number)[]): string {
  return `  ${name.padEnd(20)}${cells.map((cell) => String(cell).padStart(9)).join("")}`;
}

function rowOf(one: FaultFigures): string {
  return row(
    one.name,
    columns.map(([, figure]) => figure(one)),
  );
}

function formatChaos({ calls, faults, isValid, notes }: ChaosResult): string {
  const heads = columns.map(([head]) => head);
  const lines = [
    `chaos: ${calls} calls${isValid ? "" : "  (NOT VALID)"}`,
    row("", heads),
    ...faults.map(rowOf),
    ...notes.map((note) => `  ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}
