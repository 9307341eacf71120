import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeptAudio } from "./kept-audio.js";

function keptSamples(kept: KeptAudio): number[] {
  const all: number[] = [];
  kept.replay((samples) => all.push(...samples));
  return all;
}

/** Every sample is its own number. */
function ramp(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => (from + index) % 30_000);
}

describe("kept audio", () => {
  it("gives back all that was not dropped, in order, however it was written", () => {
    const step = fc.oneof(
      fc.record({ write: fc.nat(9000) }),
      fc.record({ dropBefore: fc.nat(4000) }),
      fc.record({ clear: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const kept = new KeptAudio({ rateHz: 8000, msMax: 60_000 });
        let [from, to] = [0, 0];
        for (const each of steps) {
          if ("clear" in each) {
            kept.clear();
            from = to;
          } else if ("write" in each) {
            kept.write(ramp(to, each.write));
            to += each.write;
          } else {
            kept.dropBefore(each.dropBefore);
            from = Math.max(from, Math.min(to, each.dropBefore * 8));
          }
        }
        expect(keptSamples(kept)).toEqual([...ramp(from, to - from)]);
        expect(kept.keptMs).toBe((to - from) / 8);
        expect(kept.isWhole).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps no reference to what it was given", () => {
    const kept = new KeptAudio({ rateHz: 8000, msMax: 1000 });
    const samples = ramp(1, 100);
    kept.write(samples);
    samples.fill(0);
    expect(keptSamples(kept)).toEqual([...ramp(1, 100)]);
  });

  it("gives memory on to another utterance only when it was cleared", () => {
    const [first, second, third] = [1, 2, 3].map(() => new KeptAudio({ rateHz: 8000, msMax: 9e3 }));
    first!.write(ramp(0, 9000));
    second!.write(ramp(9000, 9000));
    first!.clear();
    third!.write(ramp(18_000, 9000));
    first!.write(ramp(27_000, 100));
    expect(keptSamples(second!)).toEqual([...ramp(9000, 9000)]);
    expect(keptSamples(third!)).toEqual([...ramp(18_000, 9000)]);
    expect(keptSamples(first!)).toEqual([...ramp(27_000, 100)]);
  });

  it("lets the oldest go beyond its limit, says so, and is whole again once that is settled", () => {
    const kept = new KeptAudio({ rateHz: 8000, msMax: 2000 });
    for (let at = 0; at < 20_000; at += 1000) kept.write(ramp(at, 1000));
    expect(keptSamples(kept)).toEqual([...ramp(4000, 16_000)]);
    expect(kept.isWhole).toBe(false);
    kept.dropBefore(1000);
    expect(kept.isWhole).toBe(true);
    expect(keptSamples(kept)).toEqual([...ramp(8000, 12_000)]);
  });
});
