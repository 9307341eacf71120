import { describe, expect, it } from "vitest";
import {
  AUDIO_RATES_HZ,
  CODEC_NAMES,
  audioFormat,
  codecOf,
  formatKey,
  frameBytes,
  frameSamples,
  type CodecName,
} from "./audio-codec.js";

describe("audio codecs", () => {
  it.each(CODEC_NAMES)(
    "%s says its name and size truly, and decodes its silence to silence",
    (name) => {
      const codec = codecOf(name);
      expect(codec.name).toBe(name);
      const bytes = new Uint8Array(160 * codec.bytesPerSample).fill(codec.silence);
      const samples = new Int16Array(160);
      codec.decode(bytes, samples);
      expect(samples.every((sample) => Math.abs(sample) <= 8)).toBe(true);
      const again = new Uint8Array(bytes.length);
      codec.encode(samples, again);
      expect(again).toEqual(bytes);
    },
  );

  it("counts the samples and bytes of a 20 ms frame", () => {
    expect(AUDIO_RATES_HZ.map((rateHz) => frameSamples(rateHz, 20))).toEqual([160, 320, 480, 960]);
    expect(frameBytes({ codec: "pcmu", rateHz: 8000 }, 20)).toBe(160);
    expect(frameBytes({ codec: "pcma", rateHz: 16000 }, 10)).toBe(160);
    expect(frameBytes({ codec: "l16", rateHz: 16000 }, 20)).toBe(640);
  });

  it.each([
    [8000, 0.1],
    [16000, 0],
    [8000, -20],
    [44100, 0.5],
    [8000, Number.NaN],
  ])("refuses frames that are no whole samples: %d Hz, %d ms", (rateHz, frameMs) => {
    expect(() => frameSamples(rateHz, frameMs)).toThrowError(
      expect.objectContaining({ code: "FRAME_NOT_WHOLE" }),
    );
  });

  it("makes formats of outside values and names what is wrong with them", () => {
    expect(formatKey(audioFormat("pcma", 48000))).toBe("pcma/48000");
    expect(() => audioFormat("opus", 8000)).toThrowError(/"opus", one of pcmu, pcma, l16/);
    expect(() => audioFormat("l16", 44100)).toThrowError(/44100, one of 8000, 16000/);
    expect(() => audioFormat("l16", "8000")).toThrowError(/"8000"/);
    expect(() => audioFormat({ toString: null }, 8000)).toThrowError(/of type object/);
  });

  it.each(["__proto__", "constructor", "PCMU", ""])("knows no codec named %j", (name) => {
    expect(() => codecOf(name as CodecName)).toThrowError(
      expect.objectContaining({ code: "UNKNOWN_CODEC" }),
    );
  });
});
