import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Histogram, type HistogramHandle } from "./histogram.js";

test("adds up what several threads recorded", async () => {
  const sum = new Histogram();
  for (const valueUs of [1000, 9000]) {
    const source = `
      const { createHistogram } = require("node:perf_hooks");
      const h = createHistogram({ lowest: 1, highest: 60e6, figures: 3 });
      h.record(${valueUs}); require("node:worker_threads").parentPort.postMessage(h);`;
    const worker = new Worker(source, { eval: true });
    const handle = await new Promise<HistogramHandle>((resolve) => worker.once("message", resolve));
    sum.add(new Histogram(handle));
    await worker.terminate();
  }
  const summary = sum.summary();
  expect(summary.count).toBe(2);
  expect(summary.max).toBeCloseTo(9, 1);
});

test("counts clock noise as zero and the absurd as one minute", () => {
  const histogram = new Histogram();
  histogram.recordMs(-3);
  histogram.recordMs(1e9);
  expect(histogram.summary().p50).toBeCloseTo(0.001);
  expect(histogram.summary().max).toBeCloseTo(60_000, -2);
});

test("an empty histogram summarises to zeros", () => {
  expect(new Histogram().summary()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 });
});

test("counts the values over a limit, and none when there is none", () => {
  const histogram = new Histogram();
  for (let i = 0; i < 1000; i += 1) histogram.recordMs(5);
  expect(histogram.countOverMs(300)).toBe(0);
  for (let i = 0; i < 3; i += 1) histogram.recordMs(400);
  expect(histogram.countOverMs(300)).toBe(3);
});
