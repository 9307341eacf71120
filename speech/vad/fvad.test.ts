import { describe, expect, it } from "vitest";
import { loadVad } from "./fvad.js";
import { vadRatesHz, type VadFactory, type VadMode, type VadRateHz } from "./vad.js";

const vads: VadFactory = await loadVad();

type Signal = (seconds: number) => number;

function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
}

/** White noise of an rms level in dB to full scale. */
function noise(levelDb: number, seed = 1): Signal {
  const next = chance(seed);
  const peak = 32768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  return () => peak * next();
}

const tone = (hz: number, peak: number): Signal => {
  return (seconds) => peak * Math.sin(2 * Math.PI * hz * seconds);
};
const sum =
  (...parts: Signal[]): Signal =>
  (seconds) =>
    parts.reduce((total, part) => total + part(seconds), 0);
const between =
  (fromS: number, toS: number, signal: Signal): Signal =>
  (seconds) =>
    seconds >= fromS && seconds < toS ? signal(seconds) : 0;

/**
 * A voice: harmonics of a gliding pitch under three formants, four syllables a second, and breath.
 * Its loudness falls to a tenth between the syllables.
 */
function voice(peak: number): Signal {
  const breath = chance(5);
  const formants = [
    [500, 250, 1],
    [1500, 300, 0.5],
    [2500, 300, 0.2],
  ] as const;
  const gains = Array.from({ length: 25 }, (_, index) =>
    formants.reduce(
      (gain, [hz, widthHz, weight]) =>
        gain + weight / (1 + (((index + 1) * 120 - hz) / widthHz) ** 2),
      0,
    ),
  );
  return (seconds) => {
    const phase = 2 * Math.PI * (120 * seconds + 1.2 * Math.sin(4 * Math.PI * seconds));
    const syllable = Math.max(0.1, Math.sin(4 * Math.PI * seconds) ** 2);
    const voiced = gains.reduce((y, gain, index) => y + gain * Math.sin((index + 1) * phase), 0);
    return peak * syllable * (voiced + 0.06 * breath());
  };
}

function render(rateHz: number, durationMs: number, signal: Signal): Int16Array {
  return Int16Array.from({ length: (rateHz * durationMs) / 1000 }, (_, index) =>
    Math.max(-32768, Math.min(32767, Math.round(signal(index / rateHz)))),
  );
}

type Hearing = { rateHz?: VadRateHz; mode?: VadMode; frameMs?: number; durationMs?: number };

/** One character a frame. */
function hear(signal: Signal, hearing: Hearing = {}): string {
  const { rateHz = 8000, mode = 2, frameMs = 20, durationMs = 3000 } = hearing;
  const samples = render(rateHz, durationMs, signal);
  const vad = vads.create({ rateHz, mode });
  const step = (rateHz * frameMs) / 1000;
  let heard = "";
  for (let at = 0; at + step <= samples.length; at += step) {
    heard += vad.isSpeech(samples.subarray(at, at + step)) ? "#" : ".";
  }
  vad.close();
  return heard;
}

describe.each(vadRatesHz)("at %d Hz", (rateHz) => {
  it.each([10, 20, 30])("takes frames of %d ms and hears the same speech", (frameMs) => {
    const heard = hear(between(1, 2.2, voice(3500)), { rateHz, frameMs });
    const onsetMs = heard.indexOf("#") * frameMs;
    const endMs = (heard.lastIndexOf("#") + 1) * frameMs;
    // The voice swells from a tenth, so its first 60 ms may be missed; its end must not lag.
    expect(onsetMs).toBeGreaterThanOrEqual(1000 - frameMs);
    expect(onsetMs).toBeLessThanOrEqual(1060);
    expect(endMs).toBeGreaterThanOrEqual(2100);
    expect(endMs).toBeLessThanOrEqual(2200 + frameMs);
    const speech = heard.slice(1000 / frameMs, 2200 / frameMs);
    expect(speech.replaceAll(".", "").length / speech.length).toBeGreaterThan(0.85);
  });

  it("refuses every other length and says which are right", () => {
    const vad = vads.create({ rateHz });
    const per10Ms = rateHz / 100;
    for (const samples of [0, 1, per10Ms - 1, per10Ms + 1, 4 * per10Ms, 6 * per10Ms, 100_000]) {
      expect(() => vad.isSpeech(new Int16Array(samples))).toThrow(
        expect.objectContaining({ code: "VAD_FRAME_SIZE", detail: { samples, rateHz } }) as Error,
      );
    }
    expect(() => vad.isSpeech(new Int16Array(7))).toThrow(
      `a frame of 7 samples at ${rateHz} Hz; 10, 20 and 30 ms are ${per10Ms}, ${2 * per10Ms}, ${3 * per10Ms} samples`,
    );
    expect(vad.isSpeech(new Int16Array(per10Ms))).toBe(false);
    vad.close();
  });

  it.each<[string, Signal]>([
    ["digital silence", () => 0],
    ["the last bit flickering", noise(-90)],
    ["a quiet line", noise(-60)],
    ["a noisy line", noise(-45)],
    ["a very noisy line", noise(-35)],
    ["mains hum", sum(tone(50, 3000), tone(100, 300), tone(150, 100))],
    ["mains hum on a noisy line", sum(tone(50, 1500), tone(100, 200), noise(-50))],
    ["an offset", () => 2000],
  ])("hears no speech in %s", (_, signal) => {
    for (const mode of [1, 2, 3] as const) {
      expect(hear(signal, { rateHz, mode })).toBe(".".repeat(150));
    }
  });
});

describe("the combined detector", () => {
  it("takes a click for two frames of speech at the most", () => {
    const crackle = chance(3);
    const clicks: Signal = (seconds) => ((seconds + 0.013) % 0.25 < 0.001 ? 20_000 * crackle() : 0);
    expect(hear(clicks, { durationMs: 5000 })).not.toMatch(/###/);
  });
  it("hears a quiet caller", () => {
    const heard = hear(between(1, 2.2, voice(500)));
    expect(heard.replaceAll(".", "").length).toBeGreaterThan(40);
  });
  it("hears a caller on a noisy line, and silence after", () => {
    const heard = hear(sum(noise(-50), between(1, 2.2, voice(3500))));
    expect(heard.indexOf("#")).toBeGreaterThanOrEqual(49);
    expect(heard.indexOf("#")).toBeLessThanOrEqual(54);
    expect(heard.lastIndexOf("#")).toBeLessThanOrEqual(111);
  });
  it("hears a caller who talks since before the stream began, after the first 100 ms", () => {
    expect(hear(voice(3500), { durationMs: 1000 })).toMatch(/^\.{5}.{0,3}#/);
  });
  it("learns loud steady noise in a second and a half", () => {
    expect(hear(noise(-22), { durationMs: 4000 }).slice(80)).toBe(".".repeat(120));
  });
  it("lets a keypad tone end one frame after the tone", () => {
    const five = sum(tone(770, 4000), tone(1336, 4000));
    const heard = hear(between(1, 1.2, five));
    expect(heard.slice(0, 50) + heard.slice(61)).toBe(".".repeat(139));
  });
});

describe("the detectors of one thread", () => {
  const samples = render(8000, 3000, between(1, 2, voice(3500)));
  const frameAt = (index: number) => samples.subarray(index * 160, (index + 1) * 160);
  const alone = hear(between(1, 2, voice(3500)));

  it("do not hear one another", () => {
    const first = vads.create({ rateHz: 8000 });
    const second = vads.create({ rateHz: 48_000 });
    let heard = "";
    const loud = noise(-10);
    for (let index = 0; index < 150; index++) {
      heard += first.isSpeech(frameAt(index)) ? "#" : ".";
      second.isSpeech(Int16Array.from({ length: 1440 }, loud));
    }
    expect(heard).toBe(alone);
    first.close();
    second.close();
  });
  it("go on unharmed while thousands are opened, and the memory under them moves", () => {
    const vad = vads.create({ rateHz: 8000 });
    const others = [];
    let heard = "";
    for (let index = 0; index < 150; index++) {
      heard += vad.isSpeech(frameAt(index)) ? "#" : ".";
      for (let more = 0; more < 300; more++) others.push(vads.create({ rateHz: 16_000 }));
    }
    expect(heard).toBe(alone);
    expect(vads.openCount).toBe(45_001);
    for (const other of others) other.close();
    vad.close();
    expect(vads.openCount).toBe(0);
  });
  it("give their memory back", () => {
    const bytesBefore = process.memoryUsage().external;
    for (let count = 0; count < 200_000; count++) vads.create({ rateHz: 8000 }).close();
    // Kept, they would hold more than 100 MB.
    expect(process.memoryUsage().external - bytesBefore).toBeLessThan(20e6);
  });
  it("are as new after a reset, in rate and mode too", () => {
    const vad = vads.create({ rateHz: 8000, mode: 3 });
    for (let index = 0; index < 150; index++) vad.isSpeech(frameAt(149 - index));
    vad.reset();
    const fresh = vads.create({ rateHz: 8000, mode: 3 });
    for (let index = 0; index < 150; index++) {
      expect(vad.isSpeech(frameAt(index))).toBe(fresh.isSpeech(frameAt(index)));
    }
    vad.close();
    fresh.close();
  });
  it("refuse work after they were closed, and close twice in peace", () => {
    const vad = vads.create({ rateHz: 8000 });
    vad.close();
    vad.close();
    expect(vads.openCount).toBe(0);
    const closed = expect.objectContaining({ code: "VAD_CLOSED" }) as Error;
    expect(() => vad.isSpeech(new Int16Array(160))).toThrow(closed);
    expect(() => vad.reset()).toThrow(closed);
  });
  it("refuse rates and modes that are none", () => {
    const code = (value: string) => expect.objectContaining({ code: value }) as Error;
    expect(() => vads.create({ rateHz: 44_100 as VadRateHz })).toThrow(code("VAD_RATE"));
    expect(() => vads.create({ rateHz: 8000, mode: 4 as VadMode })).toThrow(code("VAD_MODE"));
    expect(vads.openCount).toBe(0);
  });
});
