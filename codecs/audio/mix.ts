/**
 * Mono ↔ interleaved channels. A stereo recording holds the caller left and us right, so that
 * either side can be judged alone afterwards.
 */
import type { AudioCodec } from "./audio-codec.js";
import { AudioError, requireOutput } from "./audio-error.js";

/**
 * Two mono channels → left, right, left, right …; writes and returns the count of samples written,
 * twice the longer input. The shorter side is followed by silence.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` does not hold them.
 */
export function interleaveStereo(left: Int16Array, right: Int16Array, output: Int16Array): number {
  const frames = Math.max(left.length, right.length);
  requireOutput("interleaveStereo", output.length, frames * 2);
  for (let i = 0, at = 0; i < frames; i += 1, at += 2) {
    output[at] = i < left.length ? left[i]! : 0;
    output[at + 1] = i < right.length ? right[i]! : 0;
  }
  return frames * 2;
}

/**
 * Two coded sides → interleaved samples, newly allocated: left, right, left, right …
 *
 * @param sides bytes of `sampleCount` samples each; a side that is undefined is silent
 */
export function decodeStereo(
  codec: AudioCodec,
  sides: { readonly left: Uint8Array | undefined; readonly right: Uint8Array | undefined },
  sampleCount: number,
): Int16Array {
  const decoded = [sides.left, sides.right].map((bytes) => {
    const samples = new Int16Array(sampleCount);
    if (bytes !== undefined) codec.decode(bytes, samples);
    return samples;
  });
  const output = new Int16Array(sampleCount * 2);
  interleaveStereo(decoded[0]!, decoded[1]!, output);
  return output;
}

/**
 * Two coded sides → interleaved bytes of the same codec, for codecs of one byte a sample.
 *
 * @param sides bytes of `sampleCount` samples each; a side that is undefined is silent
 * @param output takes them and is returned: `2 * sampleCount` bytes
 */
export function interleaveCoded(
  { silence }: Pick<AudioCodec, "silence">,
  sides: { readonly left: Uint8Array | undefined; readonly right: Uint8Array | undefined },
  sampleCount: number,
  output = new Uint8Array(sampleCount * 2),
): Uint8Array {
  const { left, right } = sides;
  if (left === undefined || right === undefined) output.fill(silence);
  if (left !== undefined) for (let i = 0; i < sampleCount; i += 1) output[2 * i] = left[i]!;
  if (right !== undefined) for (let i = 0; i < sampleCount; i += 1) output[2 * i + 1] = right[i]!;
  return output;
}

/**
 * One channel (counted from 0) of interleaved audio, as a new array.
 *
 * @throws {AudioError} `CHANNEL_MISSING` when there is no such channel, `FRAMES_NOT_WHOLE` when the
 *   samples do not divide by the channels.
 */
export function extractChannel(
  audio: { readonly channels: number; readonly samples: Int16Array },
  channel: number,
): Int16Array {
  const { channels, samples } = audio;
  if (!Number.isInteger(channel) || channel < 0 || channel >= channels) {
    throw new AudioError(
      "CHANNEL_MISSING",
      `channel ${channel} was asked for, 0 to ${channels - 1} are there`,
      { channel, channels },
    );
  }
  if (samples.length % channels !== 0) {
    throw new AudioError(
      "FRAMES_NOT_WHOLE",
      `${samples.length} samples do not divide by ${channels} channels`,
      { samples: samples.length, channels },
    );
  }
  const mono = new Int16Array(samples.length / channels);
  for (let i = 0, at = channel; i < mono.length; i += 1, at += channels) mono[i] = samples[at]!;
  return mono;
}
