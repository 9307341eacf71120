/**
 * Question: with N spoken calls at once, how long does a frame take through the engine, and how
 * long does a caller wait for an answer?
 *
 * Both ends are measured: the engine's own histograms, and the callees, who are media clients in
 * another process and send in real time whatever the engine does. Every call is the full product:
 * sockets, VAD, turns, embedded recognition, flow, cached prompts, sealed recording. A first round
 * of calls warms up and is not counted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import type { HistogramSummary } from "../../base/histogram.js";
import { nodeTime } from "../../base/node-ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import type { CalleeReport } from "../../engine/loopback/callee-report.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import { createLoopbackTrunk } from "../../engine/loopback/loopback-trunk.js";
import { createNode } from "../../engine/node/node.js";
import { defineBench } from "../support/bench.js";
import { cpuSecondsOf, ownCpuSeconds } from "../support/cpu.js";

export type LatencyBenchOptions = {
  readonly calls: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
};

type Figures = { readonly p50: number; readonly p95: number; readonly p99: number };
type Tail = Figures & { readonly p999: number; readonly max: number; readonly count: number };

export type LatencyResult = {
  readonly bench: "latency";
  readonly calls: number;
  readonly seconds: number;
  /** The generator kept its own pace, and every answer was understood. */
  readonly isValid: boolean;
  readonly frameMs: Tail;
  readonly frameInMs: Tail;
  readonly frameOutMs: Tail;
  readonly framesOver300Ms: number;
  readonly turnMs: Tail;
  readonly turnEngineMs: Tail;
  /** By the callees: end of their speech → first audible frame of the answer arrived. */
  readonly outsideTurnMs: Figures & { readonly count: number };
  /** By the callees: between frames of one prompt, worst call. */
  readonly outsideFrameGapMs: { readonly p99Max: number; readonly max: number };
  /** Checksum of the work: answers given, answers understood as they were meant. */
  readonly answers: { readonly given: number; readonly understood: number };
  readonly engineCores: number;
  readonly recognitionCores: number;
  readonly generator: { readonly cores: number; readonly lateP99Ms: number };
};

/** A generator that is later than this with its own frames has measured itself. */
const generatorLateMsMax = 20;
const answerText = "yes please";
const warmUpSeconds = 6;

export async function latencyBench(options: LatencyBenchOptions): Promise<LatencyResult> {
  const dataDir = await mkdtemp(join(tmpdir(), "voxtree-bench-"));
  try {
    return await run(options, dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function run(options: LatencyBenchOptions, dataDir: string): Promise<LatencyResult> {
  const { calls, seconds, progress } = options;
  const reports = new Map<string, CalleeReport>();
  const time = nodeTime();
  const trunk = createLoopbackTrunk({
    scripts: [script],
    time,
    // The callee takes the end of a prompt as its cue; understanding it is not measured here.
    isRecognizing: false,
    onReport: (callId, report) => reports.set(callId, report),
  });
  const config = defaultConfig({
    gateway: { port: 0 },
    calls: { callsMax: calls },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    recognition: { decodersPerProcess: Math.max(16, calls) },
    flows: [fileURLToPath(new URL("bench/latency/question-loop.yaml", packageRoot))],
    trunks: [],
  });
  const node = createNode(config, { time, trunks: [trunk] });
  await node.start();
  try {
    progress(`warm-up: ${calls} calls for ${warmUpSeconds} s`);
    await round(node, calls, warmUpSeconds);
    reports.clear();
    node.resetLatency();
    const before = cpuNow(node, trunk.pid);
    progress(`measuring: ${calls} calls for ${seconds} s`);
    const views = await round(node, calls, seconds);
    const cpu = cpuNow(node, trunk.pid).map((value, index) => value - before[index]!);
    const elapsedSeconds = cpu[3]!;
    const cores = cpu.slice(0, 3).map((value) => value / elapsedSeconds);
    return resultOf(options, node, { views, reports: [...reports.values()], cores });
  } finally {
    await node.stop();
  }
}

/** So many calls at once, each hung up by us after so long. */
async function round(node: EngineNode, calls: number, seconds: number): Promise<CallView[]> {
  const one = async (index: number): Promise<CallView> => {
    // Spread over a second, so that the calls do not speak in chorus.
    await sleep((index * 1000) / calls);
    const request = { userId: `bench-${index}`, flow: "question-loop", trunk: "loopback" };
    const { callId } = await node.startCall({ ...request, to: script.id });
    const ended = node.callEnded(callId);
    await Promise.race([ended, sleep(seconds * 1000)]);
    await node.hangup(callId).catch(() => undefined);
    return ended;
  };
  return Promise.all(Array.from({ length: calls }, (_, index) => one(index)));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU seconds of engine, recognition and generator, and the time. */
function cpuNow(node: EngineNode, generatorPid: number | undefined): number[] {
  const recognition = node.processIds().reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const generator = generatorPid === undefined ? 0 : cpuSecondsOf(generatorPid);
  return [ownCpuSeconds(), recognition, generator, performance.now() / 1000];
}

type Measured = {
  readonly views: readonly CallView[];
  readonly reports: readonly CalleeReport[];
  readonly cores: readonly number[];
};

function resultOf(
  { calls, seconds }: LatencyBenchOptions,
  node: EngineNode,
  { views, reports, cores }: Measured,
): LatencyResult {
  const { frame, frameIn, frameOut, turn, turnEngine, framesOver300Ms } = node.latency();
  const outside = reports.flatMap((report) => report.turns.map((one) => one.arrivalLatencyMs));
  const heard = views.flatMap((view) => view.transcript.filter(({ side }) => side === "callee"));
  const understood = heard.filter(({ text }) => text === answerText).length;
  const lateP99Ms = Math.max(0, ...reports.map((report) => report.sent.lateness.p99Ms));
  return {
    bench: "latency",
    calls,
    seconds,
    isValid: lateP99Ms <= generatorLateMsMax && understood === heard.length && heard.length > 0,
    frameMs: rounded(frame),
    frameInMs: rounded(frameIn),
    frameOutMs: rounded(frameOut),
    framesOver300Ms,
    turnMs: rounded(turn),
    turnEngineMs: rounded(turnEngine),
    outsideTurnMs: figuresOf(outside),
    outsideFrameGapMs: {
      p99Max: round2(Math.max(0, ...reports.map((report) => report.received.intervals.p99Ms))),
      max: round2(Math.max(0, ...reports.map((report) => report.received.intervals.maxMs))),
    },
    answers: { given: heard.length, understood },
    engineCores: round2(cores[0]!),
    recognitionCores: round2(cores[1]!),
    generator: { cores: round2(cores[2]!), lateP99Ms: round2(lateP99Ms) },
  };
}

function rounded({ count, p50, p95, p99, p999, max }: HistogramSummary): Tail {
  return {
    count,
    p50: round2(p50),
    p95: round2(p95),
    p99: round2(p99),
    p999: round2(p999),
    max: round2(max),
  };
}

function figuresOf(values: readonly number[]): Figures & { count: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    round2(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

const exchange = {
  again: [],
  delayMs: 100,
  action: { kind: "say", parts: [{ text: answerText }] },
} as const;

/** Says yes to everything, for as long as it is asked. */
const script: CalleeScript = {
  id: "always-yes",
  description: "says yes to everything",
  flow: "question-loop",
  variables: {},
  protocol: "native",
  voice: "rms",
  answer: { kind: "answer", afterMs: 0 },
  expectOutcome: "cancelled",
  turns: Array.from({ length: 400 }, () => exchange),
  keypadOnly: Array.from({ length: 400 }, () => exchange),
  alsoHeard: [],
};

/** The result for a person. */
export function formatLatency(result: LatencyResult): string {
  const row = (name: string, tail: Tail): string =>
    `  ${name.padEnd(12)}${[tail.count, tail.p50, tail.p95, tail.p99, tail.p999, tail.max]
      .map((value) => String(value).padStart(9))
      .join("")}\n`;
  const { answers, generator, outsideTurnMs } = result;
  return (
    `latency: ${result.calls} calls, ${result.seconds} s${result.isValid ? "" : "  (NOT VALID)"}\n` +
    `  ms              count      p50      p95      p99    p99.9      max\n` +
    row("frameIn", result.frameInMs) +
    row("frameOut", result.frameOutMs) +
    row("frame", result.frameMs) +
    row("turn", result.turnMs) +
    row("turnEngine", result.turnEngineMs) +
    `  frames over 300 ms: ${result.framesOver300Ms}\n` +
    `  heard by the callees: answer after ${outsideTurnMs.p50} ms (p95 ${outsideTurnMs.p95})\n` +
    `  answers understood: ${answers.understood} of ${answers.given}\n` +
    `  cores: engine ${result.engineCores}, recognition ${result.recognitionCores}, ` +
    `generator ${generator.cores} (its frames late by p99 ${generator.lateP99Ms} ms)\n`
  );
}

export const latency = defineBench({
  name: "latency",
  question: "with N spoken calls at once, how long does a frame take, and how long an answer?",
  options: {
    calls: { kind: "count", default: 20, max: 500, help: "calls at once" },
    seconds: { kind: "count", default: 10, max: 600, help: "of measurement" },
  },
  run: ({ calls, seconds }, progress) => latencyBench({ calls, seconds, progress }),
  format: formatLatency,
});
