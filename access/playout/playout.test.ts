import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { LegPlayout } from "./leg-playout.js";
import { PlayoutWheel, type PacedLeg } from "./playout-wheel.js";

const frameBytes = 160;
const prompt = (frames: number, value = 1) => new Uint8Array(frames * frameBytes).fill(value);
const leg = () => new LegPlayout({ frameBytes, streamFramesMax: 5 });

describe("one leg", () => {
  test("plays utterances in order, each frame once, and says when one is complete", () => {
    const playout = leg();
    playout.addPrompt(1, prompt(2, 11));
    playout.addPrompt(2, prompt(1, 22));
    const values: number[] = [];
    const ends: unknown[] = [];
    while (playout.hasFrame) {
      values.push(playout.take(0)!.bytes[0]!);
      const end = playout.takeCompleted();
      if (end !== undefined) ends.push(end);
    }
    expect(values).toEqual([11, 11, 22]);
    expect(ends).toEqual([
      { utterance: 1, reason: "completed", sentFrames: 2, unsentFrames: 0 },
      { utterance: 2, reason: "completed", sentFrames: 1, unsentFrames: 0 },
    ]);
  });

  test("never plays what was cleared, also when it comes after its own clear", () => {
    const playout = leg();
    playout.addPrompt(3, prompt(5));
    playout.take(0);
    playout.addFrame(4, prompt(1));
    expect(playout.clear(4)).toMatchObject([
      { utterance: 3, reason: "cleared", sentFrames: 1 },
      { utterance: 4, reason: "cleared", sentFrames: 0 },
    ]);
    expect(playout.addFrame(4, prompt(1))).toBe(false);
    expect(playout.addPrompt(3, prompt(1))).toBe(false);
    playout.closeStream(4);
    expect(playout.hasFrame).toBe(false);
    expect(playout.take(0)).toBeUndefined();
    playout.addPrompt(5, prompt(1));
    expect(playout.hasFrame).toBe(true);
  });

  test("counts what is left to be sent, and drops what comes behind an utterance", () => {
    const playout = leg();
    playout.addPrompt(1, prompt(3));
    playout.openStream(2);
    playout.addFrame(2, prompt(1));
    playout.addPrompt(3, prompt(7));
    playout.take(0);
    expect(playout.unsentFrames).toBe(10);
    playout.dropBehind(2);
    expect(playout.unsentFrames).toBe(3);
    expect(playout.waiting.map(({ utterance }) => utterance)).toEqual([1, 2]);
  });

  test("a stream that ran dry is not complete until it is closed", () => {
    const playout = leg();
    playout.openStream(1);
    playout.addFrame(1, prompt(1));
    playout.take(0);
    expect(playout.hasFrame).toBe(false);
    expect(playout.takeCompleted()).toBeUndefined();
    playout.closeStream(1);
    expect(playout.takeCompleted()).toMatchObject({ utterance: 1, reason: "completed" });
  });

  test("a stream that was opened keeps its place before what is queued after it", () => {
    const playout = leg();
    playout.openStream(1);
    playout.addPrompt(2, prompt(1, 22));
    expect(playout.hasFrame).toBe(false);
    playout.addFrame(1, prompt(1, 11));
    playout.closeStream(1);
    expect(playout.take(0)!.bytes[0]).toBe(11);
    expect(playout.takeCompleted()).toMatchObject({ utterance: 1 });
    expect(playout.take(0)!.bytes[0]).toBe(22);
  });

  test("frames that outrun their commands wait for their turn", () => {
    const playout = leg();
    playout.addFrame(8, prompt(1, 88));
    expect(playout.hasFrame).toBe(false);
    playout.addPrompt(7, prompt(1, 77));
    expect(playout.take(0)!.bytes[0]).toBe(77);
    expect(playout.takeCompleted()).toMatchObject({ utterance: 7 });
    expect(playout.hasFrame).toBe(false);
    playout.openStream(8);
    expect(playout.take(0)!.bytes[0]).toBe(88);
  });

  test("a clear finds what it covers also behind frames that came early", () => {
    const playout = leg();
    playout.openStream(8);
    playout.addFrame(8, prompt(1, 88));
    playout.take(0);
    playout.addPrompt(7, prompt(1, 77));
    expect(playout.clear(7)).toMatchObject([{ utterance: 7, sentFrames: 0 }]);
    expect(playout.waiting).toEqual([{ utterance: 8, isClosed: false }]);
  });

  test("commands and frames of two ways play in one order, however they interleave", () => {
    const count = 4;
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 4 * count }), (isRingFirst) => {
        const playout = leg();
        const ring = Array.from({ length: count }, (_, i) => 2 * i + 1);
        const commands = Array.from({ length: 2 * count }, (_, i) => i + 1);
        const played: number[] = [];
        const play = (): void => {
          for (; playout.hasFrame; playout.takeCompleted()) played.push(playout.take(0)!.bytes[0]!);
        };
        // Odd numbers are streams, even ones prompts. A frame may come at any time before the end
        // of its stream, since the ring is read before any command.
        const takeRing = (): void => {
          const n = ring.shift();
          if (n !== undefined) playout.addFrame(n, prompt(1, n));
        };
        const takeCommand = (): void => {
          const n = commands.shift();
          if (n === undefined) return;
          if (n % 2 === 0) return void playout.addPrompt(n, prompt(1, n));
          playout.openStream(n);
          while (ring[0] !== undefined && ring[0] <= n) takeRing();
          playout.closeStream(n);
        };
        for (const isRing of isRingFirst) {
          if (isRing) takeRing();
          else takeCommand();
          play();
        }
        while (commands.length > 0) takeCommand();
        play();
        expect(played).toEqual(Array.from({ length: 2 * count }, (_, i) => i + 1));
      }),
    );
  });

  test("refuses streamed frames beyond its bound, and of a wrong size, and counts them", () => {
    const playout = leg();
    for (let i = 0; i < 7; i += 1) playout.addFrame(1, prompt(1));
    playout.addFrame(1, new Uint8Array(3));
    expect(playout.refusedFrames).toBe(3);
  });

  test("takes back what was sent last, over several utterances, and sends it again", () => {
    const playout = leg();
    playout.addPrompt(1, prompt(3, 11));
    playout.openStream(2);
    playout.addFrame(2, prompt(1, 21));
    playout.addFrame(2, prompt(1, 22));
    playout.closeStream(2);
    playout.addPrompt(3, prompt(2, 33));
    const play = (frames: number): number[] =>
      Array.from({ length: frames }, () => {
        const value = playout.take(0)?.bytes[0];
        playout.takeCompleted();
        return value!;
      });
    expect(play(6)).toEqual([11, 11, 11, 21, 22, 33]);
    expect(playout.takeBack(4)).toEqual([
      { utterance: 3, frames: 1, isStreamed: false },
      { utterance: 2, frames: 2, isStreamed: true },
      { utterance: 1, frames: 1, isStreamed: false },
    ]);
    expect(play(5)).toEqual([11, 21, 22, 33, 33]);
    expect(playout.hasFrame).toBe(false);
  });

  test("takes nothing back that was heard, cleared, or is not kept any more", () => {
    const playout = new LegPlayout({ frameBytes, streamFramesMax: 1000 });
    playout.addPrompt(1, prompt(1, 1));
    playout.addPrompt(2, prompt(1, 2));
    for (let index = 0; index < 2; index += 1) {
      playout.take(0);
      playout.takeCompleted();
    }
    playout.settle(2);
    expect(playout.takeBack(9)).toEqual([{ utterance: 1, frames: 1, isStreamed: false }]);
    playout.clear(1);
    expect([playout.takeBack(9), playout.hasFrame]).toEqual([[], false]);
    playout.openStream(3);
    for (let index = 0; index < 500; index += 1) playout.addFrame(3, prompt(1, index % 200));
    for (let index = 0; index < 450; index += 1) playout.take(0);
    const [taken] = playout.takeBack(450);
    expect(taken!.frames).toBeGreaterThanOrEqual(100);
    expect(taken!.frames).toBeLessThanOrEqual(200);
    expect(playout.take(0)!.bytes[0]).toBe((450 - taken!.frames) % 200);
  });

  test("any history of adds and clears plays only what no clear has covered", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), n: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant("clear" as const), n: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant("take" as const), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const playout = leg();
        let cleared = 0;
        let next = 0;
        for (const { kind, n } of steps) {
          if (kind === "add") playout.addPrompt((next = Math.max(next + 1, n)), prompt(1, next));
          if (kind === "clear") {
            cleared = Math.max(cleared, n);
            playout.clear(n);
          }
          if (kind === "take" && playout.hasFrame) {
            expect(playout.take(0)!.bytes[0]).toBeGreaterThan(cleared);
            playout.takeCompleted();
          }
        }
      }),
    );
  });
});

describe("the wheel", () => {
  function wheeled(leadMs = 0, packFrames = 1) {
    const time = virtualTime();
    time.advance(1234.5);
    const lateness: number[] = [];
    let polls = 0;
    const wheel = new PlayoutWheel({
      time,
      frameMs: 20,
      leadMs,
      packFrames,
      sent: (ms) => lateness.push(ms),
      poll: () => (polls += 1),
    });
    return { time, wheel, lateness, polls: () => polls };
  }

  function counting(frames: number): PacedLeg & { sentAtMs: number[]; playAtMs: number[] } {
    const sentAtMs: number[] = [];
    const playAtMs: number[] = [];
    return {
      sentAtMs,
      playAtMs,
      sendFrame(atMs, nowMs) {
        if (sentAtMs.length === frames) return false;
        sentAtMs.push(nowMs);
        playAtMs.push(atMs);
        return true;
      },
    };
  }

  test("sends the first frame at once and the others every 20 ms, without drift", () => {
    const { time, wheel } = wheeled();
    const paced = counting(501);
    wheel.keepTurning(true);
    wheel.start(paced, 0);
    expect(paced.sentAtMs).toEqual([1234.5]);
    time.advance(10_000);
    expect(paced.sentAtMs).toHaveLength(501);
    const span = paced.sentAtMs.at(-1)! - paced.sentAtMs[0]!;
    expect(Math.abs(span - 10_000)).toBeLessThan(2);
  });

  test("paces frames of 10 ms beside those of 20, each by its own length", () => {
    const { time, wheel } = wheeled(20);
    const quick = { ...counting(201), frameMs: 10 };
    const usual = counting(101);
    wheel.keepTurning(true);
    wheel.start(quick, 0);
    wheel.start(usual, 0);
    time.advance(2000);
    expect([quick.sentAtMs.length, usual.sentAtMs.length]).toEqual([201, 101]);
    // The lead and the one behind it at once, then one at a time.
    expect(quick.sentAtMs.filter((atMs) => atMs === 1234.5)).toHaveLength(3);
    const gaps = quick.sentAtMs.slice(4).map((atMs, index) => atMs - quick.sentAtMs[index + 3]!);
    expect(new Set(gaps)).toEqual(new Set([10]));
    const steps = quick.playAtMs.slice(1).map((atMs, index) => atMs - quick.playAtMs[index]!);
    expect(new Set(steps)).toEqual(new Set([10]));
    wheel.stop(quick);
    time.advance(100);
    expect(quick.sentAtMs).toHaveLength(201);
  });

  test("runs ahead by the lead, and follows what was sent before", () => {
    const { time, wheel } = wheeled(40);
    const paced = counting(10);
    wheel.keepTurning(true);
    wheel.start(paced, 1274);
    expect(paced.sentAtMs).toEqual([1234.5]);
    expect(paced.playAtMs[0]).toBe(1274);
    time.advance(21);
    expect(paced.sentAtMs).toHaveLength(2);
  });

  test("sends in packs when told to: never late for it, and ahead by one pack at the most", () => {
    const { time, wheel, lateness } = wheeled(40, 2);
    const paced = counting(100);
    let held = 0;
    const line = { hold: () => (held += 1), release: () => (held -= 1) };
    wheel.keepTurning(true);
    wheel.start({ line, sendFrame: (...at) => held === 1 && paced.sendFrame(...at) }, 0);
    // The lead of two frames, and the pack's own.
    expect(paced.sentAtMs).toHaveLength(4);
    time.advance(2100);
    expect(paced.sentAtMs).toHaveLength(100);
    const aheadMs = paced.playAtMs.map((atMs, index) => atMs - paced.sentAtMs[index]!);
    expect(Math.min(...aheadMs.slice(4))).toBeGreaterThan(35);
    expect(Math.max(...aheadMs)).toBeLessThanOrEqual(60);
    expect(new Set(paced.sentAtMs).size).toBe(1 + 96 / 2);
    expect(lateness).toHaveLength(100);
    expect(Math.max(...lateness)).toBeLessThan(2.1);
    expect(held).toBe(0);
  });

  test("passes when it is asked within a turn of a loop: once, and only when it is overdue", () => {
    const { time, wheel, polls } = wheeled();
    const paced = counting(200);
    wheel.passIfDue(time.nowMs());
    expect(polls()).toBe(0);
    wheel.keepTurning(true);
    wheel.start(paced, 0);
    time.advance(101);
    const before = polls();
    wheel.passIfDue(time.nowMs());
    expect(polls()).toBe(before);
    wheel.passIfDue(time.nowMs() + 4);
    expect(polls()).toBe(before);
    wheel.passIfDue(time.nowMs() + 7);
    expect(polls()).toBe(before + 1);
    time.advance(900);
    // One timer all the same: a pass every 2 ms, a frame every 20.
    expect(polls()).toBeLessThanOrEqual(before + 1 + 450);
    const gaps = paced.sentAtMs.slice(1).map((atMs, index) => atMs - paced.sentAtMs[index]!);
    expect(Math.max(...gaps)).toBeLessThan(23);
    expect(paced.sentAtMs).toHaveLength(51);
  });

  test("catches up after a stall, and counts how late each frame was", () => {
    const { time, wheel, lateness } = wheeled();
    const paced = counting(20);
    wheel.keepTurning(true);
    wheel.start(paced, 0);
    // The loop is blocked for 100 ms: virtual time jumps before the pass that was due runs.
    const nowMs = time.nowMs.bind(time);
    time.nowMs = () => nowMs() + 100;
    time.advance(2);
    expect(paced.sentAtMs.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...lateness)).toBeGreaterThan(70);
  });

  test.each([150, 250, 1000, 5000])("counts a stall of %i ms in full, once", (stallMs) => {
    const { time, wheel, lateness } = wheeled(40);
    wheel.keepTurning(true);
    wheel.start(counting(10_000), 0);
    time.advance(500);
    lateness.length = 0;
    const nowMs = time.nowMs.bind(time);
    time.nowMs = () => nowMs() + stallMs;
    // Every slot's pass has run in one turn.
    time.advance(20);
    expect(Math.max(...lateness)).toBeGreaterThanOrEqual(stallMs - 20);
    const beyondCatchUp = lateness.filter((ms) => ms > 240);
    expect(beyondCatchUp.length).toBeLessThanOrEqual(1);
  });

  test("stops when nobody needs it, and serves nobody who left", () => {
    const { time, wheel, polls } = wheeled();
    const paced = counting(100);
    wheel.keepTurning(true);
    wheel.start(paced, 0);
    wheel.stop(paced);
    time.advance(100);
    expect(paced.sentAtMs).toHaveLength(1);
    wheel.keepTurning(false);
    const before = polls();
    time.advance(100);
    expect(polls()).toBe(before);
    expect(time.pendingCount).toBe(0);
  });

  test("a thousand legs cost one timer", () => {
    const { time, wheel } = wheeled();
    wheel.keepTurning(true);
    for (let i = 0; i < 1000; i += 1) wheel.start(counting(50), 0);
    expect(time.pendingCount).toBe(1);
  });
});
