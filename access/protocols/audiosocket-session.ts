/**
 * Asterisk's AudioSocket, the engine's end. The connection's first packet is a UUID, all that a
 * stream says of itself: it is the ticket of one call (`access/security/media-ticket.ts`).
 *
 * What we send sounds at once: there is no queue at the other end, so nothing to clear and no mark
 * to wait for, and frames must go when they are due. Asterisk may wait for audio before it sends
 * any, and an application of its gives up after two silent seconds, so silence is sent where we
 * have nothing to say.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/
 */
import type { Timer } from "../../base/ports.js";
import { frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import {
  audioSocketAudio,
  audioSocketHangup,
  readAudioSocket,
  type AudioSocketPacket,
} from "../../codecs/wire/audiosocket.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { ClockedMarks } from "./clocked-marks.js";
import type { MediaProtocol, MediaSession } from "./media-protocol.js";
import { frameMs, SingleStream, type SessionParts } from "./single-stream.js";

/** Half of what Asterisk's application waits. */
const silenceEveryMs = 1000;
/** From Asterisk to the ear. */
const earMs = 20;
/** Of the silence before the peer's own audio has told its rate. */
const firstFormat: AudioFormat = { codec: "l16", rateHz: 8000 };

/** The AudioSocket protocol for the gateway. Its connections are TCP: nobody upgrades to it. */
export function audioSocketProtocol(): MediaProtocol {
  return {
    name: "audiosocket",
    path: "/media/audiosocket",
    isTcp: true,
    leadMs: 0,
    marks: "played",
    canResume: false,
    open: (send, sink, close, peer) =>
      new AudioSocketSession({ link: { send, close }, sink, peer }),
  };
}

class AudioSocketSession implements MediaSession {
  readonly #parts: SessionParts;
  readonly #stream: SingleStream;
  readonly #marks: ClockedMarks;
  #ticket: string | undefined;
  #format: AudioFormat | undefined;
  #sentMs = 0;
  #silence: Timer | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#stream = new SingleStream(parts, "dropped");
    this.#marks = new ClockedMarks({
      peer: parts.peer,
      latencyMs: earMs,
      reached: (name) => this.#stream.markReturned(name),
    });
  }

  receive(message: Uint8Array | string): void {
    this.#stream.receive(message, this.#take);
  }

  /** It knows no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (!this.#stream.lets(payload, utterance)) return;
    this.#send(this.#format!, payload);
    this.#marks.sent(frameMs);
  }

  sendMark(_streamId: number, name: string): void {
    if (!this.#stream.isLive) return;
    this.#stream.addMark(name);
    this.#marks.add(name);
  }

  sendClear(_streamId: number, utterance: number): void {
    this.#stream.clear(utterance);
    this.#marks.clear();
  }

  hangup(_streamId: number, reason: string): void {
    this.#quiet();
    this.#stream.hangup(reason, audioSocketHangup());
  }

  closed(code?: number): void {
    this.#quiet();
    this.#stream.closed(code);
  }

  readonly #take = (message: Uint8Array | string): void => {
    if (typeof message === "string") {
      throw new ProtocolError("PROTOCOL_MESSAGE_KIND", "message is text, a packet is right");
    }
    const packet = readAudioSocket(message);
    if (packet.kind === "id") return this.#identified(packet.uuid);
    if (this.#ticket === undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", `${packet.kind} came before id, id is right`);
    }
    this.#packet(packet);
  };

  #packet(packet: AudioSocketPacket): void {
    switch (packet.kind) {
      case "audio":
        return this.#audio(packet);
      case "dtmf":
        this.#stream.mustHaveStarted("dtmf");
        return this.#stream.key(packet.digit);
      case "hangup":
        this.#quiet();
        return this.#stream.end("hangup");
      case "error":
        this.#quiet();
        return this.#stream.end("connectionLost");
      case "id":
        return;
    }
  }

  #identified(uuid: string): void {
    if (this.#ticket !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "id came twice, once is right");
    }
    this.#ticket = uuid;
    this.#keepAlive();
  }

  /** The first audio tells the rate, and so starts the stream. */
  #audio({ format, payload }: Extract<AudioSocketPacket, { kind: "audio" }>): void {
    if (this.#format === undefined) {
      this.#format = format;
      this.#stream.start({ format, parameters: {}, peerIds: {}, ticket: this.#ticket! });
    } else if (format.rateHz !== this.#format.rateHz) {
      throw new ProtocolError(
        "PROTOCOL_FORMAT",
        `audio is at ${format.rateHz} Hz, ${this.#format.rateHz} as before is right`,
      );
    }
    this.#stream.audio(new Uint8Array(payload.buffer, payload.byteOffset, payload.length));
  }

  /** A frame of silence wherever nothing was said for a while. */
  #keepAlive(): void {
    const { peer } = this.#parts;
    if (peer.nowMs() - this.#sentMs >= silenceEveryMs || this.#sentMs === 0) {
      const format = this.#format ?? firstFormat;
      this.#send(format, new Uint8Array(frameBytes(format, frameMs)));
    }
    this.#silence = peer.after(silenceEveryMs, () => this.#keepAlive());
  }

  #quiet(): void {
    this.#silence?.cancel();
    this.#marks.clear();
  }

  #send(format: AudioFormat, payload: Uint8Array): void {
    this.#sentMs = this.#parts.peer.nowMs();
    this.#parts.link.send(audioSocketAudio(format, payload));
  }
}
