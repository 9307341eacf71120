import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { Ear } from "./ear.js";
import { callFaults, FaultDesk } from "./fault-plan.js";
import { seededRng } from "./seeded-rng.js";
import { replayCommand, shrink } from "./shrink.js";
import { sabotages, type Sabotage } from "./sabotage.js";
import { shippedFlows, simulate, type SimFlow, type SimulationOptions } from "./simulation.js";
import { SimLoop } from "./sim-loop.js";
import { frameSamples, readSpeech, speechFrame } from "./spoken-code.js";
import { decodeMulaw } from "../../codecs/audio/g711.js";

let flows: readonly SimFlow[];
beforeAll(async () => void (flows = await shippedFlows()));
const run = (options: Omit<SimulationOptions, "flows">) => simulate({ ...options, flows });

describe("the simulation", () => {
  test("of one seed is the same to the last message, and of another it is not", async () => {
    const [one, two, other] = await Promise.all([3, 3, 4].map((seed) => run({ seed, calls: 25 })));
    expect(one).toEqual(two);
    expect(other!.traceHash).not.toBe(one!.traceHash);
  });

  test("finds nothing broken in a run with a fresh seed", async () => {
    const seed = randomInt(1, 1_000_000_000);
    const options = { seed, calls: 150, flows };
    console.log(`simulation: ${replayCommand(options)}`);
    const result = await simulate(options);
    expect(result.broken, replayCommand(options)).toEqual([]);
    expect(Object.keys(result.faults).length).toBeGreaterThan(10);
    expect(Object.keys(result.outcomes).length).toBeGreaterThan(5);
  });

  test("without faults every call ends as its flow or its callee wants", async () => {
    const { broken, outcomes, faults } = await run({ seed: 5, calls: 60, faults: [] });
    expect(broken).toEqual([]);
    expect(faults).toEqual({});
    expect(outcomes).not.toHaveProperty("failed");
  });
});

describe("a guard that is taken away is noticed:", () => {
  test.each([
    ["clear-ignored", "barge-in"],
    ["cleared-played", "cleared-spoken"],
    ["outcome-twice", "one-outcome"],
    ["timer-leaked", "timer-left"],
    ["mailbox-unbounded", "mailbox-bound"],
    ["restarts-unbounded", "restart-intensity"],
  ] as const)("%s", async (sabotage, rule) => {
    const { broken } = await run({ seed: 11, calls: 250, sabotage });
    expect(broken.map((violation) => violation.rule)).toContain(rule);
  });

  test("and the run that shows it is shrunk to one call", async () => {
    const options = { seed: 11, calls: 60, sabotage: "clear-ignored", flows } as const;
    const small = await shrink(options, await simulate(options));
    expect(small.options.only).toHaveLength(1);
    expect(small.result.violations).toBeGreaterThan(0);
    expect(small.options.faults?.length ?? 0).toBeLessThanOrEqual(2);
  });
});

describe("a fault plan", () => {
  test("keeps a call's faults as they are, whatever other calls there are", () => {
    expect(callFaults(9, 17)).toEqual(callFaults(9, 17));
    expect(callFaults(9, 17)).not.toEqual(callFaults(10, 17));
  });
});

describe("coded speech", () => {
  test("is read back from any stretch of it, whole frames only", () => {
    const rng = seededRng(1);
    for (let round = 0; round < 100; round += 1) {
      const code = rng.int(1, 2 ** 28 - 1);
      const samples = new Int16Array(frameSamples);
      decodeMulaw(speechFrame(code), samples);
      const padded = new Int16Array(frameSamples + 40);
      padded.set(samples, rng.int(0, 40));
      const codes: number[] = [];
      readSpeech(padded, (read) => codes.push(read));
      expect(codes).toEqual([code]);
    }
  });
});

describe("the ear", () => {
  const listen = () => {
    const loop = new SimLoop();
    const rules: string[] = [];
    const ear = new Ear({
      time: loop.world,
      faults: new FaultDesk([], () => undefined),
      delayMs: 10,
      violated: (rule) => rules.push(rule),
      markReached: () => undefined,
    });
    return { ear, rules, time: loop.world };
  };

  test("takes one utterance after the other", () => {
    const { ear, rules, time } = listen();
    for (const utterance of [1, 1, 2, 2]) {
      ear.frame(utterance);
      time.advance(20);
    }
    ear.finish();
    expect(rules).toEqual([]);
  });

  test.each([
    ["two voices at once", [1, 2, 1], "overlap"],
    ["more than it can have heard by then", new Array<number>(40).fill(1), "overlap"],
  ])("notices %s", (_name, utterances, rule) => {
    const { ear, rules } = listen();
    for (const utterance of utterances) ear.frame(utterance);
    expect(rules).toContain(rule);
  });

  test("notices what was cleared, and what comes after the end", () => {
    const { ear, rules } = listen();
    ear.frame(1);
    ear.clear(1);
    ear.frame(1);
    ear.hungUp();
    ear.frame(2);
    expect(rules).toEqual(["cleared-spoken", "after-hangup"]);
  });

  test("notices speech that goes on after an interruption was confirmed", () => {
    const { ear, rules, time } = listen();
    ear.mustBeSilent(1, time.nowMs() + 200);
    for (let frame = 0; frame < 20; frame += 1) {
      ear.frame(1);
      time.advance(20);
    }
    ear.finish();
    expect(rules).toEqual(["barge-in"]);
  });
});

describe("separate processes", () => {
  test("give one seed one hash", async () => {
    const entry = new URL("../../dist/test/simulation/main.js", import.meta.url);
    const once = () =>
      new Promise<string>((resolve, reject) => {
        const child = fork(entry, ["--seed", "6", "--calls", "15", "--json"], { silent: true });
        let output = "";
        child.stdout!.on("data", (data: Buffer) => (output += data.toString()));
        child.on("exit", () => resolve(output));
        child.on("error", reject);
      });
    const [one, two] = [await once(), await once()];
    const line = JSON.parse(one) as { traceHash: string };
    expect(line).toMatchObject({ seed: 6, calls: 15, violations: 0 });
    expect(line.traceHash).toMatch(/^[0-9a-f]{16}$/);
    expect(two).toBe(one);
  });
});
