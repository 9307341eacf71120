/**
 * When an interruption is one: how many frames of a clip the VAD and the turn detector hear until
 * they call it so. The engine's own parts are asked, in media time, so that the wait for speech to
 * last is not taken for latency.
 */
import { decodeMulaw } from "../../codecs/audio/g711.js";
import { createTurnDetector } from "../../speech/turn/turn-detector.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { Clip } from "../load/messages.js";

const frameMs = 20;
const frameSamples = 160;
/** Silences before the clip, in frames: as a call has them. */
const silences = [60, 90, 120, 75, 150, 101];

/** @throws {Error} when the clip is no interruption, or not after the same frame each time */
export async function triggerFramesOf(silence: Clip, clip: Clip): Promise<number> {
  const vad = (await loadVad()).create({ rateHz: 8000 });
  let isConfirmed: boolean;
  const ignore = (): void => undefined;
  const detector = createTurnDetector({
    sink: {
      speechStarted: ignore,
      bargeInRejected: ignore,
      turnEnded: ignore,
      turnReopened: ignore,
      bargeInConfirmed: () => void (isConfirmed = true),
    },
  });
  const hear = (from: Clip, index: number): void => {
    const at = (index * frameSamples) % from.audio.length;
    const samples = new Int16Array(frameSamples);
    decodeMulaw(from.audio.subarray(at, at + frameSamples), samples);
    detector.frame(vad.isSpeech(samples), frameMs);
  };
  const found: number[] = [];
  for (const silenceFrames of silences) {
    detector.playback({ isPlaying: true, isInterruptible: true });
    for (let index = 0; index < silenceFrames; index += 1) hear(silence, index);
    isConfirmed = false;
    let frames = 0;
    while (!isConfirmed && frames < clip.audio.length / frameSamples) hear(clip, frames++);
    if (!isConfirmed) throw new Error("the clip is no interruption: a longer, louder one is right");
    found.push(frames);
    detector.playback({ isPlaying: false, isInterruptible: true });
    while (frames < clip.audio.length / frameSamples) hear(clip, frames++);
  }
  vad.close();
  if (new Set(found).size > 1) {
    throw new Error(`the clip interrupts after ${found.join(", ")} frames; the same is right`);
  }
  return found[0]!;
}
