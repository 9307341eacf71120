/**
 * Opus for one stream, as its users see it: frames of 16-bit samples on one side, packets on the
 * other. `opus.ts` has the codec itself; a browser brings its own behind this.
 */
import type { AudioFormat } from "./audio-codec.js";

/** How much of the sound is sent. */
export type OpusRate = {
  readonly bitsPerSecond: number;
  /** Sample rate that the sound is good for: above half of it nothing is sent. */
  readonly audioRateHz: 8000 | 16000;
};

/** From the best to what gets through a bad link. */
export const OPUS_RATES: readonly OpusRate[] = [
  { bitsPerSecond: 20_000, audioRateHz: 16000 },
  { bitsPerSecond: 14_000, audioRateHz: 16000 },
  { bitsPerSecond: 9_000, audioRateHz: 8000 },
];

export interface OpusLine {
  /** @returns a packet, valid until the next call */
  encode(frame: Uint8Array): Uint8Array;
  /**
   * @returns the frame, valid until the next call
   * @throws {AudioError} `OPUS_PACKET` when it is no packet, or not of one frame's length
   */
  decode(packet: Uint8Array): Uint8Array;
  setRate(rate: OpusRate): void;
}

/** Opens Opus for a stream; undefined for formats it is not for (it wants `l16`), or without it. */
export type OpenOpus = (format: AudioFormat, frameMs: number) => OpusLine | undefined;
