/** Real speech under noise, at 8 kHz, and voices of any loudness. */
import { beforeAll, describe, expect, test } from "vitest";
import { speak, throughTelephone } from "../../test/support/spoken-audio.js";
import { noiseBed, noisyLine, type NoiseKind } from "../../bench/support/noisy-line.js";
import { hearingChain, hearingOf } from "./call-hearing.js";
import { gainDbMax, gainDbMin, LevelNormaliser } from "./level-normaliser.js";
import { noiseSuppression } from "./noise-suppressor.js";

const rateHz = 8000;
const frameSamples = 160;
const noise = noiseSuppression();
let voice: Int16Array;

beforeAll(async () => {
  voice = throughTelephone(await speak("slt", "I would like to change my appointment, please."));
});

function framesOf(samples: Int16Array): Int16Array[] {
  const count = Math.floor(samples.length / frameSamples);
  return Array.from({ length: count }, (_, index) =>
    samples.slice(index * frameSamples, (index + 1) * frameSamples),
  );
}

function through(process: (frame: Int16Array) => Int16Array, samples: Int16Array): Int16Array {
  const out = new Int16Array(samples.length);
  framesOf(samples).forEach((frame, index) => out.set(process(frame), index * frameSamples));
  return out;
}

function powerDb(samples: Int16Array): number {
  const sum = samples.reduce((total, sample) => total + sample * sample, 0);
  return 10 * Math.log10(sum / samples.length / 32_768 ** 2 + 1e-12);
}

/** How far the voice stands above what is heard before it, from where that is known. */
function snrDb(heard: Int16Array): number {
  const before = heard.subarray(0.5 * rateHz, 0.95 * rateHz);
  return powerDb(heard.subarray(1.2 * rateHz, 1.2 * rateHz + voice.length)) - powerDb(before);
}

describe("noise suppression", () => {
  test.each<[NoiseKind, number, number]>([
    ["white", 15, 3],
    ["car", 15, 3],
    ["car", 5, 3],
  ])(
    "a voice in %s noise at %i dB stands 10 dB further out, fainter by %i dB at most",
    (...row) => {
      const [kind, db, lostDb] = row;
      const { noisy } = noisyLine({ voice, kind, snrDb: db, leadMs: 1200 });
      const stream = noise.create({ rateHz });
      const heard = through((frame) => stream.process(frame), noisy);
      stream.close();
      expect(snrDb(heard) - snrDb(noisy)).toBeGreaterThan(10);
      const said = (samples: Int16Array): number => powerDb(samples.subarray(1.2 * rateHz));
      expect(Math.abs(said(heard) - said(noisy))).toBeLessThan(lostDb);
    },
  );

  test("noise without speech is held down by 20 dB", () => {
    const bed = noiseBed("white", 16_000).map((sample) => sample * 1000);
    const stream = noise.create({ rateHz });
    const heard = through((frame) => stream.process(frame), Int16Array.from(bed));
    stream.close();
    const second = rateHz;
    expect(powerDb(Int16Array.from(bed)) - powerDb(heard.subarray(second))).toBeGreaterThan(20);
  });

  test.each([8000, 16_000])("at %i Hz a frame in is a frame out, of 10 and of 20 ms", (rate) => {
    for (const ms of [10, 20]) {
      const stream = noise.create({ rateHz: rate });
      const frame = new Int16Array((rate * ms) / 1000);
      for (let count = 0; count < 5; count += 1) {
        expect(stream.process(frame)).toHaveLength(frame.length);
      }
      stream.close();
    }
  });

  test("streams do not hear one another, and a closed one leaves its room to the next", () => {
    const alone = noise.create({ rateHz });
    const expected = through((frame) => alone.process(frame).slice(), voice);
    const [one, other] = [noise.create({ rateHz }), noise.create({ rateHz })];
    const bed = framesOf(Int16Array.from(noiseBed("car", voice.length), (value) => value * 500));
    const mixed = new Int16Array(voice.length);
    framesOf(voice).forEach((frame, index) => {
      mixed.set(one.process(frame), index * frameSamples);
      other.process(bed[index]!);
    });
    expect(mixed).toEqual(expected);
    for (let round = 0; round < 3000; round += 1) noise.create({ rateHz }).close();
    for (const stream of [alone, one, other]) stream.close();
    one.close();
  });

  test("a rate it cannot work at is refused with those that are right", () => {
    expect(() => noise.create({ rateHz: 11_025 })).toThrow(/11025 Hz; 8000 and 16000/);
  });
});

describe("level normalisation", () => {
  const atGain = (gainDb: number): Int16Array =>
    voice.map((sample) => sample * 10 ** (gainDb / 20));
  /** A sentence, three times over. */
  const settled = (samples: Int16Array): { gainDb: number; heard: Int16Array } => {
    const normaliser = new LevelNormaliser({ rateHz });
    let heard = samples;
    for (let round = 0; round < 3; round += 1) {
      heard = through((frame) => normaliser.process(frame), samples);
    }
    return { gainDb: normaliser.gainDb, heard };
  };

  test("a voice of usual loudness passes untouched, as the very same frames", () => {
    const normaliser = new LevelNormaliser({ rateHz });
    for (const frame of framesOf(voice)) expect(normaliser.process(frame)).toBe(frame);
  });

  test("a faint voice is raised, a fainter one no further than the bound", () => {
    const faint = settled(atGain(-30));
    expect(faint.gainDb).toBeGreaterThan(6);
    expect(powerDb(faint.heard) - powerDb(atGain(-30))).toBeCloseTo(faint.gainDb, 0);
    expect(settled(atGain(-38)).gainDb).toBeLessThanOrEqual(gainDbMax);
  });

  test("what distorts is lowered, and never below the bound", () => {
    const { gainDb } = settled(atGain(25));
    expect(gainDb).toBeLessThan(0);
    expect(gainDb).toBeGreaterThanOrEqual(gainDbMin);
  });

  test("a line on which nobody speaks is not turned up", () => {
    const bed = Int16Array.from(noiseBed("white", 10 * rateHz), (value) => value * 60);
    expect(settled(bed).gainDb).toBe(0);
  });
});

describe("the hearing of a call", () => {
  test("the first who says something decides: the call, its flow, the configuration", () => {
    const config = { suppressesNoise: false, normalisesLevel: true };
    expect(hearingOf(undefined, {}, config)).toEqual(config);
    expect(hearingOf({ normalisesLevel: false }, { suppressesNoise: true }, config)).toEqual({
      suppressesNoise: true,
      normalisesLevel: false,
    });
    expect(hearingOf({ dialect: "yue" }, { dialect: "zh" }).dialect).toBe("yue");
  });

  test("a call that asks for nothing has no chain, and a suppressor that fails is told of", () => {
    const failures: unknown[] = [];
    const failed = (error: unknown): void => void failures.push(error);
    const plain = { suppressesNoise: false, normalisesLevel: false };
    const parts = { rateHz, noise, failed };
    expect(hearingChain({ ...parts, hearing: plain })).toBeUndefined();
    const broken = {
      create: () => {
        throw new Error("no memory");
      },
    };
    const asked = { suppressesNoise: true, normalisesLevel: false };
    expect(hearingChain({ ...parts, noise: broken, hearing: asked })).toBeUndefined();
    expect(failures).toHaveLength(1);
  });
});
