import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from "./g711.js";

type Law = {
  readonly name: string;
  readonly decode: (input: Uint8Array, output: Int16Array) => void;
  readonly encode: (input: Int16Array, output: Uint8Array) => void;
  /** One unit of the recommendation's tables in 16-bit steps. */
  readonly unit: number;
  /** The words of the positive half in ascending order of value. */
  readonly positiveCodes: readonly number[];
  /** Decision values x1 … x127 of Tables 1a and 2a, ascending, built segment by segment. */
  readonly decisions: readonly number[];
  /** Published pairs (word as on the line, quantized value y). */
  readonly published: readonly (readonly [number, number])[];
  /** One period of 1 kHz at 0 dBm0, Tables 5 and 6. */
  readonly milliwatt: readonly number[];
};

/** The tables give a step per 16 intervals; the very first one of mu-law is half as wide. */
function ladder(first: number, steps: readonly number[]): number[] {
  const values = [first];
  for (const step of steps) values.push(values.at(-1)! + step);
  return values;
}
const times = (count: number, step: number) => Array<number>(count).fill(step);
const doubling = [2, 4, 8, 16, 32, 64, 128].map((step) => times(16, step)).flat();

const mulaw: Law = {
  name: "mu-law",
  decode: decodeMulaw,
  encode: encodeMulaw,
  unit: 4,
  positiveCodes: Array.from({ length: 128 }, (_, n) => 0xff - n),
  decisions: ladder(1, [...times(15, 2), ...doubling.map((step) => step * 2)]).slice(0, 127),
  published: [
    [0b11111111, 0],
    [0b11111110, 2],
    [0b11101111, 33],
    [0b11011111, 99],
    [0b11001111, 231],
    [0b10111111, 495],
    [0b10101111, 1023],
    [0b10011111, 2079],
    [0b10001111, 4191],
    [0b10000000, 8031],
    [0b01111110, -2],
    [0b01101111, -33],
    [0b00001111, -4191],
    [0b00000000, -8031],
  ],
  milliwatt: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e],
};

const alaw: Law = {
  name: "A-law",
  decode: decodeAlaw,
  encode: encodeAlaw,
  unit: 8,
  positiveCodes: Array.from({ length: 128 }, (_, n) => (0x80 | n) ^ 0x55),
  decisions: ladder(2, [...times(15, 2), ...doubling]).slice(0, 127),
  published: [
    [0b11111111 ^ 0x55, 4032],
    [0b11110000 ^ 0x55, 2112],
    [0b11100000 ^ 0x55, 1056],
    [0b11010000 ^ 0x55, 528],
    [0b11000000 ^ 0x55, 264],
    [0b10110000 ^ 0x55, 132],
    [0b10100000 ^ 0x55, 66],
    [0b10000000 ^ 0x55, 1],
    [0b00000000 ^ 0x55, -1],
    [0b00100000 ^ 0x55, -66],
    [0b01111111 ^ 0x55, -4032],
  ],
  milliwatt: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4],
};

/** The recommendation read literally: count the decision values below, take that word. */
function referenceEncode(law: Law, sample: number): number {
  const isNegative = sample < 0;
  const interval = law.decisions.filter((decision) =>
    isNegative ? -sample > decision * law.unit : sample >= decision * law.unit,
  ).length;
  return law.positiveCodes[interval]! ^ (isNegative ? 0x80 : 0);
}

function decoded(law: Law, codes: readonly number[]): number[] {
  const output = new Int16Array(codes.length);
  law.decode(Uint8Array.from(codes), output);
  return [...output];
}

function encoded(law: Law, samples: readonly number[]): number[] {
  const output = new Uint8Array(samples.length);
  law.encode(Int16Array.from(samples), output);
  return [...output];
}

const allCodes = Array.from({ length: 256 }, (_, code) => code);
const allSamples = Array.from({ length: 65536 }, (_, index) => index - 32768);

describe.each([mulaw, alaw])("G.711 $name", (law) => {
  it("decodes the words published in the recommendation to the published values", () => {
    const values = decoded(
      law,
      law.published.map(([code]) => code),
    );
    expect(values).toEqual(law.published.map(([, value]) => value * law.unit));
  });

  it("encodes the published values to the published words", () => {
    const codes = encoded(
      law,
      law.published.map(([, value]) => value * law.unit),
    );
    expect(codes).toEqual(law.published.map(([code]) => code));
  });

  it("has the decision values that the tables print at the ends of segments", () => {
    const ends = [15, 31, 47, 63, 79, 95, 111].map((index) => law.decisions[index]);
    expect(ends).toEqual(
      law === mulaw ? [31, 95, 223, 479, 991, 2015, 4063] : [32, 64, 128, 256, 512, 1024, 2048],
    );
    expect(law.decisions[126]).toBe(law === mulaw ? 7903 : 3968);
  });

  it("decodes the digital milliwatt to a sine 3.14 (A) or 3.17 dB (mu) below full load", () => {
    const period = decoded(law, law.milliwatt);
    const rms = Math.sqrt(period.reduce((sum, value) => sum + value * value, 0) / 8);
    const fullLoad = (law === mulaw ? 8159 : 4096) * law.unit;
    const belowDb = 20 * Math.log10(fullLoad / (rms * Math.SQRT2));
    expect(belowDb).toBeCloseTo(law === mulaw ? 3.17 : 3.14, 1);
    expect(period.slice(4)).toEqual(period.slice(0, 4).map((value) => -value));
  });

  it("encodes each of the 65536 samples as the decision values say", () => {
    const expected = allSamples.map((sample) => referenceEncode(law, sample));
    expect(encoded(law, allSamples)).toEqual(expected);
  });

  it("gives every word back after decoding and encoding, but one zero for the two of mu-law", () => {
    const expected = allCodes.map((code) => (law === mulaw && code === 0x7f ? 0xff : code));
    expect(encoded(law, decoded(law, allCodes))).toEqual(expected);
  });

  it("changes nothing more when audio goes through the law a second time", () => {
    const once = decoded(law, encoded(law, allSamples));
    expect(decoded(law, encoded(law, once))).toEqual(once);
  });

  it("never decreases when the sample increases, and stays within half an interval", () => {
    const values = decoded(law, encoded(law, allSamples));
    const falls = values.filter((value, i) => i > 0 && value < values[i - 1]!);
    expect(falls).toEqual([]);
    const tooFar = values.filter((value, i) => {
      const magnitude = Math.abs(allSamples[i]!);
      const isClipped = magnitude >= 8159 * 4;
      const halfIntervalMax =
        law === mulaw ? (magnitude + 132) / 32 : Math.max(law.unit, magnitude / 32);
      const allowed = isClipped ? 32768 - 32124 : halfIntervalMax;
      return Math.abs(value - allSamples[i]!) > allowed;
    });
    expect(tooFar).toEqual([]);
  });

  it("works on views that start at an odd address and leaves what is behind them alone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(7), (codes, offset) => {
        const bytes = new Uint8Array(offset + codes.length);
        bytes.set(codes, offset);
        const output = new Int16Array(codes.length + 1).fill(4321);
        law.decode(bytes.subarray(offset), output);
        expect([...output]).toEqual([...decoded(law, [...codes]), 4321]);
      }),
    );
  });

  it("refuses an output that is too short, without writing", () => {
    const samples = new Int16Array(3);
    expect(() => law.decode(new Uint8Array(4).fill(1), samples)).toThrowError(
      expect.objectContaining({
        code: "AUDIO_BUFFER_TOO_SMALL",
        detail: expect.objectContaining({ available: 3, needed: 4 }) as unknown,
      }),
    );
    expect([...samples]).toEqual([0, 0, 0]);
    expect(() => law.encode(new Int16Array(4), new Uint8Array(3))).toThrowError(/holds 3/);
  });
});
