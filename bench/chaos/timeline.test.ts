import { expect, test } from "vitest";
import { decodeWav } from "../../codecs/audio/wav.js";
import { timelineOf } from "./timeline.js";

const frame = (epochMs: number, utterance: number) => ({
  epochMs,
  utterance,
  audio: new Uint8Array(160).fill(0x10),
});

test("frames sound one after the other, and what is missing is silence in its place", () => {
  const faultMs = 1_000_000;
  const frames = [
    // The first two come at once, as the gateway's lead has it.
    frame(faultMs - 40, 7),
    frame(faultMs - 40, 7),
    frame(faultMs + 100, 7),
    frame(faultMs + 120, 8),
  ];
  const { wav, leadMs, longestSilenceMs, lines } = timelineOf(frames, faultMs);
  expect({ leadMs, longestSilenceMs }).toEqual({ leadMs: 40, longestSilenceMs: 100 });
  expect(lines).toEqual([
    "      0 ms  the fault",
    "    100 ms  it goes on, after 100 ms of silence",
    "    120 ms  utterance 8 begins, after 0 ms of silence",
  ]);
  const { samples } = decodeWav(wav);
  expect(samples).toHaveLength(180 * 8);
  expect(samples[39 * 8]).not.toBe(0);
  expect(samples.slice(40 * 8, 140 * 8).every((sample) => sample === 0)).toBe(true);
  expect(samples[141 * 8]).not.toBe(0);
});

test("who heard nothing has an empty file and no lines", () => {
  const { wav, lines } = timelineOf([], 0);
  expect(decodeWav(wav).samples).toHaveLength(0);
  expect(lines).toEqual([]);
});
