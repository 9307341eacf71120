/**
 * The audio codecs of the engine by name, and the arithmetic of frames. Channels are not part of a
 * format: one stream is one side of a call.
 */
import { AudioError } from "./audio-error.js";
import {
  ALAW_SILENCE,
  MULAW_SILENCE,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
} from "./g711.js";
import { decodeL16, encodeL16 } from "./l16.js";

/** The codecs there are: G.711 mu-law, G.711 A-law, 16-bit little-endian samples. */
export const CODEC_NAMES = ["pcmu", "pcma", "l16"] as const;
export type CodecName = (typeof CODEC_NAMES)[number];

/** The sample rates there are, in Hz. */
export const AUDIO_RATES_HZ = [8000, 16000, 24000, 48000] as const;
export type AudioRateHz = (typeof AUDIO_RATES_HZ)[number];

/** Rates of files and voices that calls never have: they can be resampled to ours. */
export const FOREIGN_RATES_HZ = [11025, 12000, 22050, 32000, 44100] as const;

/** How one side of a call is coded. Any codec may run at any of the rates. */
export type AudioFormat = { readonly codec: CodecName; readonly rateHz: AudioRateHz };

/** Converts without allocating: the caller passes the output, which may be longer than needed. */
export type AudioCodec = {
  readonly name: CodecName;
  readonly bytesPerSample: 1 | 2;
  /** The byte that, repeated, is silence. */
  readonly silence: number;
  /** Bytes → samples. @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL`, `L16_ODD_LENGTH` */
  decode(input: Uint8Array, output: Int16Array): void;
  /** Samples → bytes. @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` */
  encode(input: Int16Array, output: Uint8Array): void;
};

const codecs: Readonly<Record<CodecName, AudioCodec>> = {
  pcmu: {
    name: "pcmu",
    bytesPerSample: 1,
    silence: MULAW_SILENCE,
    decode: decodeMulaw,
    encode: encodeMulaw,
  },
  pcma: {
    name: "pcma",
    bytesPerSample: 1,
    silence: ALAW_SILENCE,
    decode: decodeAlaw,
    encode: encodeAlaw,
  },
  l16: { name: "l16", bytesPerSample: 2, silence: 0, decode: decodeL16, encode: encodeL16 },
};

/** Whether a value from outside names one of our codecs. */
export function isCodecName(value: unknown): value is CodecName {
  return (CODEC_NAMES as readonly unknown[]).includes(value);
}

/** Whether a value from outside is one of our sample rates, in Hz. */
export function isAudioRateHz(value: unknown): value is AudioRateHz {
  return (AUDIO_RATES_HZ as readonly unknown[]).includes(value);
}

/**
 * Makes a format of values from outside.
 *
 * @throws {AudioError} `UNKNOWN_CODEC` or `UNKNOWN_RATE`, naming what there is.
 */
export function audioFormat(codec: unknown, rateHz: unknown): AudioFormat {
  if (!isCodecName(codec)) throw unknownCodec(codec);
  if (!isAudioRateHz(rateHz)) {
    throw new AudioError(
      "UNKNOWN_RATE",
      `rateHz is ${shown(rateHz)}, one of ${AUDIO_RATES_HZ.join(", ")} is right`,
      { rateHz: shown(rateHz) },
    );
  }
  return { codec, rateHz };
}

/**
 * The codec of that name.
 *
 * @throws {AudioError} `UNKNOWN_CODEC` when a value slipped past the types.
 */
export function codecOf(name: CodecName): AudioCodec {
  if (!isCodecName(name)) throw unknownCodec(name);
  return codecs[name];
}

/** A format as one word, for keys of maps and for logs: `pcmu/8000`. */
export function formatKey(format: AudioFormat): string {
  return `${format.codec}/${format.rateHz}`;
}

/**
 * Samples in `frameMs` of one channel.
 *
 * @throws {AudioError} `FRAME_NOT_WHOLE` when that is not a positive whole number.
 */
export function frameSamples(rateHz: number, frameMs: number): number {
  const samples = (rateHz * frameMs) / 1000;
  if (Number.isInteger(samples) && samples > 0) return samples;
  throw new AudioError(
    "FRAME_NOT_WHOLE",
    `${frameMs} ms at ${rateHz} Hz are ${samples} samples, a whole number above 0 is right`,
    { rateHz, frameMs },
  );
}

/**
 * Bytes that `frameMs` take on the wire.
 *
 * @throws {AudioError} `FRAME_NOT_WHOLE`, `UNKNOWN_CODEC`
 */
export function frameBytes(format: AudioFormat, frameMs: number): number {
  return frameSamples(format.rateHz, frameMs) * codecOf(format.codec).bytesPerSample;
}

function unknownCodec(value: unknown): AudioError {
  return new AudioError(
    "UNKNOWN_CODEC",
    `codec is ${shown(value)}, one of ${CODEC_NAMES.join(", ")} is right`,
    { codec: shown(value) },
  );
}

/** A value from outside, short enough for a message. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 32));
  return typeof value === "number" ? String(value) : `of type ${typeof value}`;
}
