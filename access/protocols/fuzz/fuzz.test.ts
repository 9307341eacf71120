import { describe, expect, it } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import { runFuzz } from "./fuzz-run.js";
import { fuzzTargets } from "./fuzz-targets.js";
import { mutated, seededRng } from "./mutate.js";

/** The long run is `npm run fuzz`. */
const messages = 1500;

describe.each(fuzzTargets())("whatever is sent to $name", (target) => {
  it("is taken, or refused with an error of the protocol", () => {
    const report = runFuzz({ target, messages, seed: 7, clock: nodeTime() });
    expect(report.messages).toBe(messages);
    expect(report.starts).toBeGreaterThan(target.name === "detected" ? 1 : 20);
    // Whatever mutates nothing finds nothing.
    expect(Object.values(report.refused).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3);
  });
});

describe("a mutation", () => {
  it("is the same for the same seed, and leaves its original alone", () => {
    const original = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const run = () => {
      const rng = seededRng(42);
      return Array.from({ length: 50 }, () => mutated(rng, original, ["{}", original]));
    };
    expect(run()).toEqual(run());
    expect([...original]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
