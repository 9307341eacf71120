import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { Ear } from "./ear.js";
import { callFaults, FaultDesk } from "./fault-plan.js";
import { seededRng } from "./seeded-rng.js";
import { replayCommand, shrink } from "./shrink.js";
import { sabotages } from "./sabotage.js";
import {
  shippedFlows,
  simulate,
  worldCalls,
  type SimFlow,
  type SimulationOptions,
} from "./simulation.js";
import { SimLoop } from "./sim-loop.js";
import { frameSamples, readSpeech, speechFrame } from "./spoken-code.js";
import { decodeMulaw } from "../../codecs/audio/g711.js";

let flows: readonly SimFlow[];
beforeAll(async () => void (flows = await shippedFlows()));
const run = (options: Omit<SimulationOptions, "flows">) => simulate({ ...options, flows });

describe("the simulation", () => {
  test("of one seed is the same to the last message, and of another it is not", async () => {
    const [one, two, other] = await Promise.all([3, 3, 4].map((seed) => run({ seed, calls: 20 })));
    expect(one).toEqual(two);
    expect(other!.traceHash).not.toBe(one!.traceHash);
  });

  test("finds nothing broken in a run with a fresh seed", async () => {
    const seed = randomInt(1, 1_000_000_000);
    const options = { seed, calls: worldCalls, flows };
    console.log(`simulation: ${replayCommand(options)}`);
    const result = await simulate(options);
    expect(result.broken, replayCommand(options)).toEqual([]);
    expect(Object.keys(result.faults).length).toBeGreaterThan(10);
    expect(Object.keys(result.outcomes).length).toBeGreaterThan(3);
  });

  test("without faults every call ends as its flow or its callee wants", async () => {
    const { broken, outcomes, faults } = await run({ seed: 5, calls: 40, faults: [] });
    expect(broken).toEqual([]);
    expect(faults).toEqual({});
    expect(outcomes).not.toHaveProperty("failed");
  });
});

describe("a guard that is taken away is noticed:", () => {
  // Two of them here; `npm run sim -- --sabotage` takes away any.
  test.each(["cleared-played", "memory-stale"] as const)("%s", async (sabotage) => {
    const { broken } = await run({ seed: 16, calls: 40, sabotage });
    expect(broken.map(({ rule }) => rule)).toContain(sabotages[sabotage]);
  });

  test("and the run that shows it is shrunk to one call", async () => {
    const options = { seed: 11, calls: 20, sabotage: "clear-ignored", flows } as const;
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
      isExact: () => true,
      read: ([text, frame]) => (text === 0 ? undefined : { text: text!, frame: frame! }),
    });
    const silent = new Uint8Array(2);
    const hear = (utterance: number, payload = silent): void => ear.frame(utterance, payload);
    return { ear, hear, rules, time: loop.world };
  };

  test("takes one utterance after the other", () => {
    const { ear, hear, rules, time } = listen();
    for (const utterance of [1, 1, 2, 2]) {
      hear(utterance);
      time.advance(20);
    }
    ear.finish();
    expect(rules).toEqual([]);
  });

  test.each([
    ["two voices at once", [1, 2, 1], "overlap"],
    ["more than it can have heard by then", new Array<number>(40).fill(1), "overlap"],
  ])("notices %s", (_name, utterances, rule) => {
    const { hear, rules } = listen();
    for (const utterance of utterances) hear(utterance);
    expect(rules).toContain(rule);
  });

  test("notices what was cleared, and what comes after the end", () => {
    const { ear, hear, rules } = listen();
    hear(1);
    ear.clear(1);
    hear(1);
    ear.hungUp();
    hear(2);
    expect(rules).toEqual(["cleared-spoken", "after-hangup"]);
  });

  test("notices speech that goes on after an interruption was confirmed", () => {
    const { ear, hear, rules, time } = listen();
    ear.mustBeSilent(1, time.nowMs() + 200);
    for (let frame = 0; frame < 20; frame += 1) {
      hear(1);
      time.advance(20);
    }
    ear.finish();
    expect(rules).toEqual(["barge-in"]);
  });

  test("notices a frame of a sentence that is left out, and one that comes twice", () => {
    for (const frames of [
      [0, 1, 3],
      [0, 1, 1],
    ]) {
      const { hear, rules } = listen();
      for (const frame of frames) hear(1, Uint8Array.of(7, frame));
      expect(rules).toEqual(["garbled"]);
    }
  });

  test("hears behind a lost connection what had not arrived, and notices what does not fit", () => {
    for (const [from, rule] of [
      [1, []],
      [2, ["resume-media"]],
    ] as const) {
      const { ear, hear, rules, time } = listen();
      hear(1, Uint8Array.of(7, 0));
      time.advance(15);
      hear(1, Uint8Array.of(7, 1));
      ear.lineLost();
      expect(ear.arrivedFrames).toBe(1);
      if (from !== ear.arrivedFrames) ear.goOnFrom(from);
      hear(1, Uint8Array.of(7, from));
      expect(rules).toEqual(rule);
    }
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
