/**
 * A media stream of binary audio and control in text, the engine's end: one stream per connection,
 * whoever the peer is. What differs between peers is in their dialects.
 *
 * The audio carries no time: a pause is seen by the clock. Peers queue what we send and play one
 * frame every 20 ms; a clear drops their queue with the marks in it.
 */
import { assert } from "../../base/assert.js";
import { frameBytes, frameSamples } from "../../codecs/audio/audio-codec.js";
import type {
  BinaryStreamMessage,
  BinaryStreamStart,
  BinaryStreamWriter,
} from "../../codecs/wire/binary-stream.js";
import { isProtocolError, ProtocolError } from "../../codecs/wire/protocol-error.js";
import { FrameCutter } from "./frame-cutter.js";
import type {
  MediaLink,
  MediaPeer,
  MediaProtocol,
  MediaSession,
  MediaSink,
} from "./media-protocol.js";
import { PendingMarks } from "./pending-marks.js";

const frameMs = 20;
/** A connection carries one stream. */
const streamId = 1;
/** Audio that comes later than this behind the one before was not sent meanwhile. */
const gapMsMin = 200;

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
      new BinaryStreamSession({ dialect, link: { send, close }, sink, peer }),
  };
}

/** What begins with the peer's start. */
type Stream = {
  readonly writer: BinaryStreamWriter;
  readonly cutter: FrameCutter;
  readonly frameBytes: number;
  readonly frameSamples: number;
};

class BinaryStreamSession implements MediaSession {
  readonly #dialect: BinaryDialect;
  readonly #link: MediaLink;
  readonly #sink: MediaSink;
  readonly #peer: MediaPeer;
  readonly #marks = new PendingMarks();
  #stream: Stream | undefined;
  #isOver = false;
  #isBroken = false;
  /** The peer's queue is full: what we have is late already. */
  #isChoked = false;
  #clearedUtterance = 0;
  /** Media time of the next frame. */
  #samples = 0;
  #lastAudioMs: number | undefined;

  constructor(options: {
    readonly dialect: BinaryDialect;
    readonly link: MediaLink;
    readonly sink: MediaSink;
    readonly peer: MediaPeer;
  }) {
    this.#dialect = options.dialect;
    this.#link = options.link;
    this.#sink = options.sink;
    this.#peer = options.peer;
  }

  receive(message: Uint8Array | string): void {
    if (this.#isOver || this.#isBroken) return;
    try {
      if (typeof message === "string") this.#event(this.#dialect.parse(message));
      else this.#audio(message);
    } catch (error) {
      this.#isBroken = isProtocolError(error);
      throw error;
    }
  }

  /** These peers have no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    const stream = this.#open();
    if (stream === undefined || this.#isChoked) return;
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return;
    assert(payload.length === stream.frameBytes, "a frame has its stream's length", {
      payloadBytes: payload.length,
      frameBytes: stream.frameBytes,
    });
    this.#link.send(new Uint8Array(payload));
  }

  sendMark(_streamId: number, name: string): void {
    const stream = this.#open();
    if (stream === undefined) return;
    this.#marks.add(name);
    this.#link.send(stream.writer.mark(name));
  }

  sendClear(_streamId: number, utterance: number): void {
    const stream = this.#open();
    if (stream === undefined) return;
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    this.#marks.dropAll();
    this.#isChoked = false;
    for (const command of stream.writer.clear()) this.#link.send(command);
  }

  hangup(_streamId: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const goodbye = this.#stream?.writer.hangup?.();
    if (goodbye !== undefined) this.#link.send(goodbye);
    this.#link.close(1000, reason);
  }

  closed(code = 1006): void {
    if (this.#isBroken) return this.#end("protocolError");
    this.#end(code === 1006 ? "connectionLost" : "hangup");
  }

  #open(): Stream | undefined {
    return this.#isOver ? undefined : this.#stream;
  }

  #event(message: BinaryStreamMessage): void {
    if (message.event === "ignored") return;
    if (message.event === "start") return this.#start(message);
    if (this.#stream === undefined) {
      const words = `${message.event} came before the stream started, its start first is right`;
      throw new ProtocolError("PROTOCOL_ORDER", words);
    }
    switch (message.event) {
      case "full":
        this.#isChoked = true;
        return;
      case "room":
        this.#isChoked = false;
        return;
      case "mark":
        return this.#markReturned(message.name, message.isPlayed);
      case "dtmf":
        return this.#sink.dtmf(streamId, message.digit);
    }
  }

  #start({ format, writer, parameters, peerIds }: BinaryStreamStart): void {
    if (this.#stream !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "the stream's start came twice, once is right");
    }
    const bytes = frameBytes(format, frameMs);
    this.#stream = {
      writer,
      cutter: new FrameCutter(bytes),
      frameBytes: bytes,
      frameSamples: frameSamples(format.rateHz, frameMs),
    };
    const fromUrl = Object.fromEntries(new URLSearchParams(this.#peer.query));
    const { callId, token, ...rest } = { ...fromUrl, ...parameters };
    this.#sink.started({
      streamId,
      format,
      frameMs,
      ...(callId === undefined ? {} : { callId }),
      ...(token === undefined ? {} : { token }),
      parameters: rest,
      peerIds,
    });
  }

  /** What comes before the start has no format yet: it is dropped. */
  #audio(message: Uint8Array): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#followClock(stream, message.length);
    // A plain view: a driver's message may be a `Buffer`, whose `slice` does not copy.
    const payload = new Uint8Array(message.buffer, message.byteOffset, message.length);
    stream.cutter.cut(payload, (frame) => {
      if (this.#isOver) return;
      const samples = this.#samples;
      this.#samples += stream.frameSamples;
      this.#sink.frame(streamId, frame, samples);
    });
  }

  /** Moves media time over a pause: peers pass on what the callee's phone sends, no more. */
  #followClock(stream: Stream, bytes: number): void {
    const nowMs = this.#peer.nowMs();
    const lastMs = this.#lastAudioMs ?? nowMs;
    this.#lastAudioMs = nowMs;
    const audioMs = (bytes / stream.frameBytes) * frameMs;
    const gapMs = nowMs - lastMs - audioMs;
    if (gapMs < gapMsMin) return;
    stream.cutter.reset();
    const frames = Math.floor(gapMs / frameMs);
    this.#samples += frames * stream.frameSamples;
  }

  #markReturned(name: string, isPlayed: boolean): void {
    const certainty = this.#marks.take(name);
    if (certainty !== undefined && isPlayed) this.#sink.markReached(streamId, name, certainty);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#stream !== undefined) this.#sink.ended(streamId, reason);
  }
}
