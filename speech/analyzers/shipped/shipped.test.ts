import { describe, expect, it } from "vitest";
import { speak } from "../../../test/support/spoken-audio.js";
import type { Analyzer, Label } from "../analyzer.js";
import { abuseAnalyzer, abuseOf } from "./abuse.js";
import { asrQualityAnalyzer, qualityOf } from "./asr-quality.js";
import { emotionAnalyzer, emotionOf } from "./emotion.js";
import { TurnSoundMeter } from "./turn-sound.js";

const frameSamples = 320;

/** Gives an analyzer the turns of one call, as sound and text; @returns the labels of each turn. */
function labelsOf(
  analyzer: Analyzer,
  turns: readonly { sound: Int16Array; text?: string; isRejected?: boolean }[],
): Label[][] {
  const all: Label[][] = [];
  const start = { callId: "c", userId: "u1", language: "en-US", rateHz: 16_000 };
  const stream = analyzer.open(start, (event) => {
    if (event.kind === "label") all.at(-1)!.push(event.label);
  });
  turns.forEach(({ sound, text = "", isRejected = false }, index) => {
    all.push([]);
    for (let at = 0; at + frameSamples <= sound.length; at += frameSamples) {
      const frame = sound.subarray(at, at + frameSamples);
      stream.frame(
        frame,
        frame.some((sample) => Math.abs(sample) > 600),
      );
    }
    stream.final({ turnId: index, text, isRejected });
  });
  stream.close();
  return all;
}

const louder = (samples: Int16Array, factor: number) =>
  samples.map((sample) => Math.max(-32_768, Math.min(32_767, sample * factor)));

/** Played faster: higher, brighter and quicker, as a voice is that is beside itself. */
function hurried(samples: Int16Array, factor: number): Int16Array {
  const count = Math.floor(samples.length / factor);
  return Int16Array.from({ length: count }, (_, index) => samples[Math.floor(index * factor)]!);
}

describe("emotion", () => {
  it.each([
    ["I want to speak to your manager, this is ridiculous", 0.9, "angry"],
    ["this is ridiculous", 0.5, "frustrated"],
    ["yes great thank you so much", 0.9, "happy"],
    ["my husband passed away in the hospital", 0.3, "sad"],
    ["on monday at ten", 0.9, "neutral"],
    ["Sues you", 0.9, "neutral"],
    ["不要再打了，我要投诉你们", 0.9, "angry"],
    ["太好了，谢谢你们", 0.5, "happy"],
    ["", 0.5, "neutral"],
  ])("of %j with arousal %d is %s", (text, arousal, value) => {
    expect(emotionOf(text, arousal)).toMatchObject({ name: "emotion", value });
  });

  it("hears a voice that is raised against itself, and one that calms down", async () => {
    const calm = louder(await speak("rms", "I would like to move my appointment to Monday"), 0.4);
    const raised = louder(hurried(calm, 1.35), 2.2);
    const turns = [calm, calm, raised, calm].map((sound) => ({ sound }));
    const arousal = labelsOf(emotionAnalyzer(), turns).map((labels) =>
      labels.find(({ name }) => name === "arousal")!,
    );
    expect(arousal[1]).toMatchObject({ value: "normal" });
    expect(arousal[2]).toMatchObject({ value: "high" });
    expect(arousal[3]!.score).toBeLessThan(0.5);
  });

  it("says nothing of a voice it did not hear", () => {
    const labels = labelsOf(emotionAnalyzer(), [{ sound: new Int16Array(16_000), text: "yes" }]);
    expect(labels).toEqual([[{ name: "emotion", value: "neutral", score: 0.7, turnId: 0 }]]);
  });
});

describe("the sound of a turn", () => {
  it.each([100, 180, 320])("has its pitch: a buzz of %d Hz", (hz) => {
    const meter = new TurnSoundMeter(16_000);
    for (let frame = 0; frame < 30; frame += 1) {
      const samples = Int16Array.from({ length: frameSamples }, (_, index) => {
        const phase = ((frame * frameSamples + index) * hz) / 16_000;
        return 9000 * (0.6 * Math.sin(2 * Math.PI * phase) + 0.4 * Math.sin(4 * Math.PI * phase));
      });
      meter.frame(samples, true);
    }
    const { pitchSemitones, levelDb } = meter.take()!;
    expect(55 * 2 ** (pitchSemitones / 12)).toBeGreaterThan(hz * 0.96);
    expect(55 * 2 ** (pitchSemitones / 12)).toBeLessThan(hz * 1.04);
    expect(levelDb).toBeGreaterThan(-20);
    expect(meter.take()).toBeUndefined();
  });

  it("has no pitch where there is only noise", () => {
    const meter = new TurnSoundMeter(8000);
    let state = 7;
    for (let frame = 0; frame < 50; frame += 1) {
      const noise = Int16Array.from({ length: 160 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
        return (state >> 15) - 32_768;
      });
      meter.frame(noise, true);
    }
    expect(meter.take()).toBeUndefined();
  });
});

describe("abuse", () => {
  it.each([
    ["fuck off you idiot", "insult"],
    ["this is bullshit", "profanity"],
    ["what the f*** is this", "profanity"],
    ["what do you want you shhhit", "insult"],
    ["you are an 1d1ot", "insult"],
    ["I know where you live", "threat"],
    ["滚蛋，骗子", "insult"],
    ["信不信我找人收拾你", "threat"],
    ["what a shame", "none"],
    ["my name is Dick Scunthorpe and I assess passes", "none"],
    ["kill the old order please", "none"],
    ["", "none"],
  ])("in %j is %s", (text, value) => {
    expect(abuseOf(text)).toMatchObject({ name: "abuse", value });
  });

  it("is judged of every turn", () => {
    const sound = new Int16Array(0);
    const turns = [
      { sound, text: "shut up" },
      { sound, text: "sorry" },
    ];
    const labels = labelsOf(abuseAnalyzer(), turns).flat();
    expect(labels.map(({ value }) => value)).toEqual(["insult", "none"]);
  });
});

describe("asr-quality", () => {
  const fine = {
    isRejected: false,
    confidence: 0.95,
    takenBack: 0,
    levelDb: -22,
    snrDb: 30,
    clippedShare: 0,
    wordsPerSecond: 2.5,
  };

  it.each([
    ["nothing speaks against it", {}, "good"],
    ["the recogniser doubts it", { confidence: 0.3 }, "fair"],
    ["it was rejected in noise", { isRejected: true, snrDb: 5 }, "poor"],
    ["the voice is in the noise", { snrDb: 1 }, "poor"],
    ["the line clips and words were taken back", { clippedShare: 0.2, takenBack: 3 }, "fair"],
    ["nobody speaks so fast", { wordsPerSecond: 12, confidence: 0.6 }, "fair"],
    ["nothing is known", { confidence: undefined, levelDb: undefined, snrDb: undefined }, "good"],
  ])("when %s", (_, evidence, value) => {
    expect(qualityOf({ ...fine, ...evidence })).toMatchObject({ value });
  });

  it("tells a clear line from a noisy one by their sound", async () => {
    const clear = await speak("slt", "yes please call me on Monday");
    const noise = (index: number) => ((index * 7919) % 1100) - 550;
    const faint = clear.map((sample, index) => sample / 10 + noise(index));
    const text = "yes please call me on monday";
    const [quiet, loud] = [1 / 50, 1].map((loudness) =>
      new Int16Array(8000).map((_, index) => noise(index) * loudness),
    );
    const [, good] = labelsOf(asrQualityAnalyzer(), [{ sound: quiet! }, { sound: clear, text }]);
    const [, bad] = labelsOf(asrQualityAnalyzer(), [{ sound: loud! }, { sound: faint, text }]);
    expect(good![0]!.score).toBeGreaterThan(bad![0]!.score);
  });
});
