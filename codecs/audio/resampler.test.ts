import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUDIO_RATES_HZ, FOREIGN_RATES_HZ } from "./audio-codec.js";
import { PASSBAND_PART } from "./resampler-filter.js";
import { createResampler, resampleWhole, type ResamplerOptions } from "./resampler.js";

const pairs: ResamplerOptions[] = AUDIO_RATES_HZ.flatMap((fromHz) =>
  AUDIO_RATES_HZ.filter((toHz) => toHz !== fromHz).map((toHz) => ({ fromHz, toHz })),
);
const AMPLITUDE = 20000;

function sine(rateHz: number, frequencyHz: number, samples: number, amplitude = AMPLITUDE) {
  return Int16Array.from({ length: samples }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * n) / rateHz + 0.3)),
  );
}

/** Frequencies from one to another, `count` of them, both ends included. */
function sweep(fromHz: number, toHz: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => fromHz + ((toHz - fromHz) * n) / (count - 1));
}

/** Output for a long sine without its transients at either end. */
function settled(pair: ResamplerOptions, frequencyHz: number): Int16Array {
  const input = sine(pair.fromHz, frequencyHz, pair.fromHz / 4);
  const edge = Math.ceil(pair.toHz / 100);
  return resampleWhole({ ...pair, samples: input }).subarray(edge, -edge);
}

function rms(samples: ArrayLike<number>): number {
  return Math.sqrt(Array.from(samples).reduce((sum, x) => sum + x * x, 0) / samples.length);
}

/** Fits a sine of that frequency; what is left over are images, aliases and rounding. */
function analyse(samples: Int16Array, rateHz: number, frequencyHz: number) {
  const w = (2 * Math.PI * frequencyHz) / rateHz;
  let [ss, cc, sc, xs, xc] = [0, 0, 0, 0, 0];
  samples.forEach((x, n) => {
    const [s, c] = [Math.sin(w * n), Math.cos(w * n)];
    ss += s * s;
    cc += c * c;
    sc += s * c;
    xs += x * s;
    xc += x * c;
  });
  const determinant = ss * cc - sc * sc;
  const a = (xs * cc - xc * sc) / determinant;
  const b = (xc * ss - xs * sc) / determinant;
  const rest = Array.from(samples, (x, n) => x - a * Math.sin(w * n) - b * Math.cos(w * n));
  return {
    gainDb: 20 * Math.log10(Math.hypot(a, b) / AMPLITUDE),
    restDb: 20 * Math.log10((rms(rest) * Math.SQRT2) / AMPLITUDE),
  };
}

function concat(parts: readonly Int16Array[]): number[] {
  return parts.flatMap((part) => [...part]);
}

describe.each(pairs)("resampler $fromHz → $toHz Hz", (pair) => {
  const nyquistHz = Math.min(pair.fromHz, pair.toHz) / 2;
  const passbandHz = nyquistHz * PASSBAND_PART;

  it("passes the whole passband within 0.5 dB, adding nothing above −50 dB", () => {
    for (const frequencyHz of sweep(60, passbandHz, 35)) {
      const { gainDb, restDb } = analyse(settled(pair, frequencyHz), pair.toHz, frequencyHz);
      expect(Math.abs(gainDb), `gain at ${frequencyHz} Hz`).toBeLessThan(0.5);
      expect(restDb, `rest at ${frequencyHz} Hz`).toBeLessThan(-50);
    }
  });

  if (pair.toHz < pair.fromHz) {
    it("lets nothing through from above the lower Nyquist frequency: at least 50 dB down", () => {
      for (const frequencyHz of sweep(nyquistHz, pair.fromHz / 2 - 37, 41)) {
        const leak = rms(settled(pair, frequencyHz)) * Math.SQRT2;
        expect(20 * Math.log10(leak / AMPLITUDE), `at ${frequencyHz} Hz`).toBeLessThan(-50);
      }
    });
  } else {
    it("makes no image of what lies between passband and Nyquist frequency either", () => {
      for (const frequencyHz of sweep(passbandHz, nyquistHz - 5, 15)) {
        const { restDb } = analyse(settled(pair, frequencyHz), pair.toHz, frequencyHz);
        expect(restDb, `at ${frequencyHz} Hz`).toBeLessThan(-50);
      }
    });
  }

  it("gives the same output for any split of the input", () => {
    const input = fc.int16Array({ minLength: 1, maxLength: 3000 });
    const sizes = fc.array(fc.oneof(fc.nat(7), fc.nat(400), fc.constant(0)), { maxLength: 40 });
    const split = createResampler(pair);
    const atOnce = createResampler(pair);
    fc.assert(
      fc.property(input, sizes, (samples, cuts) => {
        const parts: Int16Array[] = [];
        let at = 0;
        for (const size of cuts) {
          parts.push(split.process(samples.subarray(at, at + size)).slice());
          at = Math.min(samples.length, at + size);
        }
        parts.push(split.process(samples.subarray(at)).slice(), split.flush().slice());
        const whole = [atOnce.process(samples).slice(), atOnce.flush().slice()];
        expect(concat(parts)).toEqual(concat(whole));
      }),
      { numRuns: 40 },
    );
  });

  it("never returns more than it announces, and loses no sample over time", () => {
    const resampler = createResampler(pair);
    let [taken, given] = [0, 0];
    for (const count of [1, 0, 2, 3, 160, 5, 1023, 1024, 1025, 4096, 7]) {
      const output = resampler.process(new Int16Array(count));
      expect(output.length).toBeLessThanOrEqual(resampler.outputSamplesMax(count));
      taken += count;
      given += output.length;
      expect(given).toBe(Math.ceil((taken * pair.toHz) / pair.fromHz));
    }
  });

  it("delays by exactly what it says", () => {
    const resampler = createResampler(pair);
    const impulse = new Int16Array(pair.fromHz / 50);
    impulse[0] = 30000;
    const output = [...resampler.process(impulse)];
    expect(output.indexOf(Math.max(...output))).toBe(resampler.delayOutputSamples);
    expect(resampler.delayOutputSamples).toBe((resampler.delayMs * pair.toHz) / 1000);
    expect(resampler.delayMs).toBeLessThanOrEqual(3.125);
  });

  it("keeps a whole recording in place and in length", () => {
    const samples = sine(pair.fromHz, 440, pair.fromHz / 10 + 1);
    const output = resampleWhole({ ...pair, samples });
    const ideal = sine(pair.toHz, 440, Math.ceil((samples.length * pair.toHz) / pair.fromHz));
    expect(output).toHaveLength(ideal.length);
    const edge = pair.toHz / 100;
    for (let n = edge; n < ideal.length - edge; n += 1) {
      expect(Math.abs(output[n]! - ideal[n]!)).toBeLessThan(AMPLITUDE * 0.003);
    }
  });

  it("passes a constant unchanged, at full scale too, without any tone", () => {
    for (const level of [1, 1000, 32767, -32768]) {
      const resampler = createResampler(pair);
      resampler.process(new Int16Array(pair.fromHz / 50).fill(level));
      const output = resampler.process(new Int16Array(pair.fromHz / 50).fill(level));
      expect(new Set(output)).toEqual(new Set([level]));
    }
  });

  it("cuts peaks beyond 16 bits instead of wrapping, for the input that overshoots most", () => {
    const worst = worstInput(pair);
    for (const sign of [1, -1]) {
      const samples = worst.map((x) => (sign > 0 ? x : -x - 1));
      const output = createResampler(pair).process(samples);
      expect(output.at(-1)).toBe(sign > 0 ? 32767 : -32768);
    }
  });
});

/** The full-scale input for which the newest output is largest: the signs of the taps, reversed. */
function worstInput(pair: ResamplerOptions): Int16Array {
  // Found by impulses, one per place, so the test knows nothing about the filter's inside. The
  // length ends right where an output falls on an input (phase 0).
  const decimation = pair.fromHz / 8000;
  const length = Math.ceil(310 / decimation) * decimation + 1;
  const outputs = Math.ceil((length * pair.toHz) / pair.fromHz);
  const resampler = createResampler(pair);
  const last = Array.from({ length }, (_, place) => {
    resampler.reset();
    const impulse = new Int16Array(length);
    impulse[place] = 30000;
    return resampler.process(impulse)[outputs - 1]!;
  });
  return Int16Array.from(last, (x) => (x < 0 ? -32768 : 32767));
}

describe("resampler", () => {
  it("returns the same view for equal frames and leaves the input alone", () => {
    const resampler = createResampler({ fromHz: 8000, toHz: 16000 });
    const frame = sine(8000, 300, 160);
    const copy = frame.slice();
    const first = resampler.process(frame);
    expect(resampler.process(frame)).toBe(first);
    expect(frame).toEqual(copy);
  });

  it("starts anew after reset and after flush", () => {
    const resampler = createResampler({ fromHz: 24000, toHz: 16000 });
    const samples = sine(24000, 700, 481);
    const first = resampler.process(samples).slice();
    resampler.reset();
    expect(resampler.process(samples)).toEqual(first);
    resampler.flush();
    expect(resampler.process(samples)).toEqual(first);
  });

  it("does not mix the streams of two resamplers of the same rates", () => {
    const options = { fromHz: 16000, toHz: 8000 };
    const [loud, quiet] = [createResampler(options), createResampler(options)];
    loud.process(sine(16000, 300, 320));
    expect(quiet.process(new Int16Array(320)).every((x) => x === 0)).toBe(true);
  });

  it("copies when the rates are equal", () => {
    const resampler = createResampler({ fromHz: 8000, toHz: 8000 });
    const input = Int16Array.of(1, -2, 3);
    const output = resampler.process(input);
    input.fill(9);
    expect([...output]).toEqual([1, -2, 3]);
    expect(resampler.delayMs).toBe(0);
    expect(resampler.flush()).toHaveLength(0);
    const whole = resampleWhole({ fromHz: 8000, toHz: 8000, samples: input });
    expect([...whole]).toEqual([9, 9, 9]);
  });

  it.each(FOREIGN_RATES_HZ)(
    "brings %d Hz to 16 kHz: a tone stays where and what it was",
    (fromHz) => {
      const samples = Int16Array.from({ length: fromHz }, (_, i) =>
        Math.round(10_000 * Math.sin((2 * Math.PI * 1000 * i) / fromHz)),
      );
      const heard = resampleWhole({ fromHz, toHz: 16_000, samples });
      expect(heard).toHaveLength(16_000);
      const errors = Array.from(heard.subarray(1000, 15_000), (sample, i) =>
        Math.abs(sample - 10_000 * Math.sin((2 * Math.PI * (i + 1000)) / 16)),
      );
      expect(Math.max(...errors)).toBeLessThan(100);
    },
  );

  it("keeps an empty recording empty", () => {
    const samples = new Int16Array(0);
    expect(resampleWhole({ fromHz: 48000, toHz: 8000, samples })).toHaveLength(0);
  });

  it.each([
    [44000, 8000, "fromHz is 44000"],
    [8000, 11025, "toHz is 11025"],
    [0, 8000, "fromHz is 0"],
    [8000, Number.NaN, "toHz is NaN"],
  ])("refuses %d → %d Hz and says which is wrong", (fromHz, toHz, message) => {
    expect(() => createResampler({ fromHz, toHz })).toThrowError(message);
  });
});
