/** A prompt in the frames of a leg: the last one is filled up with silence. */
import { codecOf, type AudioFormat } from "../../codecs/audio/audio-codec.js";

/** @returns `audio` itself where it is whole frames already */
export function wholeFrames(
  audio: Uint8Array,
  { format, frameBytes }: { readonly format: AudioFormat; readonly frameBytes: number },
): Uint8Array {
  const rest = audio.length % frameBytes;
  if (rest === 0) return audio;
  const whole = new Uint8Array(audio.length - rest + frameBytes);
  whole.fill(codecOf(format.codec).silence);
  whole.set(audio);
  return whole;
}
