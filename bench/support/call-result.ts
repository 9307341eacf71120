/**
 * What every bench with calls reports, and when its run counts. Pure: runs in, figures out.
 *
 * A run does not count when the generator was the bottleneck: late with its own frames, or out of
 * CPU. What the engine did wrong makes a bad result, not an invalid one.
 */
import type { FloorRun } from "../floor/floor-run.js";
import type { LoadReport } from "../load/messages.js";
import type { Curve } from "../report/distribution.js";
import type { CallRun } from "./call-run.js";
import type { CpuWindow } from "./cpu-windows.js";
import { checksumOf, round, spreadOf, tailOf, type Spread, type Tail } from "./figures.js";

/** A generator that is later than this with its own frames has measured itself. */
export const generatorLateMsMax = 10;
/** Half of what strangers may take before the tails of a run are theirs. */
export const otherCoresMax = 0.25;
/** Notes in a result: the first ones tell what went wrong. */
const notesMax = 20;
/** Of the one core it has. */
export const generatorCoresMax = 0.95;

export type GeneratorFigures = {
  readonly cores: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
};

export type CallFigures = {
  readonly transport: string;
  readonly coresPerCall: number;
  readonly coresPerCallSpread: readonly [number, number];
  readonly floorCoresPerCall: number;
  /** How many times the floor. */
  readonly floorRatio: number;
  readonly frameMs: Tail;
  readonly frameInMs: Tail;
  readonly frameOutMs: Tail;
  readonly framesOver300Ms: number;
  /** Points of percentile and ms. */
  readonly frameInCurve: Curve;
  readonly frameOutCurve: Curve;
  readonly failedPct: number;
  readonly rssPerCallMb: number;
  /** Seen by the callers: from one frame of an utterance to the next. */
  readonly heardGapMs: Tail;
  /** Of a frame to the floor and back: what the sockets of this machine take. */
  readonly floorRoundTripMs: Tail;
  readonly work: {
    readonly framesSent: number;
    readonly framesHeard: number;
    readonly utterances: number;
    /** Of the different utterances that were heard: the same as long as the prompts are. */
    readonly checksum: string;
    readonly contents: number;
    readonly broken: number;
  };
  readonly generator: GeneratorFigures;
  /** What strangers took of the machine meanwhile. */
  readonly otherCores: number;
  readonly isValid: boolean;
  /** Why the run does not count, and what went wrong in it. */
  readonly notes: readonly string[];
};

/** @param contentsMax different utterances that the flow has: more means that audio was broken */
export function callFigures(
  calls: number,
  run: CallRun,
  floor: FloorRun,
  contentsMax: number,
): CallFigures {
  const perCall = spreadOf(
    run.windows.map(({ cores }) => cores / calls),
    6,
  );
  const floorPerCall = floorCoresOf(floor.calls, floor);
  const generator = generatorOf(run.load, run.windows);
  const { load, latency } = run;
  const otherCores = spreadOf(
    run.windows.map((window) => window.otherCores),
    3,
  ).median;
  const bottleneck = [
    ...whyNotValid(generator),
    ...(otherCores > otherCoresMax
      ? [`other programs used ${otherCores} cores of the machine: it does not count`]
      : []),
    ...whyNotValid(generatorOf(floor.load, floor.windows)).map((why) => `in the floor: ${why}`),
  ];
  return {
    transport: floor.transport,
    coresPerCall: perCall.median,
    coresPerCallSpread: [perCall.min, perCall.max],
    floorCoresPerCall: floorPerCall.median,
    floorRatio: round(perCall.median / floorPerCall.median, 2),
    frameMs: tailOf(latency.frame),
    frameInMs: tailOf(latency.frameIn),
    frameOutMs: tailOf(latency.frameOut),
    framesOver300Ms: latency.framesOver300Ms,
    frameInCurve: roundedCurve(latency.frameInCurve),
    frameOutCurve: roundedCurve(latency.frameOutCurve),
    failedPct: round((run.failedCalls / calls) * 100, 2),
    rssPerCallMb: round(run.rssPerCallMb, 3),
    heardGapMs: tailOf(load.gapMs),
    floorRoundTripMs: tailOf(floor.load.roundTripMs),
    work: workOf(load),
    generator,
    otherCores,
    isValid: bottleneck.length === 0,
    notes: [...bottleneck, ...whatWentWrong(run, contentsMax)].slice(0, notesMax),
  };
}

function workOf(load: LoadReport): CallFigures["work"] {
  const contents = Object.keys(load.contents);
  return {
    framesSent: load.sentFrames,
    framesHeard: load.heardFrames,
    utterances: load.utterances,
    checksum: checksumOf(contents),
    contents: contents.length,
    broken: load.brokenCount,
  };
}

function whatWentWrong({ load, troubles }: CallRun, contentsMax: number): string[] {
  const contents = Object.keys(load.contents).length;
  const isBroken = contents > contentsMax;
  const heard = `${contents} different utterances were heard, the flow has ${contentsMax}`;
  return [...(isBroken ? [heard] : []), ...load.broken, ...new Set(troubles)];
}

export function floorCoresOf(calls: number, floor: FloorRun): Spread {
  return spreadOf(
    floor.windows.map(({ cores }) => cores / calls),
    6,
  );
}

export function generatorOf(load: LoadReport, windows: readonly CpuWindow[]): GeneratorFigures {
  return {
    cores: spreadOf(
      windows.map(({ generatorCores }) => generatorCores),
      3,
    ).median,
    lateP99Ms: round(load.lateMs.p99, 2),
    lateMaxMs: round(load.lateMs.max, 2),
  };
}

/** Empty when the generator kept its own pace. */
export function whyNotValid({ cores, lateP99Ms }: GeneratorFigures): string[] {
  const why: string[] = [];
  if (lateP99Ms > generatorLateMsMax) {
    why.push(`the generator's own frames were late by ${lateP99Ms} ms (p99): it does not count`);
  }
  if (cores > generatorCoresMax) {
    why.push(`the generator used ${cores} of its one core: it does not count`);
  }
  return why;
}

function roundedCurve(curve: Curve): Curve {
  return curve.map(([percentile, ms]) => [round(percentile, 4), round(ms, 2)]);
}
