import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Histogram, type HistogramHandle } from "./histogram.js";

test("adds up what several threads recorded", async () => {
  const entry = new URL("../dist/base/histogram.js", import.meta.url);
  const sum = new Histogram();
  for (const valueMs of [1, 9]) {
    const source = `
      import(${JSON.stringify(entry.href)}).then(({ Histogram }) => {
        const histogram = new Histogram();
        histogram.recordMs(${valueMs});
        require("node:worker_threads").parentPort.postMessage(histogram.handle);
      });`;
    const worker = new Worker(source, { eval: true });
    const handle = await new Promise<HistogramHandle>((resolve) => worker.once("message", resolve));
    sum.add(new Histogram(handle));
    await worker.terminate();
  }
  const summary = sum.summary();
  expect(summary.count).toBe(2);
  expect(summary.max).toBeCloseTo(9, 1);
});

test("keeps three figures of any value, and the order of all", () => {
  const histogram = new Histogram();
  const valuesMs = Array.from({ length: 2000 }, (_, index) => 0.001 * 1.009 ** index);
  for (const valueMs of valuesMs) {
    histogram.reset();
    histogram.recordMs(valueMs);
    const keptMs = Math.min(60_000, Math.max(0.001, Math.round(valueMs * 1000) / 1000));
    expect(histogram.summary().p50).toBeGreaterThanOrEqual(keptMs - 1e-9);
    expect(histogram.summary().p50).toBeLessThanOrEqual(keptMs * 1.001 + 1e-9);
  }
});

test("gives the shares of a thousand values", () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 1000; ms += 1) histogram.recordMs(ms);
  const { p50, p95, p99, p999, max } = histogram.summary();
  const expected = [500, 950, 990, 999, 1000];
  [p50, p95, p99, p999, max].forEach((valueMs, index) => {
    expect(Math.abs(valueMs / expected[index]! - 1)).toBeLessThan(0.001);
  });
});

test("draws its distribution from the shortest value to the longest, finer towards the end", () => {
  const histogram = new Histogram();
  expect(histogram.curve()).toEqual([]);
  for (let ms = 1; ms <= 8; ms += 1) histogram.recordMs(ms);
  const curve = histogram.curve();
  expect(curve.map(([percentile]) => percentile)).toEqual([0, 50, 75, 87.5, 100]);
  expect(curve.map(([, ms]) => Math.round(ms))).toEqual([1, 4, 6, 7, 8]);
});

test("shares its counts with who was given its handle", () => {
  const recording = new Histogram();
  const reading = new Histogram(recording.handle);
  recording.recordMs(7);
  expect(reading.count).toBe(1);
  reading.reset();
  expect(recording.count).toBe(0);
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
