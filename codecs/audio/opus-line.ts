/**
 * Opus for one stream, as its users see it: frames of 16-bit samples on one side, packets of one
 * or several on the other. `opus.ts` has the codec itself; a browser brings its own behind this.
 */
import type { AudioFormat } from "./audio-codec.js";

/** How much of the sound is sent. */
export type OpusRate = {
  readonly bitsPerSecond: number;
  /** Sample rate that the sound is good for: above half of it nothing is sent. */
  readonly audioRateHz: 8000 | 16000;
  /** Sound in one packet: of little sound the headers are most of what is sent. */
  readonly packetMs: OpusPacketMs;
};

/** Lengths of packets that Opus has (RFC 6716 section 2.1.4) and that we send, ascending. */
export const OPUS_PACKET_MS = [10, 20, 40, 60] as const;
export type OpusPacketMs = (typeof OPUS_PACKET_MS)[number];
export const OPUS_PACKET_MS_MAX = 60;
/** Sample rates of the sound in our packets. */
export const OPUS_AUDIO_RATES_HZ = [8000, 16000] as const;

/** From the best to what gets through a bad link. */
export const OPUS_RATES: readonly OpusRate[] = [
  { bitsPerSecond: 20_000, audioRateHz: 16000, packetMs: 20 },
  { bitsPerSecond: 14_000, audioRateHz: 16000, packetMs: 40 },
  { bitsPerSecond: 9_000, audioRateHz: 8000, packetMs: 60 },
];

export interface OpusLine {
  /**
   * @param frames one or several, as long together as a packet may be
   * @returns a packet, valid until the next call
   */
  encode(frames: Uint8Array): Uint8Array;
  /**
   * @returns its frames, one or several, valid until the next call
   * @throws {AudioError} `OPUS_PACKET` when it is no packet, or not of whole frames up to 60 ms
   */
  decode(packet: Uint8Array): Uint8Array;
  setRate(rate: OpusRate): void;
}

/** Opens Opus for a stream; undefined for formats it is not for (it wants `l16`), or without it. */
export type OpenOpus = (format: AudioFormat, frameMs: number) => OpusLine | undefined;
