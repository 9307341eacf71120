import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { beatMs } from "./loop-beat.js";
import { Watchdog } from "./watchdog.js";

function watched() {
  const time = virtualTime();
  const watchdog = new Watchdog(time);
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const seen: string[] = [];
  let waitedMs = 0;
  const seat = {
    beat,
    waitedMs: () => waitedMs,
    blocked: (ms: number) => seen.push(`blocked ${ms}`),
    end: (ms: number) => seen.push(`end ${ms}`),
  };
  watchdog.watch(seat);
  const run = (durationMs: number, isBeating: boolean): void => {
    for (let ms = 0; ms < durationMs; ms += beatMs) {
      if (isBeating) Atomics.add(beat, 0, 1);
      time.advance(beatMs);
    }
  };
  const waits = (ms: number): void => void (waitedMs += ms);
  return { time, watchdog, beat, seen, seat, run, waits };
}

test("reports a blocked loop once, and ends it at the limit", () => {
  const { run, seen } = watched();
  run(500, true);
  run(2000, false);
  expect(seen).toEqual(["blocked 250", "end 1000"]);
});

test("leaves a loop alone that is merely slow, and one that recovers", () => {
  const { run, seen } = watched();
  for (let round = 0; round < 5; round += 1) {
    run(200, false);
    run(50, true);
  }
  run(600, false);
  run(500, true);
  expect(seen).toEqual(["blocked 250"]);
});

test("does not judge a thread that has not begun to beat", () => {
  const { run, seen } = watched();
  run(5000, false);
  expect(seen).toEqual([]);
});

test("does not count what a thread waited for a CPU", () => {
  const { run, seen, waits } = watched();
  run(100, true);
  // The thread before this loop has waited too: that is no excuse for it.
  waits(10_000);
  run(50, false);
  for (let round = 0; round < 100; round += 1) {
    waits(beatMs - 5);
    run(beatMs, false);
  }
  expect(seen).toEqual(["blocked 250"]);
  run(1000, false);
  expect(seen).toEqual(["blocked 250", "end 1000"]);
});

test("does not judge anybody while its own loop was late", () => {
  const { time, run, seen } = watched();
  run(100, true);
  // The whole machine stalls: the watchdog itself looks only every 200 ms.
  const nowMs = time.nowMs.bind(time);
  let jumpMs = 0;
  time.nowMs = () => nowMs() + jumpMs;
  for (let round = 0; round < 20; round += 1) {
    jumpMs += 150;
    time.advance(beatMs);
  }
  expect(seen).toEqual([]);
});

test("forgets who is no longer watched, and leaves no timer when stopped", () => {
  const { time, watchdog, seat, run, seen } = watched();
  run(100, true);
  watchdog.unwatch(seat);
  run(2000, false);
  watchdog.stop();
  expect(seen).toEqual([]);
  expect(time.pendingCount).toBe(0);
});
