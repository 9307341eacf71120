import { describe, expect, test } from "vitest";
import type { CallView } from "../../engine/engine-node.js";
import { climb, ladderCost, rungsUpTo, type RungResult } from "./ladder.js";
import { overloadOf } from "./overload.js";
import { checkTranscripts } from "./transcripts.js";
import { whyNotCarried, type Carried } from "./verdict.js";

function view(callId: string, ...texts: string[]): CallView {
  const lines = texts.flatMap((text) => [
    { side: "agent", text: "Which day?", atMs: 0 },
    { side: "callee", text, atMs: 0 },
  ]);
  return { callId, transcript: lines } as unknown as CallView;
}

describe("transcripts", () => {
  const said = new Map([["a", ["monday", "no thank you", "maybe"]]]);

  test("are right word for word, and may miss the last sentence", () => {
    const whole = checkTranscripts([view("a", "monday", "no thank you", "maybe")], said);
    expect(whole).toEqual({ said: 3, right: 3, wrongCalls: 0, examples: [] });
    expect(checkTranscripts([view("a", "monday", "no thank you")], said).wrongCalls).toBe(0);
  });

  test.each([
    ["a lost word", ["monday", "no you", "maybe"]],
    ["a sentence that came twice", ["monday", "monday", "no thank you", "maybe"]],
    ["a sentence that was never said", ["monday", "no thank you", "maybe", "maybe"]],
    ["two sentences missing at the end", ["monday"]],
    ["one missing in the middle", ["monday", "maybe"]],
  ])("%s makes the call a wrong one", (_what, heard) => {
    const check = checkTranscripts([view("a", ...heard)], said);
    expect(check.wrongCalls).toBe(1);
    expect(check.examples).toHaveLength(1);
  });
});

const good: Carried = {
  failedPct: 0.4,
  wrongCalls: 0,
  frameP999Ms: 19,
  framesOver300Ms: 0,
  turnP95Ms: 124,
};

describe("a load is carried", () => {
  test("within all limits", () => expect(whyNotCarried(good, 100)).toEqual([]));

  test.each<[string, Partial<Carried>]>([
    ["failed calls", { failedPct: 0.5 }],
    ["a misunderstood call", { wrongCalls: 1 }],
    ["late frames", { frameP999Ms: 20 }],
    ["a frame over 300 ms", { framesOver300Ms: 1 }],
    ["turns a quarter later than unloaded", { turnP95Ms: 126 }],
  ])("not with %s", (_what, change) => {
    expect(whyNotCarried({ ...good, ...change }, 100)).toHaveLength(1);
  });
});

describe("the ladder", () => {
  const result = (calls: number, p999: number, turnP95 = 100, isValid = true): RungResult => ({
    calls,
    isValid,
    coresPerCall: 0.001,
    failedPct: 0,
    framesOver300Ms: 0,
    frameMs: { p50: 1, p99: 2, p999 },
    turnMs: { p95: turnP95 },
    transcripts: { wrongCalls: 0 },
  });

  test("begins unloaded and ends at the number asked for", () => {
    expect(rungsUpTo(250)).toEqual([10, 50, 100, 200, 250]);
    expect(rungsUpTo(5)).toEqual([5]);
  });

  test("stops at the first rung that is not carried; the one below is the top", async () => {
    const { top, rungs } = await climb(1000, (calls) =>
      Promise.resolve(result(calls, calls > 200 ? 30 : 5)),
    );
    expect(top.calls).toBe(200);
    expect(rungs.map(({ calls, isCarried }) => [calls, isCarried])).toEqual([
      [10, true],
      [50, true],
      [100, true],
      [200, true],
      [300, false],
    ]);
    expect(rungs.map(({ tries }) => tries)).toEqual([1, 1, 1, 1, 2]);
    expect(rungs.at(-1)!.why).toEqual(["frame p99.9 is 30 ms"]);
  });

  test("climbs on from a rung that was carried at the second try", async () => {
    const runs: number[] = [];
    const { top } = await climb(100, (calls) => {
      runs.push(calls);
      const isStalled = runs.length === 2;
      return Promise.resolve(result(calls, isStalled ? 30 : 5));
    });
    expect(runs).toEqual([10, 50, 50, 100]);
    expect(top.calls).toBe(100);
  });

  test("compares the cost of a call at the top with that of a hundred", async () => {
    const costs = async (callsMax: number) => {
      const { rungs } = await climb(callsMax, (calls) =>
        Promise.resolve({ ...result(calls, 5), coresPerCall: calls > 100 ? 0.0011 : 0.001 }),
      );
      return ladderCost(rungs);
    };
    expect(await costs(200)).toEqual({
      calls: 200,
      coresPerCall: 0.0011,
      coresPerCallAt100: 0.001,
      growthPct: 10,
    });
    expect(await costs(100)).toBeUndefined();
    expect(await costs(50)).toBeUndefined();
  });

  test("judges turns by those of the unloaded engine", async () => {
    const { top } = await climb(1000, (calls) =>
      Promise.resolve(result(calls, 5, calls >= 100 ? 130 : 100)),
    );
    expect(top.calls).toBe(50);
  });

  test("a run that does not count carries nothing", async () => {
    const { top, rungs } = await climb(100, (calls) =>
      Promise.resolve(result(calls, 5, 100, calls < 100)),
    );
    expect(top.calls).toBe(50);
    expect(rungs.at(-1)).toMatchObject({ calls: 100, isCarried: false, isValid: false });
  });
});

describe("refusals under overload", () => {
  const full = { code: "ADMISSION_REFUSED", why: "no new call now: frames are late" };

  test("are exact when each says why and when to ask again", () => {
    const refusals = [
      { ...full, retryAfterSeconds: 5 },
      { ...full, retryAfterSeconds: 1 },
    ];
    expect(overloadOf(10, refusals)).toEqual({
      offered: 10,
      taken: 8,
      refused: 2,
      isExact: true,
      reasons: [full.why],
    });
  });

  test.each([
    ["without a time", full],
    ["for another reason", { code: "UNEXPECTED", why: "x", retryAfterSeconds: 5 }],
    ["without a word", { ...full, why: "", retryAfterSeconds: 5 }],
  ])("are not exact %s", (_what, refusal) => {
    expect(overloadOf(2, [refusal]).isExact).toBe(false);
  });
});
