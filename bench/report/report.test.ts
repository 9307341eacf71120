import { describe, expect, test } from "vitest";
import type { ResultLine } from "../support/bench.js";
import { shareBetween, shareUpTo, type Curve } from "./distribution.js";
import { reportPage } from "./page.js";
import { linearScale, logScale } from "./svg.js";

const curve: Curve = [
  [0, 1],
  [50, 2],
  [90, 10],
  [100, 30],
];

describe("a distribution", () => {
  test("is straight between the points of its curve", () => {
    expect(shareUpTo(curve, 2)).toBe(0.5);
    expect(shareUpTo(curve, 6)).toBeCloseTo(0.7);
    expect(shareUpTo(curve, 30)).toBe(1);
    expect(shareUpTo(curve, 0.5)).toBe(0);
  });

  test("has all of its parts between nothing and infinity, and none without values", () => {
    const edges = [0, 2, 5, 10, 20, Infinity];
    const parts = edges.slice(0, -1).map((from, at) => shareBetween(curve, from, edges[at + 1]!));
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1);
    expect(shareBetween([], 0, Infinity)).toBe(0);
  });
});

describe("scales", () => {
  test("put values between the ends of their range", () => {
    expect(linearScale([0, 10], [0, 100]).at(5)).toBe(50);
    expect(linearScale([0, 500], [0, 100]).ticks).toEqual([0, 100, 200, 300, 400, 500]);
    expect(logScale([1, 100], [0, 100]).at(10)).toBe(50);
    expect(logScale([1, 100], [0, 100]).ticks).toContain(10);
  });
});

describe("the report", () => {
  const base = { machine: "2 × <CPU>", node: "v20", commit: "abc", at: "2026-01-01T00:00:00.000Z" };
  const rung = {
    calls: 10,
    isCarried: true,
    isValid: true,
    why: [],
    coresPerCall: 0.002,
    frameP50Ms: 1,
    frameP99Ms: 3,
    frameP999Ms: 8,
    turnP95Ms: 200,
  };
  const capacity: ResultLine = {
    ...base,
    bench: "capacity",
    isValid: true,
    calls: 10,
    coresPerCall: 0.002,
    floorCoresPerCall: 0.0008,
    floorRatio: 2.5,
    framesOver300Ms: 0,
    frameMs: { p99: 3, p999: 8, max: 12 },
    turnEngineMs: { p95: 9 },
    frameInCurve: curve,
    frameOutCurve: curve,
    ladder: [rung, { ...rung, calls: 50, isCarried: false, why: ["late"] }],
  };

  test("is one page without anything from elsewhere, and shows what was measured", () => {
    const page = reportPage([capacity]);
    expect(page).toContain("0.002");
    expect(page).toContain("LiveKit");
    expect(page).toContain("not carried");
    expect(page).toContain("2 × &lt;CPU&gt;");
    expect(page.match(/<svg/g)).toHaveLength(3);
    expect(page).not.toMatch(/https?:|<script|NaN|undefined/);
  });

  test("leaves out runs that do not count, and says how many", () => {
    const page = reportPage([{ ...capacity, isValid: false }]);
    expect(page).toContain("nothing has been measured yet");
    expect(page).toContain("1 runs in which the generator was the bottleneck");
  });
});
