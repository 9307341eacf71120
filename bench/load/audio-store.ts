/**
 * All audio of a run, as it goes over the wire: prepared once, then addressed by frame number. For
 * native lines it is masked already; for Twilio it is base64, one text per frame.
 */
import { Buffer } from "node:buffer";
import { masked } from "./client-frames.js";
import type { Clip, LineKind } from "./messages.js";

/** 20 ms of μ-law at 8 kHz. */
export const FRAME_BYTES = 160;
/** The same in base64, with its padding. */
export const BASE64_BYTES = 216;

/** Frames `first` to `first + count - 1` of the store. */
export type StoredClip = { readonly name: string; readonly first: number; readonly count: number };

export class AudioStore {
  /** One frame after the other. */
  readonly bytes: Uint8Array;
  /** Bytes from one frame to the next. */
  readonly stride: number;
  readonly clips: readonly StoredClip[];

  /** @throws {Error} when a clip is not whole frames, or there is none */
  constructor(clips: readonly Clip[], line: LineKind) {
    this.stride = line === "twilio" ? BASE64_BYTES : FRAME_BYTES;
    const stored: StoredClip[] = [];
    let first = 0;
    for (const { name, audio } of clips) {
      const count = audio.length / FRAME_BYTES;
      if (!Number.isInteger(count) || count === 0) {
        throw new Error(`clip ${name} has ${audio.length} bytes; whole frames of 160 are right`);
      }
      stored.push({ name, first, count });
      first += count;
    }
    if (stored.length === 0) throw new Error("no clips: at least one, what silence sounds like");
    this.clips = stored;
    this.bytes = new Uint8Array(first * this.stride);
    clips.forEach(({ audio }, index) => this.#put(audio, stored[index]!.first, line));
  }

  #put(audio: Uint8Array, first: number, line: LineKind): void {
    if (line !== "twilio") return this.bytes.set(masked(audio), first * this.stride);
    for (let at = 0; at < audio.length; at += FRAME_BYTES) {
      const text = Buffer.from(audio.subarray(at, at + FRAME_BYTES)).toString("base64");
      const place = (first + at / FRAME_BYTES) * this.stride;
      this.bytes.set(Buffer.from(text, "latin1"), place);
    }
  }
}
