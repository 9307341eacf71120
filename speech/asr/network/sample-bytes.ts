/** Samples as vendors want them on the wire. What is returned is sent at once: it may be a view. */
import { encodeMulaw } from "../../../codecs/audio/g711.js";

/** 16-bit little-endian, without a copy: n samples → 2n bytes. */
export function pcmBytes({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** 32-bit little-endian floats in [-1, 1): n samples → 4n bytes. */
export function floatBytes(samples: Int16Array): Uint8Array {
  const floats = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) floats[i] = samples[i]! / 32_768;
  return new Uint8Array(floats.buffer);
}

/** G.711 mu-law: n samples → n bytes. */
export function mulawBytes(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodeMulaw(samples, bytes);
  return bytes;
}
