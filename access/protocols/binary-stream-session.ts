/**
 * A media stream of binary audio and control in text, the engine's end: one stream per connection,
 * whoever the peer is. What differs between peers is in their dialects.
 *
 * The audio carries no time: a pause is seen by the clock. Peers queue what we send and play one
 * frame every 20 ms; a clear drops their queue with the marks in it.
 */
import type { BinaryStreamMessage, BinaryStreamWriter } from "../../codecs/wire/binary-stream.js";
import type { MediaProtocol, MediaSession } from "./media-protocol.js";
import { SingleStream, type SessionParts } from "./single-stream.js";

/** Audio that comes later than this behind the one before was not sent meanwhile. */
const pauseMsMin = 200;

/** How one peer speaks. */
export type BinaryDialect = {
  readonly name: string;
  readonly path: string;
  /** WebSocket subprotocol that it offers. */
  readonly subprotocol?: string;
  /** @throws {ProtocolError} */
  readonly parse: (text: string) => BinaryStreamMessage;
};

/** The protocol of such a peer for the gateway. */
export function binaryStreamProtocol(dialect: BinaryDialect): MediaProtocol {
  const { name, path, subprotocol } = dialect;
  return {
    name,
    path,
    ...(subprotocol === undefined ? {} : { subprotocol }),
    marks: "played",
    canResume: false,
    open: (send, sink, close, peer) =>
      new BinaryStreamSession(dialect, { link: { send, close }, sink, peer }),
  };
}

class BinaryStreamSession implements MediaSession {
  readonly #dialect: BinaryDialect;
  readonly #parts: SessionParts;
  readonly #stream: SingleStream;
  #writer: BinaryStreamWriter | undefined;
  /** The peer's queue is full: what we have is late already. */
  #isChoked = false;
  #lastAudioMs: number | undefined;

  constructor(dialect: BinaryDialect, parts: SessionParts) {
    this.#dialect = dialect;
    this.#parts = parts;
    this.#stream = new SingleStream(parts, "dropped");
  }

  receive(message: Uint8Array | string): void {
    this.#stream.receive(message, this.#take);
  }

  /** These peers have no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (this.#isChoked || !this.#stream.lets(payload, utterance)) return;
    this.#parts.link.send(new Uint8Array(payload));
  }

  sendMark(_streamId: number, name: string): void {
    if (!this.#stream.isLive) return;
    this.#stream.addMark(name);
    this.#parts.link.send(this.#writer!.mark(name));
  }

  sendClear(_streamId: number, utterance: number): void {
    if (!this.#stream.isLive) return;
    this.#stream.clear(utterance);
    this.#isChoked = false;
    for (const command of this.#writer!.clear()) this.#parts.link.send(command);
  }

  hangup(_streamId: number, reason: string): void {
    this.#stream.hangup(reason, this.#writer?.hangup?.());
  }

  closed(code?: number): void {
    this.#stream.closed(code);
  }

  readonly #take = (message: Uint8Array | string): void => {
    if (typeof message === "string") this.#event(this.#dialect.parse(message));
    else this.#audio(message);
  };

  #event(message: BinaryStreamMessage): void {
    if (message.event === "ignored") return;
    if (message.event === "start") {
      this.#writer ??= message.writer;
      return this.#stream.start(message);
    }
    this.#stream.mustHaveStarted(message.event);
    switch (message.event) {
      case "full":
        this.#isChoked = true;
        return;
      case "room":
        this.#isChoked = false;
        return;
      case "mark":
        return this.#stream.markReturned(message.name, message.isPlayed);
      case "dtmf":
        return this.#stream.key(message.digit);
    }
  }

  /** What comes before the start has no format yet: it is dropped. */
  #audio(message: Uint8Array): void {
    this.#followClock(message.length);
    // A plain view: a driver's message may be a `Buffer`, whose `slice` does not copy.
    this.#stream.audio(new Uint8Array(message.buffer, message.byteOffset, message.length));
  }

  /** Moves media time over a pause: peers pass on what the callee's phone sends, no more. */
  #followClock(payloadBytes: number): void {
    const nowMs = this.#parts.peer.nowMs();
    const lastMs = this.#lastAudioMs ?? nowMs;
    this.#lastAudioMs = nowMs;
    const pauseMs = nowMs - lastMs - this.#stream.lengthMs(payloadBytes);
    if (pauseMs >= pauseMsMin) this.#stream.skip(pauseMs);
  }
}
