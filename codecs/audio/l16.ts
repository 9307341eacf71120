/**
 * L16 as our wire and files carry it: 16-bit signed samples, low byte first, whatever the order of
 * bytes in this machine. Where that is the same, they are copied as bytes, since a payload view
 * starts at any address.
 * (RFC 2586's `audio/L16` has the high byte first: that is another format.)
 */
import { AudioError, requireOutput } from "./audio-error.js";

const isLowByteFirst = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * 2n little-endian bytes → n samples; writes `output[0 .. n)`. `input` may start at any offset.
 *
 * @throws {AudioError} `L16_ODD_LENGTH`, or `AUDIO_BUFFER_TOO_SMALL` when `output` is below n.
 */
export function decodeL16(input: Uint8Array, output: Int16Array): void {
  if (input.length % 2 !== 0) {
    throw new AudioError(
      "L16_ODD_LENGTH",
      `decodeL16: ${input.length} bytes are no whole samples, an even number is`,
      { bytes: input.length },
    );
  }
  const samples = input.length / 2;
  requireOutput("decodeL16", output.length, samples);
  if (isLowByteFirst) {
    new Uint8Array(output.buffer, output.byteOffset, input.length).set(input);
    return;
  }
  for (let i = 0, at = 0; i < samples; i += 1, at += 2) {
    output[i] = input[at]! | (input[at + 1]! << 8);
  }
}

/**
 * n samples → 2n little-endian bytes; writes `output[0 .. 2n)`, which may start at any offset.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `output` is shorter than that.
 */
export function encodeL16(input: Int16Array, output: Uint8Array): void {
  requireOutput("encodeL16", output.length, input.length * 2);
  if (isLowByteFirst) {
    output.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
    return;
  }
  for (let i = 0, at = 0; i < input.length; i += 1, at += 2) {
    const sample = input[i]!;
    output[at] = sample;
    output[at + 1] = sample >> 8;
  }
}
