/**
 * One call across a fault, as its callee heard it: every frame at the moment at which it sounded,
 * and what was silent between them. Pure: frames with their times in, audio and lines out.
 */
import { decodeMulaw } from "../../codecs/audio/g711.js";
import { encodeWav } from "../../codecs/audio/wav.js";
import type { HeardFrame } from "../load/messages.js";

const rateHz = 8000;
const frameMs = 20;
/** Shorter than this nobody notices: it is part of the speech around it. */
const silenceMsMin = 40;

export type Timeline = {
  /** Mono. */
  readonly wav: Uint8Array<ArrayBuffer>;
  /** When the audio of the file begins: milliseconds before the fault. */
  readonly leadMs: number;
  /** Longest silence between two frames that sounded. */
  readonly longestSilenceMs: number;
  readonly lines: readonly string[];
};

/** A frame as it sounded: not before it was there, nor before the one ahead of it had ended. */
type Sounded = HeardFrame & { readonly atMs: number };

export function timelineOf(frames: readonly HeardFrame[], faultEpochMs: number): Timeline {
  const sounded: Sounded[] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
    const atMs = Math.max(endMs, frame.epochMs - faultEpochMs);
    endMs = atMs + frameMs;
    sounded.push({ ...frame, atMs });
  }
  const first = sounded[0]?.atMs ?? 0;
  const lines: string[] = [];
  let longestSilenceMs = 0;
  let isFaultTold = false;
  sounded.forEach((frame, index) => {
    const before = sounded[index - 1];
    if (before === undefined) return;
    if (!isFaultTold && frame.atMs >= 0) {
      isFaultTold = true;
      lines.push(line(0, "the fault"));
    }
    const silenceMs = frame.atMs - before.atMs - frameMs;
    longestSilenceMs = Math.max(longestSilenceMs, silenceMs);
    const isOther = frame.utterance !== before.utterance;
    if (silenceMs < silenceMsMin && !isOther) return;
    const what = isOther ? `utterance ${frame.utterance} begins` : "it goes on";
    lines.push(line(frame.atMs, `${what}, after ${Math.round(silenceMs)} ms of silence`));
  });
  return { wav: audioOf(sounded, first), leadMs: -first, longestSilenceMs, lines };
}

function line(atMs: number, what: string): string {
  return `${String(Math.round(atMs)).padStart(7)} ms  ${what}`;
}

function audioOf(sounded: readonly Sounded[], firstMs: number): Uint8Array<ArrayBuffer> {
  const endMs = (sounded.at(-1)?.atMs ?? firstMs - frameMs) + frameMs;
  const position = (atMs: number): number => Math.round(((atMs - firstMs) * rateHz) / 1000);
  const samples = new Int16Array(position(endMs));
  for (const { atMs, audio } of sounded) {
    const at = position(atMs);
    decodeMulaw(audio, samples.subarray(at, at + audio.length));
  }
  return encodeWav({ channels: 1, rateHz, samples });
}
