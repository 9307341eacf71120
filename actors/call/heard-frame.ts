/** A frame as it comes in: decoded, and cut for the VAD. */
import { codecOf, type AudioCodec } from "../../codecs/audio/audio-codec.js";
import type { Leg } from "./cast-ports.js";
import { SharedSamples } from "./shared-samples.js";

/** What the VAD judges at a time; less where the frames of a leg are shorter. */
const judgedMsMax = 20;

const decoded = new SharedSamples();

/** @returns samples that are valid until the next frame of any leg */
export function decodedFrame(codec: AudioCodec, payload: Uint8Array): Int16Array {
  const samples = decoded.of(payload.length / codec.bytesPerSample);
  codec.decode(payload, samples);
  return samples;
}

/** How much of a leg's audio the VAD is given at a time, in ms. */
export function judgedMs({ frameBytes, format: { codec, rateHz } }: Leg): number {
  const frameMs = (frameBytes * 1000) / (codecOf(codec).bytesPerSample * rateHz);
  return Math.min(judgedMsMax, frameMs);
}
