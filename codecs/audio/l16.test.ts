import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeL16, encodeL16 } from "./l16.js";

const samplesOf = fc.int16Array({ maxLength: 200 });

describe("L16", () => {
  it("has the low byte first", () => {
    const output = new Int16Array(4);
    decodeL16(Uint8Array.of(0x01, 0x00, 0xff, 0xff, 0x00, 0x80, 0xff, 0x7f), output);
    expect([...output]).toEqual([1, -1, -32768, 32767]);
  });

  it("gives back all samples, at any address of the bytes", () => {
    fc.assert(
      fc.property(samplesOf, fc.nat(7), (samples, offset) => {
        const bytes = new Uint8Array(offset + samples.length * 2 + 3).fill(0xee);
        encodeL16(samples, bytes.subarray(offset));
        expect([...bytes.subarray(offset + samples.length * 2)]).toEqual([0xee, 0xee, 0xee]);
        const output = new Int16Array(samples.length);
        decodeL16(bytes.subarray(offset, offset + samples.length * 2), output);
        expect(output).toEqual(samples);
      }),
    );
  });

  it("agrees with DataView on every sample", () => {
    const samples = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
    const bytes = new Uint8Array(samples.length * 2);
    encodeL16(samples, bytes);
    const view = new DataView(bytes.buffer);
    expect(samples.every((sample, i) => view.getInt16(i * 2, true) === sample)).toBe(true);
  });

  it("refuses an odd count of bytes and names it", () => {
    expect(() => decodeL16(new Uint8Array(321), new Int16Array(200))).toThrowError(
      expect.objectContaining({ code: "L16_ODD_LENGTH", detail: { bytes: 321 } }),
    );
  });

  it("refuses an output that is too short", () => {
    const tooSmall = expect.objectContaining({ code: "AUDIO_BUFFER_TOO_SMALL" }) as Error;
    expect(() => decodeL16(new Uint8Array(8), new Int16Array(3))).toThrowError(tooSmall);
    expect(() => encodeL16(new Int16Array(4), new Uint8Array(7))).toThrowError(tooSmall);
  });
});
