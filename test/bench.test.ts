import { expect, test } from "vitest";
import { capacityBench } from "../bench/capacity/capacity-bench.js";
import { chaosBench } from "../bench/chaos/chaos-bench.js";
import { echoBench } from "../bench/echo/echo-bench.js";
import { floorBench } from "../bench/floor/floor-bench.js";
import { latencyBench } from "../bench/latency/latency-bench.js";
import { mediaBench } from "../bench/media/media-bench.js";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";

const quiet = (): void => undefined;
const small = { seconds: 1, repeats: 2, "warm-up": 0, "floor-seconds": 1 };

test.skipIf(!isPocketSphinxAvailable().ok)(
  "the latency bench measures frames and turns from both ends, and understood every answer",
  async () => {
    const result = await latencyBench({ calls: 2, seconds: 6, progress: quiet });
    expect(result.frameMs.count).toBeGreaterThan(800);
    expect(result.turnMs.count).toBeGreaterThan(0);
    expect(result.outsideTurnMs.count).toBeGreaterThan(0);
    expect(result.answers.given).toBeGreaterThan(0);
    expect(result.answers.understood).toBe(result.answers.given);
  },
);

test("the media bench carries audio both ways, in order and unbroken, with a floor beside it", async () => {
  const result = await mediaBench({ ...small, calls: 3, line: "twilio" }, quiet);
  expect(result.failedPct).toBe(0);
  expect(result.work.broken).toBe(0);
  expect(result.work.framesSent).toBeGreaterThan(100);
  expect(result.work.framesHeard).toBeGreaterThan(100);
  expect(result.frameInMs.count).toBeGreaterThan(100);
  expect(result.heardGapMs.count).toBeGreaterThan(100);
  expect(result.floorRoundTripMs.count).toBeGreaterThan(100);
  expect(result.coresPerCall).toBeGreaterThan(0);
  expect(result.floorRatio).toBeGreaterThan(0);
});

test("the capacity bench understands every word that its callers say", async () => {
  const parts = { ladder: false, "no-asr": false, "no-recording": false, line: "native" };
  const result = await capacityBench({ ...small, ...parts, seconds: 4, calls: 3 }, quiet);
  expect(result).toMatchObject({ bench: "capacity", calls: 3, failedPct: 0, framesOver300Ms: 0 });
  expect(result.work.broken).toBe(0);
  expect(result.work.contents).toBeLessThanOrEqual(2);
  expect(result.transcripts.said).toBeGreaterThan(0);
  expect(result.transcripts.wrongCalls).toBe(0);
  expect(result.turnMs.count).toBeGreaterThan(0);
  expect(result.turnEngineMs.count).toBe(result.turnMs.count);
});

test("the echo bench interrupts prompts and times the silence that follows", async () => {
  const result = await echoBench({ ...small, seconds: 3, calls: 3 }, quiet);
  expect(result.failedPct).toBe(0);
  expect(result.work.broken).toBe(0);
  expect(result.reactionMs.count).toBeGreaterThan(0);
});

test("the floor bench gets back as many frames as it asked for", async () => {
  const options = { calls: 4, seconds: 1, repeats: 1, "warm-up": 0, "echo-percent": 50 };
  const { work, roundTripMs, bench } = await floorBench(options, quiet);
  expect(bench).toBe("floor");
  expect(roundTripMs.count).toBe(work.framesHeard);
  expect(work.framesHeard / work.framesSent).toBeCloseTo(0.5, 1);
});

test("the chaos bench takes a shard away, and hears from its callers that nobody was lost", async () => {
  const result = await chaosBench({ calls: 6, seconds: 5, fault: "shard-killed" }, quiet);
  const [fault] = result.faults;
  expect(fault).toMatchObject({ name: "shard-killed", callsHit: 3 });
  expect(fault).toMatchObject({ droppedCalls: 0, othersDropped: 0, statesSkipped: 0 });
  expect(fault!.gapMs.p50).toBeGreaterThan(0);
});
