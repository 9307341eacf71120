import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractChannel, interleaveStereo } from "./mix.js";

const mono = fc.int16Array({ maxLength: 100 });

describe("mixing", () => {
  it("puts left first, and silence after the side that ends earlier", () => {
    const output = new Int16Array(7).fill(9);
    expect(interleaveStereo(Int16Array.of(1, 2, 3), Int16Array.of(-1), output)).toBe(6);
    expect([...output]).toEqual([1, -1, 2, 0, 3, 0, 9]);
  });

  it("gives both sides back, whatever their lengths", () => {
    fc.assert(
      fc.property(mono, mono, (left, right) => {
        const samples = new Int16Array(Math.max(left.length, right.length) * 2);
        interleaveStereo(left, right, samples);
        const stereo = { channels: 2, samples };
        expect(extractChannel(stereo, 0).subarray(0, left.length)).toEqual(left);
        expect(extractChannel(stereo, 1).subarray(0, right.length)).toEqual(right);
        expect(
          extractChannel(stereo, 1)
            .subarray(right.length)
            .every((x) => x === 0),
        ).toBe(true);
      }),
    );
  });

  it("refuses a short output, a missing channel and half a frame", () => {
    const stereo = { channels: 2, samples: new Int16Array(5) };
    expect(() => interleaveStereo(new Int16Array(3), new Int16Array(1), new Int16Array(5))).toThrow(
      /holds 5 elements, the input needs 6/,
    );
    for (const channel of [2, -1, 0.5, Number.NaN]) {
      expect(() => extractChannel(stereo, channel)).toThrowError(/0 to 1 are there/);
    }
    expect(() => extractChannel(stereo, 0)).toThrowError(/5 samples do not divide by 2/);
  });
});
