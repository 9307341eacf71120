import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeAlaw, decodeMulaw } from "./g711.js";
import { WavError } from "./wav-error.js";
import { WAV_HEADER_BYTES, decodeWav, encodeWav, encodeWavHeader, type WavAudio } from "./wav.js";

const text = (value: string) => Array.from(value, (char) => char.charCodeAt(0));
const u16 = (value: number) => [value & 255, (value >> 8) & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const chunk = (tag: string, body: readonly number[]) => [
  ...text(tag),
  ...u32(body.length),
  ...body,
  ...(body.length % 2 ? [0] : []),
];
const riff = (...chunks: number[][]) => {
  const body = [...text("WAVE"), ...chunks.flat()];
  return Uint8Array.from([...text("RIFF"), ...u32(body.length), ...body]);
};
/** Body of a `fmt ` chunk; each value may be made to lie. */
const fmt = (tag: number, channels: number, rateHz: number, bits: number, frameBytes?: number) => {
  const block = frameBytes ?? (channels * bits) / 8;
  return [...u16(tag), ...u16(channels), ...u32(rateHz), ...u32(rateHz * block)].concat(
    [...u16(block), ...u16(bits)], // as the specification has them: block before bits
  );
};
const pcm = chunk("fmt ", fmt(1, 1, 8000, 16));
const extensible = (tag: number, bits: number, tail = 0x71) =>
  chunk("fmt ", [
    ...fmt(0xfffe, 1, 16000, bits),
    ...u16(22),
    ...u16(bits),
    ...u32(4),
    ...u16(tag),
    ...[0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, tail],
  ]);

const audio = fc
  .record({ channels: fc.integer({ min: 1, max: 4 }), rateHz: fc.integer({ min: 1, max: 96000 }) })
  .chain(({ channels, rateHz }) =>
    fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 60 }).map((values): WavAudio => {
      const whole = values.slice(0, values.length - (values.length % channels));
      return { channels, rateHz, samples: Int16Array.from(whole) };
    }),
  );

function failure(bytes: Uint8Array): WavError {
  try {
    decodeWav(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(WavError);
    return error as WavError;
  }
  throw new Error("decodeWav accepted the file");
}

describe("WAV writer", () => {
  it("writes the header byte by byte as the specification has it", () => {
    const hex = Buffer.from(encodeWavHeader({ channels: 2, rateHz: 16000, dataBytes: 64000 }));
    expect(hex.toString("hex")).toBe(
      "52494646" +
        "24fa0000" +
        "57415645" +
        "666d7420" +
        "10000000" +
        "0100" +
        "0200" +
        "803e0000" +
        "00fa0000" +
        "0400" +
        "1000" +
        "64617461" +
        "00fa0000",
    );
  });

  it("starts a stream of unknown length that is read to its end", () => {
    const header = encodeWavHeader({ channels: 2, rateHz: 16000 });
    const bytes = Uint8Array.from([...header, 1, 0, 2, 0, 3, 0, 4, 0, 99, 99]);
    const read = decodeWav(bytes);
    expect(read).toEqual({ channels: 2, rateHz: 16000, samples: Int16Array.of(1, 2, 3, 4) });
  });

  it.each([
    [{ channels: 0, rateHz: 8000 }, "channels is 0"],
    [{ channels: 1.5, rateHz: 8000 }, "channels is 1.5"],
    [{ channels: 1, rateHz: Number.NaN }, "rateHz is NaN"],
    [{ channels: 1, rateHz: 8000, dataBytes: -2 }, "dataBytes is -2"],
    [{ channels: 1, rateHz: 8000, dataBytes: 2 ** 32 - 2 }, "dataBytes is 4294967294"],
    [{ channels: 2, rateHz: 8000, dataBytes: 6 }, "a multiple of 4 is right"],
  ])("refuses the header %j", (header, message) => {
    expect(() => encodeWavHeader(header)).toThrowError(message);
  });
});

describe("WAV reader", () => {
  it("gives back what the writer wrote, at any address", () => {
    fc.assert(
      fc.property(audio, fc.nat(5), (written, offset) => {
        const bytes = new Uint8Array(offset + WAV_HEADER_BYTES + written.samples.length * 2);
        bytes.set(encodeWav(written), offset);
        expect(decodeWav(bytes.subarray(offset))).toEqual(written);
      }),
    );
  });

  it("reads mu-law and A-law", () => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const [mulaw, alaw] = [new Int16Array(256), new Int16Array(256)];
    decodeMulaw(Uint8Array.from(codes), mulaw);
    decodeAlaw(Uint8Array.from(codes), alaw);
    const read = (tag: number) =>
      decodeWav(riff(chunk("fmt ", [...fmt(tag, 2, 8000, 8), 0, 0]), chunk("data", codes)));
    expect(read(7)).toEqual({ channels: 2, rateHz: 8000, samples: mulaw });
    expect(read(6)).toEqual({ channels: 2, rateHz: 8000, samples: alaw });
  });

  it("reads the extensible form of the same formats, and only of them", () => {
    const data = chunk("data", [0xff, 0x80]);
    expect([...decodeWav(riff(extensible(7, 8), data)).samples]).toEqual([0, 32124]);
    expect([...decodeWav(riff(extensible(1, 16), data)).samples]).toEqual([-32513]);
    expect(failure(riff(extensible(3, 32), data)).message).toContain("format 3");
    expect(failure(riff(extensible(1, 16, 0x72), data)).code).toBe("WAV_UNSUPPORTED");
    const short = chunk("fmt ", fmt(0xfffe, 1, 8000, 16));
    expect(failure(riff(short, data)).message).toContain("40 are right");
  });

  it("skips unknown chunks of any length wherever they stand, and junk behind the file", () => {
    const unknown = fc.array(
      fc.tuple(fc.constantFrom("LIST", "fact", "\0\0\0\0", "JUNK", "Data"), fc.uint8Array()),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(unknown, unknown, fc.uint8Array(), (before, between, junk) => {
        const chunks = (list: [string, Uint8Array][]) =>
          list.flatMap(([tag, body]) => chunk(tag, [...body]));
        const file = riff(chunks(before), pcm, chunks(between), chunk("data", [7, 0, 8, 0]));
        const read = decodeWav(Uint8Array.from([...file, ...junk]));
        expect([...read.samples]).toEqual([7, 8]);
      }),
    );
  });

  const data = chunk("data", [1, 0, 2, 0]);
  const patched = (bytes: Uint8Array, at: number, values: number[]) => {
    bytes.set(values, at);
    return bytes;
  };
  it.each<[string, Uint8Array, string, number]>([
    ["nothing", Uint8Array.of(), "WAV_TRUNCATED", 0],
    ["half a RIFF header", riff(pcm, data).subarray(0, 11), "WAV_TRUNCATED", 0],
    ["another kind of file", Uint8Array.from(text("ID3\x04\0\0\0\0\0\0\0\0\0\0")), "WAV_BROKEN", 0],
    ["big-endian RIFX", patched(riff(pcm, data), 3, text("X")), "WAV_BROKEN", 0],
    ["an AVI", patched(riff(pcm, data), 8, text("AVI ")), "WAV_BROKEN", 8],
    ["a RIFF size beyond the end", patched(riff(pcm, data), 4, u32(1000)), "WAV_TRUNCATED", 4],
    ["a fmt size beyond the end", patched(riff(pcm, data), 16, u32(77)), "WAV_TRUNCATED", 16],
    ["a data size beyond the end", patched(riff(pcm, data), 40, u32(5)), "WAV_TRUNCATED", 40],
    ["a data size of 4 GiB", patched(riff(pcm, data), 40, u32(0xffffffff)), "WAV_TRUNCATED", 40],
    ["a data size of half a sample", patched(riff(pcm, data), 40, u32(3)), "WAV_BROKEN", 40],
    ["a RIFF size that hides the data", patched(riff(pcm, data), 4, u32(36)), "WAV_TRUNCATED", 40],
    ["no data", riff(pcm), "WAV_BROKEN", 36],
    ["no chunk at all", riff(), "WAV_BROKEN", 12],
    ["data before the format", riff(data, pcm), "WAV_BROKEN", 12],
    ["two formats", riff(pcm, pcm, data), "WAV_BROKEN", 36],
    ["a short format", riff(chunk("fmt ", [1, 0]), data), "WAV_BROKEN", 16],
    ["no channel", riff(chunk("fmt ", fmt(1, 0, 8000, 16)), data), "WAV_BROKEN", 22],
    ["65535 channels", riff(chunk("fmt ", fmt(1, 65535, 1, 16, 2)), data), "WAV_BROKEN", 22],
    ["a rate of 0", riff(chunk("fmt ", fmt(1, 1, 0, 16)), data), "WAV_BROKEN", 24],
    ["frames of a wrong size", riff(chunk("fmt ", fmt(1, 1, 1, 16, 4)), data), "WAV_BROKEN", 32],
    ["24-bit PCM", riff(chunk("fmt ", fmt(1, 1, 8000, 24)), data), "WAV_UNSUPPORTED", 34],
    ["floating point", riff(chunk("fmt ", fmt(3, 1, 8000, 32)), data), "WAV_UNSUPPORTED", 20],
  ])("refuses %s and names the byte", (_name, bytes, code, offset) => {
    const error = failure(bytes);
    expect({ code: error.code, offset: error.detail["offset"] }).toEqual({ code, offset });
    expect(error.message).toContain(`byte ${offset}`);
  });

  it("refuses every file that was cut off", () => {
    const whole = riff(chunk("LIST", [1, 2, 3]), pcm, chunk("data", [1, 0, 2, 0]));
    for (let length = 0; length < whole.length; length += 1) {
      expect(failure(whole.subarray(0, length)).code, `${length} bytes`).toBe("WAV_TRUNCATED");
    }
  });

  it("answers any mutation of a file by whole frames or by a typed error within the file", () => {
    const edits = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 });
    const seeds = fc.constantFrom(
      riff(pcm, data),
      riff(extensible(6, 8), chunk("LIST", [1]), data),
      patched(riff(pcm, data), 4, u32(0xffffffff)),
    );
    fc.assert(
      fc.property(seeds, edits, fc.nat(90), (seed, changes, length) => {
        const bytes = seed.slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expectReadOrTyped(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it("answers any bytes behind a good beginning in the same way", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(44), (noise, kept) => {
        expectReadOrTyped(Uint8Array.from([...riff(pcm, data).subarray(0, kept), ...noise]));
      }),
      { numRuns: 2000 },
    );
  });
});

function expectReadOrTyped(bytes: Uint8Array): void {
  let read: WavAudio;
  try {
    read = decodeWav(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(WavError);
    const { code, detail } = error as WavError;
    expect(["WAV_TRUNCATED", "WAV_BROKEN", "WAV_UNSUPPORTED"]).toContain(code);
    expect(detail["offset"]).toBeLessThanOrEqual(bytes.length);
    return;
  }
  expect(read.samples.length % read.channels).toBe(0);
  expect(read.samples.length).toBeLessThanOrEqual(bytes.length);
}
