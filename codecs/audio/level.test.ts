import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseLevel, rmsDbfs, speechLevelDbfs } from "./level.js";

const RATE_HZ = 16000;

function sine(amplitude: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, n) => amplitude * Math.sin(n * 0.2));
}

function peak(samples: Int16Array): number {
  return samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
}

describe("levels", () => {
  it("measures a full-scale square wave as 0 and a full-scale sine as −3 dBFS", () => {
    const square = Int16Array.from({ length: 1600 }, (_, n) => (n % 40 < 20 ? 32767 : -32768));
    expect(rmsDbfs(square)).toBeCloseTo(0, 3);
    expect(rmsDbfs(sine(32767, 16000))).toBeCloseTo(-3.01, 2);
    expect(rmsDbfs(sine(3276.7, 16000))).toBeCloseTo(-23.01, 2);
  });

  it("measures silence and nothing as −Infinity", () => {
    for (const samples of [new Int16Array(0), new Int16Array(999)]) {
      expect(rmsDbfs(samples)).toBe(-Infinity);
      expect(speechLevelDbfs({ samples, rateHz: RATE_HZ })).toBe(-Infinity);
    }
  });

  it("measures speech without its pauses", () => {
    const samples = new Int16Array(RATE_HZ * 2);
    samples.set(sine(8000, RATE_HZ / 2));
    samples.set(sine(20, RATE_HZ / 2), RATE_HZ);
    const alone = rmsDbfs(samples.subarray(0, RATE_HZ / 2));
    expect(speechLevelDbfs({ samples, rateHz: RATE_HZ })).toBeCloseTo(alone, 1);
  });

  it("brings speech to the target, up and down", () => {
    for (const amplitude of [500, 5000, 30000]) {
      const samples = sine(amplitude, RATE_HZ);
      const result = normaliseLevel({ samples, rateHz: RATE_HZ }, { targetDbfs: -20 });
      expect(rmsDbfs(result)).toBeCloseTo(-20, 0);
    }
  });

  it("does not raise a quiet recording by more than allowed", () => {
    const audio = { samples: sine(100, RATE_HZ), rateHz: RATE_HZ };
    const result = normaliseLevel(audio, { targetDbfs: -20, gainDbMax: 12 });
    expect(rmsDbfs(result) - rmsDbfs(audio.samples)).toBeCloseTo(12, 0);
  });

  it("turns a peak down without cutting it flat or touching what is far from it", () => {
    const samples = sine(3000, RATE_HZ);
    samples.set(sine(32000, 100), 8000);
    const audio = { samples, rateHz: RATE_HZ };
    const result = normaliseLevel(audio, { targetDbfs: -12, peakDbfsMax: -3 });
    expect(peak(result)).toBeLessThanOrEqual(32767 * 10 ** (-3 / 20));
    const atPeak = result.subarray(8000, 8100);
    expect(atPeak.filter((sample) => sample === peak(atPeak)).length).toBeLessThan(5);
    const gains = [100, 2000, 15000].map((n) => peak(result.subarray(n, n + 100)));
    expect(Math.max(...gains) - Math.min(...gains)).toBeLessThan(20);
  });

  it("keeps every sample below the limit and every sign, whatever comes in", () => {
    fc.assert(
      fc.property(
        fc.int16Array({ maxLength: 500 }),
        fc.double({ min: -60, max: 0, noNaN: true }),
        fc.double({ min: -30, max: 0, noNaN: true }),
        fc.constantFrom(100, 8000, 48000),
        (samples, targetDbfs, peakDbfsMax, rateHz) => {
          const before = samples.slice();
          const result = normaliseLevel({ samples, rateHz }, { targetDbfs, peakDbfsMax });
          expect(samples).toEqual(before);
          expect(result).toHaveLength(samples.length);
          expect(peak(result)).toBeLessThanOrEqual(32767 * 10 ** (peakDbfsMax / 20));
          expect(result.every((sample, n) => sample * samples[n]! >= 0)).toBe(true);
        },
      ),
      {
        numRuns: 400,
        examples: [[Int16Array.of(-28685, -23734), 0, -4.821637332766437e-16, 100]],
      },
    );
  });

  it("leaves silence alone and refuses targets above full scale", () => {
    const audio = { samples: new Int16Array(50), rateHz: RATE_HZ };
    expect(normaliseLevel(audio, { targetDbfs: -20 })).toEqual(audio.samples);
    for (const targetDbfs of [0.1, Number.NaN, -Infinity]) {
      expect(() => normaliseLevel(audio, { targetDbfs })).toThrowError(/targetDbfs/);
    }
    expect(() => normaliseLevel(audio, { targetDbfs: -20, peakDbfsMax: 3 })).toThrowError(/peak/);
  });
});
