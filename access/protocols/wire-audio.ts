/**
 * Audio of a carrier whose stream is coded otherwise than a leg is: Opus packets, or another codec
 * in one direction than in the other. Behind it both directions are one format.
 */
import { codecOf, formatKey, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { OpenOpus, OpusLine } from "../../codecs/audio/opus-line.js";
import { createResampler, type Resampler } from "../../codecs/audio/resampler.js";
import { isOpusFormat, type WireFormat } from "../../codecs/wire/json-stream.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";

/** Carriers may send packets of any length that Opus has. */
const packetStepMs = 10;

export class WireAudio {
  /** Of the leg. */
  readonly format: AudioFormat;
  readonly #inbound: Inbound | undefined;
  readonly #outbound: OpusLine | undefined;

  /**
   * @param inbound what the carrier sends
   * @param outbound what it takes
   * @throws {ProtocolError} `PROTOCOL_FORMAT` where there is no Opus here
   */
  constructor(inbound: WireFormat, outbound: WireFormat, openOpus: OpenOpus | undefined) {
    this.format = samplesOf(outbound);
    this.#outbound = isOpusFormat(outbound) ? opened(openOpus, this.format) : undefined;
    const isSame = !isOpusFormat(inbound) && formatKey(inbound) === formatKey(this.format);
    if (!isSame) this.#inbound = new Inbound(inbound, this.format, this.#outbound, openOpus);
  }

  /**
   * What the carrier sent, in the format of the leg; valid until the next call.
   *
   * @throws {ProtocolError} `PROTOCOL_PAYLOAD`
   */
  decode(payload: Uint8Array): Uint8Array {
    return this.#inbound === undefined ? payload : this.#inbound.decode(payload);
  }

  /** A frame of the leg as the carrier takes it; valid until the next call. */
  encode(frame: Uint8Array): Uint8Array {
    return this.#outbound === undefined ? frame : this.#outbound.encode(frame);
  }
}

/** The format of a leg for what is coded so on the wire. */
function samplesOf({ codec, rateHz }: WireFormat): AudioFormat {
  return { codec: codec === "opus" ? "l16" : codec, rateHz };
}

function opened(openOpus: OpenOpus | undefined, format: AudioFormat): OpusLine {
  const line = openOpus?.(format, packetStepMs);
  if (line !== undefined) return line;
  throw new ProtocolError("PROTOCOL_FORMAT", "the stream is in Opus, which is not to be had here");
}

/** Brings what comes in to another format. */
class Inbound {
  readonly #from: AudioFormat;
  readonly #to: AudioFormat;
  readonly #opus: OpusLine | undefined;
  /** Undefined where the rates are equal. */
  readonly #resampler: Resampler | undefined;

  constructor(
    wire: WireFormat,
    to: AudioFormat,
    outbound: OpusLine | undefined,
    openOpus: OpenOpus | undefined,
  ) {
    this.#from = samplesOf(wire);
    this.#to = to;
    const isSameRate = this.#from.rateHz === to.rateHz;
    if (isOpusFormat(wire)) {
      this.#opus = isSameRate && outbound !== undefined ? outbound : opened(openOpus, this.#from);
    }
    const rates = { fromHz: this.#from.rateHz, toHz: to.rateHz };
    this.#resampler = isSameRate ? undefined : createResampler(rates);
  }

  decode(payload: Uint8Array): Uint8Array {
    const bytes = this.#opus === undefined ? payload : this.#packet(this.#opus, payload);
    if (formatKey(this.#from) === formatKey(this.#to)) return bytes;
    const [from, to] = [codecOf(this.#from.codec), codecOf(this.#to.codec)];
    const count = Math.floor(bytes.length / from.bytesPerSample);
    const samples = new Int16Array(count);
    from.decode(bytes.subarray(0, count * from.bytesPerSample), samples);
    const heard = this.#resampler?.process(samples) ?? samples;
    const output = new Uint8Array(heard.length * to.bytesPerSample);
    to.encode(heard, output);
    return output;
  }

  #packet(opus: OpusLine, packet: Uint8Array): Uint8Array {
    try {
      return opus.decode(packet);
    } catch (cause) {
      const words = `media.payload has ${packet.length} bytes that are no Opus packet`;
      const detail = { payloadBytes: packet.length };
      throw new ProtocolError("PROTOCOL_PAYLOAD", words, detail, { cause });
    }
  }
}
