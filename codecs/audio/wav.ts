/**
 * WAV files (RIFF/WAVE), written as 16-bit PCM with the 44-byte header that every player
 * understands. The reader, which takes more, lies in `wav-reader.ts` and is passed on from here.
 */
import { encodeL16 } from "./l16.js";
import { wavUnwritable } from "./wav-error.js";
import {
  CHANNELS_MAX,
  FORMAT_PCM,
  RATE_HZ_MAX,
  UNKNOWN_SIZE,
  WAV_HEADER_BYTES,
  type WavAudio,
  type WavHeader,
} from "./wav-format.js";

export { WAV_HEADER_BYTES, type WavAudio, type WavHeader } from "./wav-format.js";
export { decodeWav } from "./wav-reader.js";

/** RIFF counts what follows its own size field: the header without the first 8 bytes. */
const RIFF_EXTRA_BYTES = WAV_HEADER_BYTES - 8;

/**
 * The first 44 bytes of a 16-bit PCM file.
 *
 * @throws {WavError} `WAV_UNWRITABLE` when a value does not fit into the format.
 */
export function encodeWavHeader(header: WavHeader): Uint8Array<ArrayBuffer> {
  const { channels, rateHz, dataBytes } = header;
  requireInteger("channels", channels, 1, CHANNELS_MAX);
  requireInteger("rateHz", rateHz, 1, RATE_HZ_MAX);
  const frameBytes = channels * 2;
  if (dataBytes !== undefined) {
    requireInteger("dataBytes", dataBytes, 0, UNKNOWN_SIZE - 1 - RIFF_EXTRA_BYTES);
    if (dataBytes % frameBytes !== 0) {
      throw wavUnwritable("dataBytes", dataBytes, `a multiple of ${frameBytes}`);
    }
  }
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  writeTag(bytes, 0, "RIFF");
  view.setUint32(4, dataBytes === undefined ? UNKNOWN_SIZE : dataBytes + RIFF_EXTRA_BYTES, true);
  writeTag(bytes, 8, "WAVE");
  writeTag(bytes, 12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  writeTag(bytes, 36, "data");
  view.setUint32(40, dataBytes ?? UNKNOWN_SIZE, true);
  return bytes;
}

/**
 * A whole 16-bit PCM file.
 *
 * @throws {WavError} `WAV_UNWRITABLE`, also when the samples are no whole frames of `channels`.
 */
export function encodeWav(audio: WavAudio): Uint8Array<ArrayBuffer> {
  const dataBytes = audio.samples.length * 2;
  const header = encodeWavHeader({ channels: audio.channels, rateHz: audio.rateHz, dataBytes });
  const bytes = new Uint8Array(WAV_HEADER_BYTES + dataBytes);
  bytes.set(header);
  encodeL16(audio.samples, bytes.subarray(WAV_HEADER_BYTES));
  return bytes;
}

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw wavUnwritable(name, value, `a whole number from ${min} to ${max}`);
}

function writeTag(bytes: Uint8Array, at: number, tag: string): void {
  for (let i = 0; i < 4; i += 1) bytes[at + i] = tag.charCodeAt(i);
}
