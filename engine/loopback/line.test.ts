/** The two sides of the line: what is heard, what is said, and the beat between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlayedFrame } from "../../access/client/index.js";
import { virtualTime } from "../../base/virtual-time.js";
import { encodeL16 } from "../../codecs/audio/l16.js";
import { CallMeasures } from "./call-measures.js";
import { HeardLine, type LineFrame } from "./heard-line.js";
import { Mouth, type SpokenSpan } from "./mouth.js";
import { Pacer } from "./pacer.js";

const format = { codec: "l16", rateHz: 16000 } as const;

function frame(playedMs: number, level = 5000, durationMs = 20): PlayedFrame {
  const samples = new Int16Array((16000 * durationMs) / 1000).fill(level);
  const payload = new Uint8Array(samples.length * 2);
  encodeL16(samples, payload);
  return { payload, durationMs, utterance: 1, mediaSamples: 0, arrivedMs: playedMs - 40, playedMs };
}

type Kept = Pick<LineFrame, "atMs" | "isAudible"> & { readonly level: number };

function line(): { readonly line: HeardLine; readonly kept: Kept[] } {
  const kept: Kept[] = [];
  const heard = new HeardLine(format, ({ samples, atMs, isAudible }) => {
    expect(samples).toHaveLength(320);
    kept.push({ atMs, isAudible, level: samples[0]! });
  });
  return { line: heard, kept };
}

describe("the heard line", () => {
  it("is silence before, between and after what is played", () => {
    const { line: heard, kept } = line();
    heard.open(0);
    heard.tick(100);
    expect(kept.map(({ atMs }) => atMs)).toEqual([0, 20]);
    heard.played(frame(60));
    heard.played(frame(80));
    heard.played(frame(160));
    heard.tick(300);
    expect(kept.map(({ atMs, level }) => [atMs, level])).toEqual([
      ...[
        [0, 0],
        [20, 0],
        [40, 0],
        [60, 5000],
        [80, 5000],
        [100, 0],
        [120, 0],
        [140, 0],
      ],
      ...[
        [160, 5000],
        [180, 0],
        [200, 0],
        [220, 0],
      ],
    ]);
  });

  it("tells what can be heard from what is only sent", () => {
    const { line: heard, kept } = line();
    expect(heard.played(frame(0, 3))).toBe(false);
    expect(heard.played(frame(20, 5000))).toBe(true);
    expect(kept.map(({ isAudible }) => isAudible)).toEqual([false, true]);
  });

  it("fills up a frame that is too short", () => {
    const { line: heard, kept } = line();
    heard.played(frame(0, 5000, 10));
    expect(kept).toHaveLength(1);
  });

  it("counts frames that came too late to sound in a row", () => {
    const { line: heard } = line();
    for (const atMs of [0, 20, 50, 70, 500, 520]) heard.played(frame(atMs));
    expect(heard.lateGaps).toBe(1);
  });

  it("never tears: frames follow each other by about 20 ms, whatever is played when", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { line: heard, kept } = line();
        heard.open(0);
        let nowMs = 0;
        let freeMs = 0;
        for (const [afterMs, isPlayed] of steps) {
          nowMs += afterMs;
          if (isPlayed) {
            // As a playout buffer plays: never two frames at once.
            const playedMs = Math.max(nowMs, freeMs);
            heard.played(frame(playedMs));
            freeMs = playedMs + 20;
            nowMs = playedMs;
          } else {
            heard.tick(nowMs);
          }
        }
        kept.forEach(({ atMs }, index) => {
          if (index === 0) return;
          const gapMs = atMs - kept[index - 1]!.atMs;
          expect(gapMs).toBeGreaterThanOrEqual(10);
          expect(gapMs).toBeLessThanOrEqual(31);
        });
      }),
    );
  });
});

const noise = { next: () => 0.5 };

function speech(before: number, spoken: number, after: number) {
  const samples = new Int16Array(before + spoken + after);
  samples.fill(8000, before, before + spoken);
  return { samples, startSample: before, endSample: before + spoken };
}

describe("the mouth", () => {
  it("tells the instants of the first and last spoken sample", () => {
    const mouth = new Mouth(16000, noise);
    const spans: SpokenSpan[] = [];
    const starts: number[] = [];
    mouth.next(1000);
    mouth.say({
      pieces: [speech(160, 1600, 320), { pauseMs: 300 }, speech(0, 800, 0)],
      started: (startMs) => starts.push(startMs),
      ended: (span) => spans.push(span),
    });
    const frames = Array.from({ length: 40 }, (_, n) => mouth.next(1020 + n * 20).slice());
    // A frame sent at 1020 was spoken from 1000 on: 10 ms of edge, 100 ms, 300 ms, 50 ms.
    expect(starts).toEqual([1010]);
    expect(spans).toEqual([{ startMs: 1010, endMs: 1460 }]);
    const sent = Int16Array.from(frames.flatMap((one) => [...one]));
    expect(sent.indexOf(8000)).toBe(160);
    expect(sent.lastIndexOf(8000)).toBe(460 * 16 - 1);
    expect(sent.filter((sample) => sample === 8000)).toHaveLength(2400);
    expect(mouth.isSpeaking).toBe(false);
  });

  it("says one thing after the other", () => {
    const mouth = new Mouth(16000, noise);
    const ends: number[] = [];
    for (let n = 0; n < 2; n += 1) {
      mouth.say({ pieces: [speech(0, 320, 0)], ended: ({ endMs }) => ends.push(endMs) });
    }
    mouth.next(20);
    mouth.next(40);
    expect(ends).toEqual([20, 40]);
  });

  it("is never quite silent, and never loud with noise alone", () => {
    let seed = 1;
    const mouth = new Mouth(8000, {
      next: () => (seed = (seed * 16807) % 2147483647) / 2147483647,
    });
    for (let n = 0; n < 100; n += 1) {
      const frame = mouth.next(n * 20);
      expect(frame).toHaveLength(160);
      expect(Math.max(...frame)).toBeGreaterThan(0);
      expect(Math.max(...frame.map(Math.abs))).toBeLessThanOrEqual(12);
    }
  });
});

describe("the pacer", () => {
  it("beats every 20 ms, at instants that never drift", () => {
    const time = virtualTime();
    const beats: number[] = [];
    const pacer = new Pacer(time, (deadlineMs) => beats.push(deadlineMs));
    pacer.start();
    time.advance(1000);
    pacer.stop();
    time.advance(1000);
    expect(beats).toEqual(Array.from({ length: 51 }, (_, n) => n * 20));
    expect(pacer.lateness.maxMs).toBe(0);
  });

  it("makes up for a stall, skips what is too old, and owns up to both", () => {
    const time = virtualTime();
    let stalledMs = 0;
    const late = { ...time, nowMs: () => time.nowMs() + stalledMs };
    const beats: number[] = [];
    const pacer = new Pacer(late, (deadlineMs) => beats.push(deadlineMs));
    pacer.start();
    stalledMs = 1000;
    time.advance(20);
    pacer.stop();
    expect(pacer.skipped).toBe(40);
    expect(beats).toEqual([0, ...Array.from({ length: 11 }, (_, n) => 820 + n * 20)]);
    expect(pacer.lateness.maxMs).toBe(200);
  });
});

describe("what the callee measures", () => {
  it("an answer: from the end of its speech to the first audible frame", () => {
    const measures = new CallMeasures(0);
    measures.done(0, "say", 1000);
    measures.played(frame(1300, 3), false);
    measures.played(frame(1320), true);
    measures.played(frame(1340), true);
    expect(measures.finish().turns).toEqual([
      {
        turn: 0,
        kind: "say",
        doneMs: 1000,
        audibleMs: 1320,
        latencyMs: 320,
        arrivalLatencyMs: 280,
      },
    ]);
  });

  it("no answer where the agent was still talking", () => {
    const measures = new CallMeasures(0);
    measures.played(frame(990), true);
    measures.done(0, "say", 1000);
    measures.played(frame(1010), true);
    expect(measures.finish().turns).toEqual([]);
  });

  it("an interruption: from its onset to the last frame that sounded", () => {
    const measures = new CallMeasures(0);
    measures.played(frame(500), true);
    measures.began(3, 510, true);
    measures.played(frame(520), true);
    measures.played(frame(540, 3), false);
    measures.cleared(555);
    expect(measures.finish().interruptions).toEqual([
      {
        turn: 3,
        onsetMs: 510,
        isCleared: true,
        clearAfterMs: 45,
        silentAfterMs: 50,
        inaudibleAfterMs: 30,
      },
    ]);
  });

  it("an interruption that the agent ignored", () => {
    const measures = new CallMeasures(0);
    measures.began(3, 500, true);
    for (let atMs = 520; atMs < 5000; atMs += 20) measures.played(frame(atMs), true);
    expect(measures.finish().interruptions).toMatchObject([{ turn: 3, isCleared: false }]);
  });
});
