/** The latency figures of the design, out of the histograms of all threads. Pure. */
import type { Histogram, HistogramSummary } from "../../base/histogram.js";
import { Histogram as EmptyHistogram } from "../../base/histogram.js";
import type { LatencyReport } from "../engine-node.js";

const overMs = 300;

type Parts = Record<"frameIn" | "frameOut" | "turn" | "turnEngine", Histogram>;

/**
 * `frame` is what a frame takes inwards and outwards together. The two directions are different
 * frames, so each figure is the sum of both at that percentile: an upper bound.
 */
export function latencyReport(parts: Parts | undefined): LatencyReport {
  const none = new EmptyHistogram();
  const { frameIn, frameOut, turn, turnEngine } = parts ?? {
    frameIn: none,
    frameOut: none,
    turn: none,
    turnEngine: none,
  };
  const [inward, outward] = [frameIn.summary(), frameOut.summary()];
  return {
    frame: addSummaries(inward, outward),
    frameIn: inward,
    frameOut: outward,
    turn: turn.summary(),
    turnEngine: turnEngine.summary(),
    frameInCurve: frameIn.curve(),
    frameOutCurve: frameOut.curve(),
    framesOver300Ms: frameIn.countOverMs(overMs) + frameOut.countOverMs(overMs),
  };
}

function addSummaries(a: HistogramSummary, b: HistogramSummary): HistogramSummary {
  return {
    count: a.count + b.count,
    p50: a.p50 + b.p50,
    p95: a.p95 + b.p95,
    p99: a.p99 + b.p99,
    p999: a.p999 + b.p999,
    max: a.max + b.max,
  };
}
