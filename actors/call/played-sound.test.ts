import { expect, test } from "vitest";
import { PlayedSound } from "./played-sound.js";

/** One second of a rising count, as 16-bit samples at 8 kHz. */
const second = Uint8Array.from(
  Buffer.from(Int16Array.from({ length: 8000 }, (_, at) => at).buffer),
);

function playing() {
  const played = new PlayedSound({ codec: "l16", rateHz: 8000 }, 20);
  played.add(1, second);
  played.notice({ kind: "playbackStarted", utterance: 1, atMs: 1000 });
  return played;
}

test("what sounded up to a moment is found by the clock, with silence around it", () => {
  const played = playing();
  expect([...played.last(1010, 20)].slice(78, 84)).toEqual([0, 0, 0, 1, 2, 3]);
  expect(played.last(1500, 100)[0]).toBe(3200);
  expect(played.last(2010, 20).slice(80)).toEqual(new Int16Array(80));
});

test("it lies later by a pause that it went on from", () => {
  const played = playing();
  played.notice({ kind: "playbackResumed", utterance: 1, atMs: 1800, sentFrames: 25 });
  expect(played.last(1900, 100)[0]).toBe(4000);
});

test("streamed speech is put together from its pieces", () => {
  const played = new PlayedSound({ codec: "l16", rateHz: 8000 }, 20);
  played.notice({ kind: "playbackStarted", utterance: 7, atMs: 0 });
  for (let at = 0; at < 10; at += 1) played.add(7, second.subarray(at * 320, at * 320 + 320));
  expect(played.last(200, 200)).toEqual(Int16Array.from({ length: 1600 }, (_, at) => at));
});

test("what ended long ago is forgotten", () => {
  const played = playing();
  played.notice({
    kind: "playbackEnded",
    utterance: 1,
    atMs: 2000,
    heardMs: 1000,
    reason: "completed",
  });
  played.notice({ kind: "playbackStarted", utterance: 2, atMs: 9000 });
  expect(played.last(1500, 100).every((sample) => sample === 0)).toBe(true);
});
