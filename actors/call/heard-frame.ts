/** A frame as it comes in: decoded, and cut for the VAD. */
import { codecOf, type AudioCodec } from "../../codecs/audio/audio-codec.js";
import type { Leg } from "./cast-ports.js";

/** What the VAD judges at a time; less where the frames of a leg are shorter. */
const judgedMsMax = 20;

/** A frame is decoded here, of whatever leg: memory that all share stays in the cache. */
let decoded = new Int16Array((8000 * judgedMsMax) / 1000);
const decodedByCount = new Map<number, Int16Array<ArrayBuffer>>();

/** @returns samples that are valid until the next frame of any leg */
export function decodedFrame(codec: AudioCodec, payload: Uint8Array): Int16Array {
  const count = payload.length / codec.bytesPerSample;
  if (decoded.length !== count) decoded = bufferOf(count);
  codec.decode(payload, decoded);
  return decoded;
}

/** How much of a leg's audio the VAD is given at a time, in ms. */
export function judgedMs({ frameBytes, format: { codec, rateHz } }: Leg): number {
  const frameMs = (frameBytes * 1000) / (codecOf(codec).bytesPerSample * rateHz);
  return Math.min(judgedMsMax, frameMs);
}

function bufferOf(count: number): Int16Array<ArrayBuffer> {
  const buffer = decodedByCount.get(count) ?? new Int16Array(count);
  decodedByCount.set(count, buffer);
  return buffer;
}
