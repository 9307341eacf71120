/**
 * Opus (RFC 6716) by libopus, through `@evan/opus`: prebuilt, or WebAssembly where it is not.
 * Encoding costs 45–90 µs a frame, so nobody but the streams that agreed on it loads or runs it.
 */
import { createRequire } from "node:module";
import { frameBytes, type AudioFormat } from "./audio-codec.js";
import { AudioError } from "./audio-error.js";
import { decodeL16 } from "./l16.js";
import { OPUS_PACKET_MS_MAX, OPUS_RATES, type OpusLine, type OpusRate } from "./opus-line.js";
import { createResampler, type Resampler } from "./resampler.js";

/** The parts of the package that we use; its own types want another module system. */
type Package = {
  readonly Encoder: new (options: object) => {
    bitrate: number;
    complexity: number;
    signal: string;
    encode(pcm: Uint8Array): Uint8Array;
  };
  readonly Decoder: new (options: object) => { decode(packet: Uint8Array): Uint8Array };
};

/** Speech at these rates gains nothing that is heard by more, and costs twice the time. */
const complexity = 5;
const bytesMax = 1275;

let loaded: Package | undefined;

/** Opus for a stream of 16-bit samples; undefined for other codecs, which are small already. */
export function openOpus(format: AudioFormat, frameMs: number): OpusLine | undefined {
  if (format.codec !== "l16") return undefined;
  loaded ??= createRequire(import.meta.url)("@evan/opus") as Package;
  return new LibOpusLine(loaded, format, frameMs);
}

/** An encoder for sound of one rate, and what brings a stream's frames to that. */
type Encoding = {
  readonly encoder: InstanceType<Package["Encoder"]>;
  readonly audioRateHz: number;
  readonly resampler: Resampler | undefined;
};

class LibOpusLine implements OpusLine {
  readonly #package: Package;
  readonly #format: AudioFormat;
  readonly #decoder: InstanceType<Package["Decoder"]>;
  readonly #frameBytes: number;
  readonly #packetFramesMax: number;
  readonly #encodings: Encoding[] = [];
  #now: Encoding;

  constructor(opus: Package, format: AudioFormat, frameMs: number) {
    this.#package = opus;
    this.#format = format;
    this.#decoder = new opus.Decoder({ channels: 1, sample_rate: format.rateHz });
    this.#frameBytes = frameBytes(format, frameMs);
    this.#packetFramesMax = OPUS_PACKET_MS_MAX / frameMs;
    this.#now = this.#encodingFor(OPUS_RATES[0]!);
  }

  encode(frames: Uint8Array): Uint8Array {
    const { encoder, resampler } = this.#now;
    if (resampler === undefined) return encoder.encode(frames);
    const samples = new Int16Array(frames.length / 2);
    decodeL16(frames, samples);
    const { buffer, byteOffset, byteLength } = resampler.process(samples);
    return encoder.encode(new Uint8Array(buffer, byteOffset, byteLength));
  }

  decode(packet: Uint8Array): Uint8Array {
    const frames = packet.length > bytesMax ? undefined : this.#decoded(packet);
    const count = (frames?.length ?? 0) / this.#frameBytes;
    const isWhole = Number.isInteger(count) && count > 0 && count <= this.#packetFramesMax;
    if (frames !== undefined && isWhole) return frames;
    throw new AudioError(
      "OPUS_PACKET",
      `${packet.length} bytes are no Opus packet of whole frames, each ${this.#frameBytes} bytes ` +
        `of samples, ${OPUS_PACKET_MS_MAX} ms at most`,
      { packetBytes: packet.length, frameBytes: this.#frameBytes },
    );
  }

  setRate(rate: OpusRate): void {
    this.#now = this.#encodingFor(rate);
  }

  /** Sound of fewer samples has an encoder of its own: that is smaller, and half the work. */
  #encodingFor({ bitsPerSecond, audioRateHz }: OpusRate): Encoding {
    const toHz = Math.min(audioRateHz, this.#format.rateHz);
    const known = this.#encodings.find((one) => one.audioRateHz === toHz);
    const encoding = known ?? newEncoding(this.#package, this.#format.rateHz, toHz);
    if (known === undefined) this.#encodings.push(encoding);
    encoding.encoder.bitrate = bitsPerSecond;
    return encoding;
  }

  #decoded(packet: Uint8Array): Uint8Array | undefined {
    try {
      return this.#decoder.decode(packet);
    } catch {
      // libopus says no more than that it is invalid.
      return undefined;
    }
  }
}

function newEncoding({ Encoder }: Package, fromHz: number, audioRateHz: number): Encoding {
  const encoder = new Encoder({ channels: 1, sample_rate: audioRateHz, application: "voip" });
  encoder.signal = "voice";
  encoder.complexity = complexity;
  const isSame = fromHz === audioRateHz;
  const resampler = isSame ? undefined : createResampler({ fromHz, toHz: audioRateHz });
  return { encoder, audioRateHz, resampler };
}
