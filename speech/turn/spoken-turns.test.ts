/**
 * VAD and turn detector together, on speech of the embedded synthesizer: a call is laid out as
 * utterances at known times on a line with a little noise, and every turn must be found there.
 */
import { describe, expect, it } from "vitest";
import { createFlite } from "../tts/flite.js";
import { loadVad } from "../vad/fvad.js";
import type { VadRateHz } from "../vad/vad.js";
import { createTurnDetector } from "./turn-detector.js";

const frameMs = 20;
const sourceHz = 16_000;
const flite = await createFlite();
const vads = await loadVad();

/** Samples of an utterance, without the silence the synthesizer leaves at its edges. */
async function speech(text: string, voice: string): Promise<Int16Array> {
  const { samples, rateHz } = await flite.synthesize({ text, voice, language: "en" });
  expect(rateHz).toBe(sourceHz);
  const isLoud = (sample: number) => Math.abs(sample) > 300;
  return samples.slice(samples.findIndex(isLoud), samples.findLastIndex(isLoud) + 1);
}

type Utterance = { atMs: number; text: string; voice?: string };
type Span = { onsetMs: number; endMs: number };

/** Lays out a call; returns its samples at 16 kHz and where each utterance truly lies. */
async function layOut(utterances: readonly Utterance[], noisePeak: number) {
  const parts = await Promise.all(
    utterances.map(async ({ atMs, text, voice = "slt" }) => ({
      atMs,
      samples: await speech(text, voice),
    })),
  );
  const truth: Span[] = parts.map(({ atMs, samples }) => ({
    onsetMs: atMs,
    endMs: atMs + samples.length / 16,
  }));
  let state = 1;
  const line = new Int16Array((truth.at(-1)!.endMs + 1500) * 16).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return noisePeak * (state / 2 ** 31 - 1);
  });
  for (const { atMs, samples } of parts) {
    samples.forEach((sample, index) => (line[atMs * 16 + index]! += sample));
  }
  return { line, truth };
}

/** Half the rate by the mean of neighbours: crude, and good enough for a detector of voices. */
function halved(samples: Int16Array): Int16Array {
  return Int16Array.from({ length: samples.length >> 1 }, (_, index) => {
    return (samples[2 * index]! + samples[2 * index + 1]!) >> 1;
  });
}

function turnsOf(samples: Int16Array, rateHz: VadRateHz, whilePlaying = false) {
  const turns: Span[] = [];
  const suspectedAtMs: number[] = [];
  const confirmedAtMs: number[] = [];
  const detector = createTurnDetector({
    sink: {
      speechStarted: (event) => turns.push({ onsetMs: event.onsetMs, endMs: -1 }),
      turnEnded: (event) => (turns.at(-1)!.endMs = event.speechEndMs),
      bargeInSuspected: () => void suspectedAtMs.push(detector.nowMs),
      bargeInConfirmed: (event) => confirmedAtMs.push(event.atMs),
      bargeInRejected: () => void turns.pop(),
      turnReopened: () => undefined,
    },
  });
  detector.playback({ isPlaying: whilePlaying, isInterruptible: true });
  const vad = vads.create({ rateHz });
  const step = (rateHz * frameMs) / 1000;
  for (let at = 0; at + step <= samples.length; at += step) {
    detector.frame(vad.isSpeech(samples.subarray(at, at + step)), frameMs);
  }
  vad.close();
  return { turns, suspectedAtMs, confirmedAtMs };
}

const answers: readonly Utterance[] = [
  { atMs: 1000, text: "yes" },
  { atMs: 3500, text: "no", voice: "rms" },
  { atMs: 6000, text: "yes please", voice: "awb" },
  { atMs: 9000, text: "I would like to cancel the appointment" },
  { atMs: 14_000, text: "four seven one one", voice: "rms" },
];

describe.each([
  ["a clean line", 2],
  ["a noisy line", 120],
])("on %s", (_, noisePeak) => {
  it.each([16_000, 8000] as const)("finds every spoken turn at %d Hz, and no other", async (hz) => {
    const { line, truth } = await layOut(answers, noisePeak);
    const { turns } = turnsOf(hz === 8000 ? halved(line) : line, hz);
    expect(turns).toHaveLength(truth.length);
    turns.forEach((turn, index) => {
      const { onsetMs, endMs } = truth[index]!;
      // A soft first or last consonant may be missed; the pre-roll gives the recogniser the first.
      expect(Math.abs(turn.onsetMs - onsetMs)).toBeLessThanOrEqual(120);
      expect(turn.endMs - endMs).toBeLessThanOrEqual(60);
      expect(turn.endMs - endMs).toBeGreaterThanOrEqual(-160);
    });
  });
  it("waits for whoever speaks within 350 ms of their onset, and believes them", async () => {
    const { line } = await layOut([{ atMs: 2000, text: "stop calling me" }], noisePeak);
    const { turns, suspectedAtMs, confirmedAtMs } = turnsOf(line, sourceHz, true);
    expect(turns).toHaveLength(1);
    expect(confirmedAtMs).toHaveLength(1);
    expect(suspectedAtMs[0]! - turns[0]!.onsetMs).toBeLessThanOrEqual(350);
  });
});
