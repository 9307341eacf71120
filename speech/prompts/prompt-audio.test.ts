import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AUDIO_RATES_HZ,
  CODEC_NAMES,
  codecOf,
  frameBytes,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import { speechLevelDbfs } from "../../codecs/audio/level.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { createFlite } from "../tts/flite.js";
import { encodePrompt, PROMPT_LEVEL_DBFS, promptDurationMs } from "./prompt-audio.js";
import { findSpeech } from "./speech-edges.js";

const flite = await createFlite();
const text = "Hello there, this is your clinic calling.";
const spoken = await flite.synthesize({ text, voice: "slt", language: "en" });
const FORMATS = CODEC_NAMES.flatMap((codec) =>
  AUDIO_RATES_HZ.map((rateHz): AudioFormat => ({ codec, rateHz })),
);

function decode(audio: Uint8Array, format: AudioFormat): Int16Array {
  const codec = codecOf(format.codec);
  const samples = new Int16Array(audio.length / codec.bytesPerSample);
  codec.decode(audio, samples);
  return samples;
}

/** A tone of `toneMs` with silence around it. */
function tone(options: { beforeMs: number; toneMs: number; afterMs: number; peak: number }) {
  const rateHz = 16000;
  const { beforeMs, toneMs, afterMs, peak } = options;
  const samples = new Int16Array(((beforeMs + toneMs + afterMs) * rateHz) / 1000);
  const start = (beforeMs * rateHz) / 1000;
  for (let i = 0; i < (toneMs * rateHz) / 1000; i += 1) {
    samples[start + i] = peak * Math.sin((2 * Math.PI * 440 * i) / rateHz);
  }
  return { rateHz, samples };
}

describe.each(FORMATS)("as $codec at $rateHz Hz", (format) => {
  const audio = encodePrompt(spoken, format);
  const heard = decode(audio, format);

  it("is whole 20 ms frames in shared memory", () => {
    expect(audio.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(audio.buffer.byteLength).toBe(audio.length);
    expect(audio.length % frameBytes(format, 20)).toBe(0);
  });

  it("has the level of every prompt, and room above", () => {
    const levelDbfs = speechLevelDbfs({ samples: heard, rateHz: format.rateHz });
    expect(levelDbfs).toBeGreaterThan(PROMPT_LEVEL_DBFS - 2);
    expect(levelDbfs).toBeLessThan(PROMPT_LEVEL_DBFS + 2);
    expect(Math.max(...heard.map(Math.abs))).toBeLessThan(32767 * 10 ** (-0.3 / 20));
  });

  it("is the same speech that was rendered: its energy follows the original's", () => {
    const span = findSpeech(spoken.samples, spoken.rateHz)!;
    const original = spoken.samples.slice(Math.max(0, span.start - 320), span.end + 960);
    const back = resampleWhole({ fromHz: format.rateHz, toHz: spoken.rateHz, samples: heard });
    expect(Math.abs(back.length - original.length) / spoken.rateHz).toBeLessThan(0.021);
    expect(correlation(energies(original), energies(back))).toBeGreaterThan(0.97);
  });
});

/** Energy of each 20 ms at 16 kHz. */
function energies(samples: Int16Array): number[] {
  const frames = Math.floor(samples.length / 320);
  return Array.from({ length: frames }, (_, frame) =>
    samples.subarray(frame * 320, (frame + 1) * 320).reduce((sum, x) => sum + x * x, 0),
  );
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const count = Math.min(a.length, b.length);
  const mean = (x: readonly number[]) => x.slice(0, count).reduce((s, v) => s + v, 0) / count;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    ab += (a[i]! - meanA) * (b[i]! - meanB);
    aa += (a[i]! - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("encodePrompt", () => {
  const format: AudioFormat = { codec: "l16", rateHz: 16000 };

  it("trims silence at both edges down to the margins", () => {
    const pcm = tone({ beforeMs: 700, toneMs: 400, afterMs: 900, peak: 8000 });
    expect(promptDurationMs(encodePrompt(pcm, format), format)).toBe(480);
  });

  it("does not trim the pause in the middle", () => {
    const pcm = tone({ beforeMs: 0, toneMs: 200, afterMs: 600, peak: 8000 });
    const twice = { rateHz: 16000, samples: new Int16Array([...pcm.samples, ...pcm.samples]) };
    const durationMs = promptDurationMs(encodePrompt(twice, format), format);
    expect(durationMs).toBeGreaterThanOrEqual(200 + 600 + 200 + 60);
  });

  it("keeps what begins or ends at full level, but fades it, so that it does not click", () => {
    const heard = decode(
      encodePrompt(tone({ beforeMs: 0, toneMs: 400, afterMs: 0, peak: 9000 }), format),
      format,
    );
    expect(heard.length).toBe(6400);
    expect(Math.abs(heard[0]!)).toBeLessThan(100);
    expect(Math.abs(heard[6399]!)).toBeLessThan(100);
  });

  it("brings a whisper and a shout to one level", () => {
    const levels = [60, 1000, 32767].map((peak) => {
      const audio = encodePrompt(tone({ beforeMs: 50, toneMs: 400, afterMs: 50, peak }), format);
      return speechLevelDbfs({ samples: decode(audio, format), rateHz: 16000 });
    });
    expect(levels[1]).toBeCloseTo(PROMPT_LEVEL_DBFS, 0);
    expect(levels[2]).toBeCloseTo(PROMPT_LEVEL_DBFS, 0);
    // Raised by no more than 24 dB: below that it is noise.
    expect(levels[0]).toBeGreaterThan(-40);
  });

  it("adds a pause when another piece follows", () => {
    const pcm = tone({ beforeMs: 0, toneMs: 400, afterMs: 100, peak: 8000 });
    const audio = encodePrompt(pcm, format, { pauseAfterMs: 200 });
    expect(promptDurationMs(audio, format)).toBe(400 + 60 + 200);
    expect(
      decode(audio, format)
        .subarray(-3200)
        .every((sample) => sample === 0),
    ).toBe(true);
  });

  it("leaves the rendered samples as they were", () => {
    const pcm = tone({ beforeMs: 10, toneMs: 100, afterMs: 10, peak: 3000 });
    const before = pcm.samples.slice();
    encodePrompt(pcm, { codec: "pcmu", rateHz: 8000 });
    expect(pcm.samples).toEqual(before);
  });

  it.each([0, 1, 16000])("refuses %i samples of silence", (count) => {
    const silence = { rateHz: 16000, samples: new Int16Array(count) };
    expect(() => encodePrompt(silence, format)).toThrow(
      expect.objectContaining({ code: "PROMPT_SILENT" }),
    );
  });

  it("refuses a rate the house does not have", () => {
    const pcm = { ...tone({ beforeMs: 0, toneMs: 100, afterMs: 0, peak: 8000 }), rateHz: 22051 };
    expect(() => encodePrompt(pcm, format)).toThrow(
      expect.objectContaining({ code: "UNKNOWN_RATE" }),
    );
  });

  it("makes whole frames of any samples at all, or refuses silence", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 700 }),
        fc.constantFrom(...FORMATS),
        fc.constantFrom(...AUDIO_RATES_HZ),
        (values, to, rateHz) => {
          const samples = Int16Array.from(values);
          if (findSpeech(samples, rateHz) === undefined) return;
          const audio = encodePrompt({ rateHz, samples }, to);
          expect(audio.length).toBeGreaterThan(0);
          expect(audio.length % frameBytes(to, 20)).toBe(0);
        },
      ),
    );
  });
});
