/** Our own voice through a telephone and a room, and somebody else's, from the embedded voices. */
import { expect, test } from "vitest";
import { createFlite } from "../tts/flite.js";
import { echoPieceMs, findEcho, lagMsMax, thinned } from "./echo.js";

const flite = await createFlite();

async function spoken(text: string, voice: string): Promise<Int16Array> {
  const { samples } = await flite.synthesize({ text, voice, language: "en" });
  return samples;
}

const rateHz = 16_000;
const perMs = rateHz / 1000;
const ours = await spoken("Please listen to all of the choices before you answer.", "slt");
const theirs = await spoken("I have been waiting for an hour, who is this?", "rms");

/** `lagMs` late, quieter, without bass, and with a reflection. */
function echoOf(samples: Int16Array, lagMs: number, gain: number): Int16Array {
  const lag = lagMs * perMs;
  return samples.map((_, at) => {
    const here = samples[at - lag] ?? 0;
    const before = samples[at - lag - 1] ?? 0;
    return gain * (here - 0.9 * before + 0.2 * (samples[at - lag - 50] ?? 0));
  });
}

/** The last piece of the line up to `atMs`, compared with what we played until then. */
function compared(line: Int16Array, atMs: number, lagMs?: number) {
  const cut = (from: Int16Array, ms: number) => {
    const piece = new Int16Array(ms * perMs);
    const start = (atMs - ms) * perMs;
    return piece.map((_, at) => from[start + at] ?? 0);
  };
  const heard = thinned(cut(line, echoPieceMs), rateHz);
  return findEcho(heard, thinned(cut(ours, echoPieceMs + lagMsMax), rateHz), lagMs);
}

test.each([60, 210, 400, 620])(
  "our own words %d ms late are known, and how late they are",
  (lag) => {
    for (const gain of [0.5, 0.1]) {
      const { likeness, lagMs } = compared(echoOf(ours, lag, gain), 1500);
      expect(likeness).toBeGreaterThan(0.5);
      expect(Math.abs(lagMs - lag)).toBeLessThan(8);
      expect(compared(echoOf(ours, lag, gain), 1900, lagMs).likeness).toBeGreaterThan(0.5);
    }
  },
);

test("somebody else's words are none of ours, also where ours come back beneath them", () => {
  for (const atMs of [900, 1200, 1500, 1800, 2100]) {
    expect(compared(theirs, atMs).likeness).toBeLessThan(0.42);
    const echo = echoOf(ours, 200, 0.1);
    const both = theirs.map((sample, at) => sample + (echo[at] ?? 0));
    expect(compared(both, atMs).likeness).toBeLessThan(0.45);
  }
});

test("silence is like nothing", () => {
  expect(compared(new Int16Array(ours.length), 1500).likeness).toBe(0);
});
