import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { virtualTime } from "../../base/virtual-time.js";
import type { PlayedFrame } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

/** A buffer in virtual time, with what it played and reported. */
function open(jitterMs = 20, framesMax = 100) {
  const time = virtualTime();
  const played: PlayedFrame[] = [];
  const marks: [string, number][] = [];
  const buffer = new PlayoutBuffer({
    time,
    jitterMs,
    framesMax,
    played: (frame) => void played.push(frame),
    markReached: (name) => void marks.push([name, time.nowMs()]),
  });
  const push = (utterance = 1, durationMs = 20): boolean =>
    buffer.push({
      payload: new Uint8Array(0),
      durationMs,
      utterance,
      mediaSamples: 0,
      arrivedMs: time.nowMs(),
    });
  return { time, buffer, push, played, marks, starts: () => played.map((f) => f.playedMs) };
}

describe("the playout buffer of a client", () => {
  it("plays a burst frame after frame, the first after the jitter time", () => {
    const { time, push, starts } = open();
    for (let index = 0; index < 4; index++) push();
    time.advance(1000);
    expect(starts()).toEqual([20, 40, 60, 80]);
  });

  it("adds no delay as long as the next frame comes before the last one ends", () => {
    const { time, push, starts } = open(10);
    push();
    time.advance(29);
    push();
    time.advance(100);
    expect(starts()).toEqual([10, 30]);
  });

  it("lets a late frame be heard as a gap", () => {
    const { time, push, starts } = open(10);
    push();
    time.advance(31);
    push();
    time.advance(100);
    expect(starts()).toEqual([10, 41]);
  });

  it("plays on time however late its timer is", () => {
    let nowMs = 0;
    const played: number[] = [];
    const buffer = new PlayoutBuffer({
      // Timers never run: only arrivals move this buffer.
      time: { nowMs: () => nowMs, after: () => ({ cancel: () => undefined }) },
      jitterMs: 20,
      framesMax: 100,
      played: ({ playedMs }) => void played.push(playedMs),
      markReached: () => undefined,
    });
    const frame = { payload: new Uint8Array(0), durationMs: 20, utterance: 1, mediaSamples: 0 };
    for (nowMs of [0, 5, 10]) buffer.push({ ...frame, arrivedMs: nowMs });
    nowMs = 500;
    buffer.push({ ...frame, arrivedMs: nowMs });
    expect(played).toEqual([20, 40, 60]);
  });

  it("reports a mark when the last frame before it has ended", () => {
    const { time, buffer, push, marks } = open();
    buffer.pushMark("at once", 1);
    push();
    push();
    buffer.pushMark("between", 1);
    push();
    buffer.pushMark("end", 1);
    time.advance(1000);
    expect(marks).toEqual([
      ["at once", 0],
      ["between", 60],
      ["end", 80],
    ]);
  });

  it("drops by utterance on clear, and gives back the marks it dropped", () => {
    const { time, buffer, push, played, marks } = open();
    for (const utterance of [1, 1, 1, 2, 2]) {
      push(utterance);
      buffer.pushMark(`${utterance}`, utterance);
    }
    time.advance(25);
    expect(buffer.clear(1)).toEqual({ frames: 2, marks: ["1", "1", "1"] });
    time.advance(1000);
    expect(played.map(({ utterance, playedMs }) => [utterance, playedMs])).toEqual([
      [1, 20],
      [2, 40],
      [2, 60],
    ]);
    expect(marks.map(([name]) => name)).toEqual(["2", "2"]);
  });

  it("refuses what does not fit, and counts it", () => {
    const { time, buffer, push, played } = open(20, 3);
    expect([push(), push(), push(), push()]).toEqual([true, true, true, false]);
    expect(buffer.refusedFrames).toBe(1);
    time.advance(20);
    expect(push()).toBe(true);
    time.advance(1000);
    expect(played).toHaveLength(4);
  });

  it("says nothing more once it is closed, and leaves no timer", () => {
    const { time, buffer, push, played } = open();
    push();
    buffer.pushMark("never", 1);
    buffer.close();
    push();
    time.advance(1000);
    expect(played).toEqual([]);
    expect(time.pendingCount).toBe(0);
  });

  it("never plays two frames at once, none before it came, none out of order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 40 }), fc.nat(19))),
        (events) => {
          const { time, buffer, push, played } = open(15, 1000);
          let utterance = 1;
          for (const [waitMs, durationMs, chance] of events) {
            time.advance(waitMs);
            if (chance === 0) buffer.clear(utterance++);
            else push(utterance, durationMs);
          }
          time.advance(100_000);
          for (const [index, frame] of played.entries()) {
            const before = played[index - 1];
            expect(frame.playedMs).toBeGreaterThanOrEqual(frame.arrivedMs);
            if (before === undefined) continue;
            expect(frame.playedMs).toBeGreaterThanOrEqual(before.playedMs + before.durationMs);
            expect(frame.utterance).toBeGreaterThanOrEqual(before.utterance);
          }
          expect(time.pendingCount).toBe(0);
        },
      ),
    );
  });
});
