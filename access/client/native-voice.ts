/**
 * What a native client sends of its speech: frames as they are, or Opus packets at the rate that
 * the engine last asked for. One for each connection, since both codecs begin anew on the next.
 */
import type { OpenOpus, OpusPacketMs, OpusRate } from "../../codecs/audio/opus-line.js";
import type { NativeChannel, NativeStream } from "../../codecs/wire/native-channel.js";
import { OpusPacker } from "../protocols/opus-packer.js";
import type { ClientTime } from "./media-client.js";

export class NativeVoice {
  readonly #channel: NativeChannel;
  readonly #stream: NativeStream;
  readonly #packetMs: number;
  #packer: OpusPacker | undefined;

  constructor(channel: NativeChannel, stream: NativeStream, packetMs: OpusPacketMs | undefined) {
    this.#channel = channel;
    this.#stream = stream;
    this.#packetMs = Math.max(packetMs ?? 0, stream.format.frameMs);
  }

  /** Both ends have agreed on Opus. */
  useOpus(openOpus: OpenOpus | undefined, time: ClientTime): void {
    const stream = this.#stream;
    const { format } = stream;
    const line = openOpus?.(format, format.frameMs);
    stream.opus = line;
    if (line === undefined) return;
    const send = (packet: Uint8Array, utterance: number, samples: number): void =>
      this.#channel.sendAudio(stream, packet, utterance, samples, true);
    this.#packer = new OpusPacker({ ...stream, line, frameMs: format.frameMs, time, send });
    this.#packer.packetMs = this.#packetMs;
  }

  /** The engine asks for more or less. */
  setRate(rate: OpusRate): void {
    this.#stream.opus?.setRate(rate);
    if (this.#packer !== undefined) {
      this.#packer.packetMs = Math.max(this.#packetMs, rate.packetMs);
    }
  }

  send(frame: Uint8Array, samples: number): void {
    this.#stream.outSamples = samples + this.#stream.frameSamples;
    if (this.#packer !== undefined) return this.#packer.add(frame, 0, samples);
    this.#channel.sendAudio(this.#stream, frame, 0, samples);
  }

  /** Sends what waits for more: something else comes behind it. */
  flush(): void {
    this.#packer?.flush();
  }

  /** The connection is gone, or the call. */
  close(): void {
    this.#packer?.close();
  }
}
