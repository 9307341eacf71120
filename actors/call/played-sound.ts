/**
 * What of ours has just sounded, by the clock: kept as the bytes that were sent, and decoded only
 * when somebody seems to talk over it. A prompt costs nothing but a reference.
 */
import { codecOf, type AudioCodec, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { PlaybackNotice } from "./messages.js";

type Played = {
  readonly utterance: number;
  readonly parts: Uint8Array[];
  /** When its first sample sounded, or would have without the pauses since. */
  startMs: number | undefined;
  endMs: number | undefined;
};

/** An echo of something older is none any more. */
const keptMs = 1500;

export class PlayedSound {
  readonly #codec: AudioCodec;
  readonly rateHz: number;
  readonly #frameMs: number;
  #played: Played[] = [];

  constructor(format: AudioFormat, frameMs: number) {
    this.#codec = codecOf(format.codec);
    this.rateHz = format.rateHz;
    this.#frameMs = frameMs;
  }

  /** An utterance consists of this, or of this besides; the bytes never change again. */
  add(utterance: number, audio: Uint8Array): void {
    this.#of(utterance).parts.push(audio);
  }

  /** What the gateway says of it. */
  notice(notice: PlaybackNotice): void {
    const { kind, utterance } = notice;
    if (kind === "playbackStarted") this.#started(utterance, notice.atMs);
    else if (kind === "playbackResumed") {
      this.#of(utterance).startMs = notice.atMs - notice.sentFrames * this.#frameMs;
    } else if (kind === "playbackEnded") this.#ended(utterance, notice.atMs);
  }

  #started(utterance: number, atMs: number): void {
    this.#of(utterance).startMs = atMs;
    this.#played = this.#played.filter(({ endMs }) => endMs === undefined || endMs > atMs - keptMs);
  }

  #ended(utterance: number, atMs: number): void {
    const one = this.#of(utterance);
    one.endMs = atMs;
    if (one.startMs === undefined) this.#played = this.#played.filter((each) => each !== one);
  }

  /** What sounded up to `nowMs`; silence where nothing is known. */
  last(nowMs: number, durationMs: number): Int16Array {
    const perMs = this.rateHz / 1000;
    const out = new Int16Array(durationMs * perMs);
    for (const one of this.#played) {
      if (one.startMs === undefined) continue;
      const offset = Math.round((one.startMs - (nowMs - durationMs)) * perMs);
      this.#write(one.parts, out, offset);
    }
    return out;
  }

  /** Writes what of the parts falls into `out`, when the first sample lies at `offset`. */
  #write(parts: readonly Uint8Array[], out: Int16Array, offset: number): void {
    const { bytesPerSample } = this.#codec;
    let at = offset;
    for (const part of parts) {
      const count = part.length / bytesPerSample;
      const from = Math.max(0, -at);
      const to = Math.min(count, out.length - at);
      if (to > from) {
        const bytes = part.subarray(from * bytesPerSample, to * bytesPerSample);
        this.#codec.decode(bytes, out.subarray(at + from, at + to));
      }
      at += count;
      if (at >= out.length) return;
    }
  }

  #of(utterance: number): Played {
    const known = this.#played.find((one) => one.utterance === utterance);
    if (known !== undefined) return known;
    const one = { utterance, parts: [], startMs: undefined, endMs: undefined };
    this.#played.push(one);
    return one;
  }
}
