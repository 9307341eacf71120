import { expect, test } from "vitest";
import { latencyBench } from "../bench/latency/latency-bench.js";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";

test.skipIf(!isPocketSphinxAvailable().ok)(
  "the latency bench measures frames and turns from both ends, and understood every answer",
  async () => {
    const result = await latencyBench({ calls: 2, seconds: 6, progress: () => undefined });
    expect(result.frameMs.count).toBeGreaterThan(800);
    expect(result.turnMs.count).toBeGreaterThan(0);
    expect(result.outsideTurnMs.count).toBeGreaterThan(0);
    expect(result.answers.given).toBeGreaterThan(0);
    expect(result.answers.understood).toBe(result.answers.given);
  },
);
