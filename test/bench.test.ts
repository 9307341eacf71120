/** Every bench runs small, so that it does not rot: shape, checksum and validity, never a time. */
import { describe, expect, test } from "vitest";
import { capacityBench } from "../bench/capacity/capacity-bench.js";
import { chaosBench } from "../bench/chaos/chaos-bench.js";
import { echoBench } from "../bench/echo/echo-bench.js";
import { floorBench } from "../bench/floor/floor-bench.js";
import { hostileBench } from "../bench/hostile/hostile-bench.js";
import { kernelBench } from "../bench/kernel/kernel-bench.js";
import { latencyBench } from "../bench/latency/latency-bench.js";
import { callsBench } from "../bench/recogniser-loss/calls-bench.js";
import { recogniserLossBench } from "../bench/recogniser-loss/recogniser-loss-bench.js";
import { mediaBench } from "../bench/media/media-bench.js";
import { memoryBench } from "../bench/memory/memory-bench.js";
import { codecsBench } from "../bench/parts/codecs-bench.js";
import { opusBench } from "../bench/opus/opus-bench.js";
import { flowBench } from "../bench/parts/flow-bench.js";
import { ringBench } from "../bench/parts/ring-bench.js";
import { vadBench } from "../bench/parts/vad-bench.js";
import { startBench } from "../bench/start/start-bench.js";
import { trunkBench } from "../bench/trunk/trunk-bench.js";
import { turnsBench } from "../bench/turns/turns-bench.js";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";

const quiet = (): void => undefined;
const small = { seconds: 1, repeats: 2, "warm-up": 0, "floor-seconds": 1, transport: "auto" };

// They wait more than they work, and none of them asserts a time.
test("the opus bench sends 60 % less than G.711, the same bytes in every run", async () => {
  const run = () => opusBench({ sentences: 1, wav: false, words: false });
  const [first, second] = [await run(), await run()];
  expect(first).toMatchObject({ bench: "opus", isValid: true });
  expect(second.checksum).toBe(first.checksum);
});

describe.concurrent("a bench with calls", () => {
  test("media carries audio both ways, in order and unbroken, with a floor beside it", async () => {
    const result = await mediaBench({ ...small, calls: 3, line: "twilio" }, quiet);
    expect(result.failedPct, result.notes.join("; ")).toBe(0);
    expect(result.work.broken).toBe(0);
    expect(result.work.framesSent).toBeGreaterThan(100);
    expect(result.work.framesHeard).toBeGreaterThan(100);
    expect(result.frameInMs.count).toBeGreaterThan(100);
    expect(result.heardGapMs.count).toBeGreaterThan(100);
    expect(result.floorRoundTripMs.count).toBeGreaterThan(100);
    expect(result.coresPerCall).toBeGreaterThan(0);
    expect(result.floorRatio).toBeGreaterThan(0);
  });

  test("capacity understands every word that its callers say", async () => {
    const parts = {
      ladder: false,
      overload: false,
      "no-asr": false,
      "no-recording": false,
      line: "native",
    };
    const result = await capacityBench({ ...small, ...parts, seconds: 4, calls: 3 }, quiet);
    expect(result).toMatchObject({ bench: "capacity", calls: 3, failedPct: 0 });
    expect(result.work.broken).toBe(0);
    expect(result.work.contents).toBeLessThanOrEqual(2);
    expect(result.transcripts.said).toBeGreaterThan(0);
    expect(result.transcripts.wrongCalls).toBe(0);
    expect(result.turnMs.count).toBeGreaterThan(0);
    expect(result.turnEngineMs.count).toBe(result.turnMs.count);
  });

  test("echo interrupts prompts and times the silence that follows", async () => {
    const result = await echoBench({ ...small, seconds: 3, calls: 3 }, quiet);
    expect(result.failedPct, result.notes.join("; ")).toBe(0);
    expect(result.work.broken).toBe(0);
    expect(result.reactionMs.count).toBeGreaterThan(0);
  });

  test("trunk carries all calls on one connection, in order and unbroken", async () => {
    const options = { ...small, calls: 12, seconds: 2, "floor-calls": 3 };
    const result = await trunkBench(options, quiet);
    expect(result).toMatchObject({ bench: "trunk", calls: 12, failedPct: 0 });
    expect(result.work.broken).toBe(0);
    expect(result.work.framesSent).toBeGreaterThan(500);
    expect(result.work.framesHeard).toBeGreaterThan(500);
  });

  test("hostile turns out who misbehaves, and nobody else", async () => {
    const attack = { attackers: 1, "half-open": 20, "bad-upgrades": 5 };
    const result = await hostileBench({ calls: 3, seconds: 2, "warm-up": 0, ...attack }, quiet);
    expect(result.lostCalls).toBe(0);
    expect(result.halfOpened).toBe(20);
    expect(result.attacked.heardGapMs.count).toBeGreaterThan(100);
    const { flood, wrongSize } = result.ends;
    expect(Object.keys(flood).join()).toContain("ahead of real time");
    expect(Object.keys(wrongSize).join()).toContain("160 (20 ms of pcmu/8000) is right");
    expect(result.ends.badUpgrade).toEqual({ "HTTP/1.1 404 Not Found": 5 });
  });

  test("floor gets back as many frames as it asked for", async () => {
    const options = { ...small, calls: 4, repeats: 1, "echo-percent": 50 };
    const { work, roundTripMs, bench } = await floorBench(options, quiet);
    expect(bench).toBe("floor");
    expect(roundTripMs.count).toBe(work.framesHeard);
    expect(work.framesHeard / work.framesSent).toBeCloseTo(0.5, 1);
  });

  test("memory reads what is left after short calls, and what live ones take", async () => {
    const options = { completed: 8, "at-once": 4, calls: 2, seconds: 1, settle: 0 };
    const result = await memoryBench(options, quiet);
    expect(result.points.map(({ completed }) => completed)).toEqual([0, 2, 4, 6, 8]);
    expect(result.points.every(({ rssMb }) => rssMb > 20)).toBe(true);
    expect(result.outcomes).toEqual({ done: 9 });
    expect(result.isValid).toBe(true);
  });

  test("start takes calls after every start", async () => {
    const result = await startBench({ repeats: 1, flows: "one" }, quiet);
    expect(result.isValid).toBe(true);
    expect(result.readyMs.median).toBeGreaterThanOrEqual(result.engineMs.median);
    expect(result.rssMb.median).toBeGreaterThan(20);
  });
});

describe("a bench of parts does the same work in every batch", () => {
  const seconds = 0.05;
  test.each([
    ["ring", () => ringBench({ seconds }, quiet), 3],
    ["codecs", () => codecsBench({ seconds }, quiet), 14],
    ["vad", () => vadBench({ seconds }, quiet), 3],
    ["flow", () => flowBench({ seconds }, quiet), 4],
  ])("%s", async (bench, run, count) => {
    const result = await run();
    expect(result).toMatchObject({ bench, isValid: true, notes: [] });
    expect(result.cases).toHaveLength(count);
    expect(result.cases.every(({ nsPerOperation }) => nsPerOperation > 0)).toBe(true);
    const idle = result.cases.filter(({ checksum }) => checksum === 0).map(({ name }) => name);
    expect(idle).toEqual(bench === "vad" ? ["vad, silence"] : []);
  });

  test("kernel", async () => {
    const result = await kernelBench({ seconds: 0.5, progress: quiet });
    expect(result.isValid).toBe(true);
  });
});

describe.concurrent("a bench that speaks", () => {
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

  test.skipIf(!isPocketSphinxAvailable().ok)(
    "the turns bench does every exercise, in virtual time the same ones with the same outcome",
    async () => {
      const plan = { "every-voice": false, every: 40, part: "tuned", calls: 12 } as const;
      const run = () => turnsBench({ ...plan, virtual: true }, quiet);
      const [first, second] = [await run(), await run()];
      expect(first).toMatchObject({ bench: "turns", isValid: true, mode: "virtual" });
      expect(first.utterances).toBeGreaterThan(5);
      expect(first.all.responseMs.count).toBeGreaterThan(5);
      expect(second).toEqual(first);
      const real = await turnsBench({ ...plan, virtual: false }, quiet);
      expect(real).toMatchObject({ mode: "real", utterances: first.utterances });
      expect(real.all.responseMs.count).toBeGreaterThan(5);
      expect(real.troubles).toEqual([]);
    },
  );

  test("the chaos bench takes a shard away, and hears from its callers that nobody was lost", async () => {
    const result = await chaosBench(
      { calls: 6, seconds: 5, fault: "shard-killed", timeline: false },
      quiet,
    );
    const [fault] = result.faults;
    expect(fault).toMatchObject({ name: "shard-killed", callsHit: 3 });
    expect(fault).toMatchObject({ droppedCalls: 0, othersDropped: 0, statesSkipped: 0 });
    expect(fault!.gapMs.p50).toBeGreaterThan(0);
  });

  test("the recogniser-loss-calls bench ends all its calls, whatever dies", async () => {
    const result = await callsBench({ calls: 2, "at-once": 2, deaths: 1 }, quiet);
    expect(result).toMatchObject({ isValid: true, deaths: 1, wrong: 0 });
    expect(result.completed).toBe(result.calls);
  });

  test("the recogniser-loss bench kills a recogniser in mid-sentence and finds every word", async () => {
    const options = { utterances: 6, talkers: 3, deaths: 2, alone: false };
    const result = await recogniserLossBench(options, quiet);
    expect(result).toMatchObject({ isValid: true, deaths: 2, wrong: 0, failed: 0 });
    expect(result.utterances).toBeGreaterThanOrEqual(6);
    expect(result.movedOn).toBeGreaterThan(0);
    expect(result.deathsMs.count).toBe(result.utterances);
  });
});
