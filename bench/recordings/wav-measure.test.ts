import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeWav } from "../../codecs/audio/wav.js";
import { formatRecordings } from "./recording-table.js";
import {
  findOverlaps,
  findSpeechSpans,
  joinSpans,
  measureRecording,
  samplesOf,
  totalMs,
  type Span,
} from "./wav-measure.js";

const rateHz = 16_000;
const at = (ms: number): number => (ms * rateHz) / 1000;

/** Tones where there is speech, over noise with this peak. */
function channel(lengthMs: number, speech: readonly Span[], noisePeak = 12): Int16Array {
  let state = 7;
  const samples = Int16Array.from({ length: at(lengthMs) }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.round((state / 0x7fff_ffff - 0.5) * 2 * noisePeak);
  });
  for (const { fromMs, toMs } of speech) {
    for (let i = at(fromMs); i < at(toMs); i += 1) samples[i]! += i % 32 < 16 ? 3000 : -3000;
  }
  return samples;
}

function wavOf(callee: Int16Array, agent: Int16Array): Uint8Array {
  const samples = new Int16Array(callee.length * 2);
  callee.forEach((sample, i) => {
    samples[2 * i] = sample;
    samples[2 * i + 1] = agent[i]!;
  });
  return encodeWav({ channels: 2, rateHz, samples });
}

describe("stretches of speech", () => {
  it("are found to the millisecond, wherever they lie in the frames", () => {
    const speech = [
      { fromMs: 207, toMs: 533 },
      { fromMs: 1011, toMs: 1014 },
    ];
    expect(findSpeechSpans(channel(2000, speech), rateHz)).toEqual(speech);
  });

  it("bridge pauses under 300 ms, and no longer ones", () => {
    const speech = [
      { fromMs: 100, toMs: 400 },
      { fromMs: 699, toMs: 900 },
      { fromMs: 1200, toMs: 1500 },
    ];
    expect(findSpeechSpans(channel(4000, speech), rateHz)).toEqual([
      { fromMs: 100, toMs: 900 },
      { fromMs: 1200, toMs: 1500 },
    ]);
  });

  it("are told from loud noise, and found in digital silence", () => {
    const speech = [{ fromMs: 1000, toMs: 2000 }];
    for (const noisePeak of [0, 200]) {
      const [span, ...others] = findSpeechSpans(channel(5000, speech, noisePeak), rateHz);
      expect(others).toEqual([]);
      expect(Math.abs(span!.fromMs - 1000)).toBeLessThanOrEqual(1);
      expect(Math.abs(span!.toMs - 2000)).toBeLessThanOrEqual(1);
    }
  });

  it("are none in silence, in noise, and in nothing; one where all is speech", () => {
    expect(findSpeechSpans(new Int16Array(at(1000)), rateHz)).toEqual([]);
    expect(findSpeechSpans(channel(1000, [], 300), rateHz)).toEqual([]);
    expect(findSpeechSpans(new Int16Array(0), rateHz)).toEqual([]);
    const all = { fromMs: 0, toMs: 990 };
    expect(findSpeechSpans(channel(990, [all]), rateHz)).toEqual([all]);
  });

  it("are found again whatever they are", () => {
    const gaps = fc.array(
      fc.record({
        pauseMs: fc.integer({ min: 320, max: 900 }),
        ms: fc.integer({ min: 1, max: 700 }),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(gaps, (parts) => {
        let endMs = 0;
        const speech = parts.map(({ pauseMs, ms }) => {
          const fromMs = endMs + pauseMs;
          return { fromMs, toMs: (endMs = fromMs + ms) };
        });
        expect(findSpeechSpans(channel(endMs + 500, speech), rateHz)).toEqual(speech);
      }),
      { numRuns: 40 },
    );
  });

  it("give their samples, also beyond the edges of the recording", () => {
    const samples = channel(100, []);
    expect(samplesOf(samples, rateHz, { fromMs: 10, toMs: 30 })).toHaveLength(at(20));
    expect(samplesOf(samples, rateHz, { fromMs: -50, toMs: 500 })).toHaveLength(at(100));
  });
});

describe("prompts of several sentences", () => {
  const spans = [
    { fromMs: 0, toMs: 1000 },
    { fromMs: 1400, toMs: 2000 },
    { fromMs: 3900, toMs: 5000 },
  ];

  it("are joined over short pauses", () => {
    expect(joinSpans(spans, { pauseMs: 1500, breaksMs: [] })).toEqual([
      { fromMs: 0, toMs: 2000 },
      { fromMs: 3900, toMs: 5000 },
    ]);
  });

  it("are not joined over what the other side did, within them or after", () => {
    const pauseMs = 5000;
    expect(joinSpans(spans, { pauseMs, breaksMs: [900] })).toHaveLength(2);
    expect(joinSpans(spans, { pauseMs, breaksMs: [1200, 2500] })).toEqual(spans);
    expect(joinSpans(spans, { pauseMs, breaksMs: [0, 5001] })).toHaveLength(1);
  });
});

describe("a recording", () => {
  it("shows who interrupted whom, for how long, and how soon we gave way", () => {
    const callee = channel(6000, [
      { fromMs: 1500, toMs: 2500 },
      { fromMs: 4000, toMs: 4600 },
    ]);
    const agent = channel(6000, [
      { fromMs: 200, toMs: 1710 },
      { fromMs: 4550, toMs: 5500 },
    ]);
    const { overlaps, ...sums } = measureRecording(wavOf(callee, agent));
    expect(overlaps).toEqual([
      { fromMs: 1500, toMs: 1710, by: "callee", onsetToSilenceMs: 210 },
      { fromMs: 4550, toMs: 4600, by: "agent", onsetToSilenceMs: 1500 },
    ]);
    expect(sums).toMatchObject({
      rateHz,
      durationMs: 6000,
      calleeSpeechMs: 1600,
      agentSpeechMs: 2460,
      overlapMs: 260,
    });
  });

  it("has no overlap where one begins when the other ends", () => {
    const turn = { fromMs: 1000, toMs: 2000 };
    expect(findOverlaps([turn], [{ fromMs: 2000, toMs: 3000 }])).toEqual([]);
    expect(totalMs([])).toBe(0);
  });

  it("of one channel is refused", () => {
    const mono = encodeWav({ channels: 1, rateHz, samples: new Int16Array(100) });
    expect(() => measureRecording(mono)).toThrow(/has 1 channels; 2 are right: callee, agent/);
    expect(() => measureRecording(new Uint8Array(3))).toThrow();
  });

  it("is a line in a table, with dashes for what is not known", () => {
    const speech = [{ fromMs: 1000, toMs: 2000 }];
    const measures = measureRecording(
      wavOf(channel(3000, speech), channel(3000, [{ fromMs: 500, toMs: 1200 }])),
    );
    const known = { reportedSilenceMs: 214.4, understood: { count: 2, of: 3 } };
    const [head, plain, full] = formatRecordings([
      { name: "a", measures },
      { name: "longer", measures, ...known },
    ]).split("\n");
    expect(head).toMatch(/^recording +length s/);
    expect(plain).toMatch(/^a +3\.0 +1\.0 +0\.7 +200 +200 +– +–$/);
    expect(full).toMatch(/^longer .* 214 +2 of 3$/);
  });
});
