/**
 * A carrier's JSON media stream, the engine's end: one stream per connection, whoever the carrier
 * is. What differs between carriers is in their dialects. We hang up by closing the connection.
 *
 * Carriers buffer what we send ahead of time, and their clear drops all of it at once, whatever
 * the utterance.
 */
import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.js";
import { codecOf, frameBytes, frameSamples } from "../../codecs/audio/audio-codec.js";
import {
  decodePayload,
  type JsonStreamMedia,
  type JsonStreamMessage,
  type JsonStreamStart,
  type JsonStreamWriter,
} from "../../codecs/wire/json-stream.js";
import { isProtocolError, ProtocolError } from "../../codecs/wire/protocol-error.js";
import { ChunkOrder } from "./chunk-order.js";
import { FrameCutter } from "./frame-cutter.js";
import type {
  MediaLink,
  MediaPeer,
  MediaProtocol,
  MediaSession,
  MediaSink,
} from "./media-protocol.js";
import { PendingMarks } from "./pending-marks.js";
import { PieceJoiner } from "./piece-joiner.js";

/** What a fast scan of a media message found: positions in the text. */
export type MediaScan = { timestampMs: number; payloadStart: number; payloadEnd: number };

/** How one carrier speaks. */
export type JsonDialect = {
  readonly name: string;
  readonly path: string;
  /** What becomes of the marks that a clear overtakes. */
  readonly clearedMarks: "returned" | "dropped";
  /** @throws {ProtocolError} */
  readonly parse: (text: string) => JsonStreamMessage;
  readonly writer: (start: JsonStreamStart) => JsonStreamWriter;
  /** Takes the usual media messages of one stream without parsing; leaves the rest to `parse`. */
  readonly scanner?: (streamId: string) => (text: string, scan: MediaScan) => boolean;
  /** Media may come out of order: chunks are put back into it. */
  readonly isReordering?: boolean;
  /** A shorter message of audio would be heard as a gap. */
  readonly pieceBytesMin?: number;
};

const frameMs = 20;
/** A connection carries one stream. */
const streamId = 1;
/** Carriers send 20 to 100 ms at a time, their clones at most some hundreds. */
const payloadMsMax = 2000;
/** Two seconds of the widest format, 16 bits at 24 kHz. */
const scratchBytesMax = payloadMsMax * 48;
/** Timestamps are rounded, so only a jump of two frames is a gap; a huge one is a new clock. */
const gapMsMin = 2 * frameMs;
const gapMsMax = 600_000;

/** Payloads are decoded into this, one at a time: a thread handles one message after the other. */
const scratch = Buffer.alloc(scratchBytesMax);
/** The same memory as a plain array: a `Buffer` would not copy when its `slice` is asked to. */
const scratchBytes = new Uint8Array(scratch.buffer, scratch.byteOffset, scratch.length);
const scan: MediaScan = { timestampMs: 0, payloadStart: 0, payloadEnd: 0 };

/** The protocol of a carrier for the gateway. */
export function jsonStreamProtocol(dialect: JsonDialect): MediaProtocol {
  return {
    name: dialect.name,
    path: dialect.path,
    marks: dialect.clearedMarks === "returned" ? "playedOrCleared" : "played",
    canResume: false,
    open: (send, sink, close, peer) =>
      new JsonStreamSession({ dialect, link: { send, close }, sink, peer }),
  };
}

/** A chunk that waits for one before it. */
type Held = { readonly payload: string; readonly timestampMs: number };

/** What begins with the carrier's `start`. */
type Stream = {
  readonly id: string;
  readonly writer: JsonStreamWriter;
  readonly scanner: ReturnType<NonNullable<JsonDialect["scanner"]>> | undefined;
  readonly cutter: FrameCutter;
  readonly joiner: PieceJoiner | undefined;
  readonly order: ChunkOrder<Held> | undefined;
  /** Where its payloads are decoded: as much as one may have. */
  readonly into: Buffer;
  readonly frameBytes: number;
  readonly frameSamples: number;
  readonly bytesPerMs: number;
  readonly samplesPerMs: number;
};

class JsonStreamSession implements MediaSession {
  readonly #dialect: JsonDialect;
  readonly #link: MediaLink;
  readonly #sink: MediaSink;
  readonly #peer: MediaPeer;
  readonly #marks = new PendingMarks();
  #stream: Stream | undefined;
  #isOver = false;
  /** The peer broke a rule: nothing more is taken, and the connection is about to be closed. */
  #isBroken = false;
  #clearedUtterance = 0;
  /** Media time of the next frame. */
  #samples = 0;
  /** The carrier's timestamp that is our media time 0; undefined before the first. */
  #anchorMs: number | undefined;

  constructor(options: {
    readonly dialect: JsonDialect;
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
      this.#take(message);
    } catch (error) {
      this.#isBroken = isProtocolError(error);
      throw error;
    }
  }

  /** Carriers have no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    const stream = this.#open();
    if (stream === undefined) return;
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return;
    assert(payload.length === stream.frameBytes, "a frame has its stream's length", {
      payloadBytes: payload.length,
      frameBytes: stream.frameBytes,
    });
    if (stream.joiner === undefined) this.#link.send(stream.writer.media(payload));
    else this.#sendPiece(stream, stream.joiner.add(payload));
  }

  sendMark(_streamId: number, name: string): void {
    const stream = this.#open();
    if (stream === undefined) return;
    // A mark stands behind all audio so far, also behind what waits for more.
    this.#sendPiece(stream, stream.joiner?.rest());
    this.#marks.add(name);
    this.#link.send(stream.writer.mark(name));
  }

  sendClear(_streamId: number, utterance: number): void {
    const stream = this.#open();
    if (stream === undefined) return;
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    stream.joiner?.reset();
    if (this.#dialect.clearedMarks === "returned") this.#marks.blur();
    else this.#marks.dropAll();
    this.#link.send(stream.writer.clear());
  }

  hangup(_streamId: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close(1000, reason);
  }

  /** Some carriers just close when the callee hangs up. */
  closed(code = 1006): void {
    if (this.#isBroken) return this.#end("protocolError");
    this.#end(code === 1000 || code === 1001 ? "hangup" : "connectionLost");
  }

  #open(): Stream | undefined {
    return this.#isOver ? undefined : this.#stream;
  }

  #sendPiece(stream: Stream, piece: Uint8Array | undefined): void {
    if (piece !== undefined) this.#link.send(stream.writer.media(piece));
  }

  #take(message: Uint8Array | string): void {
    if (typeof message !== "string") throw binaryMessage(message);
    const stream = this.#stream;
    if (stream?.scanner?.(message, scan) === true) {
      return this.#audio(stream, message, scan.payloadStart, scan.payloadEnd, scan.timestampMs);
    }
    this.#receiveParsed(this.#dialect.parse(message));
  }

  #receiveParsed(message: JsonStreamMessage): void {
    if (message.event === "ignored" || message.event === "refused") return;
    if (message.event === "start") return this.#start(message);
    const stream = this.#streamOf(message);
    switch (message.event) {
      case "media":
        return this.#media(stream, message);
      case "dtmf":
        return this.#sink.dtmf(streamId, message.digit);
      case "mark":
        return this.#markReturned(message.name);
      case "stop":
        return this.#end("hangup");
    }
  }

  #start(start: JsonStreamStart): void {
    if (this.#stream !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "start came twice, once is right");
    }
    this.#stream = newStream(this.#dialect, start);
    const fromUrl = Object.fromEntries(new URLSearchParams(this.#peer.query));
    const { callId, token, ...parameters } = { ...fromUrl, ...start.parameters };
    this.#sink.started({
      streamId,
      format: start.format,
      frameMs,
      ...(callId === undefined ? {} : { callId }),
      ...(token === undefined ? {} : { token }),
      parameters,
      peerIds: start.peerIds,
    });
  }

  #media(stream: Stream, { isInbound, chunk, payload, timestampMs }: JsonStreamMedia): void {
    if (!isInbound) return;
    const take = (text: string, atMs: number): void =>
      this.#audio(stream, text, 0, text.length, atMs);
    if (stream.order === undefined || chunk === undefined || chunk < 0) take(payload, timestampMs);
    else
      stream.order.take(chunk, { payload, timestampMs }, (one) =>
        take(one.payload, one.timestampMs),
      );
  }

  #audio(stream: Stream, text: string, start: number, end: number, timestampMs: number): void {
    const bytes = decodePayload(text, start, end, stream.into);
    if (timestampMs >= 0) this.#followClock(stream, timestampMs);
    stream.cutter.cut(scratchBytes.subarray(0, bytes), (frame) => {
      if (this.#isOver) return;
      const samples = this.#samples;
      this.#samples += stream.frameSamples;
      this.#sink.frame(streamId, frame, samples);
    });
  }

  /** Moves media time over a gap in the carrier's timestamps, by whole frames. */
  #followClock(stream: Stream, timestampMs: number): void {
    this.#anchorMs ??= timestampMs;
    const hereMs =
      this.#samples / stream.samplesPerMs + stream.cutter.waitingBytes / stream.bytesPerMs;
    const gapMs = timestampMs - this.#anchorMs - hereMs;
    if (gapMs < gapMsMin) return;
    if (gapMs > gapMsMax) {
      this.#anchorMs = timestampMs - hereMs;
      return;
    }
    stream.cutter.reset();
    this.#samples += Math.floor(gapMs / frameMs) * stream.frameSamples;
  }

  #markReturned(name: string): void {
    const certainty = this.#marks.take(name);
    if (certainty !== undefined) this.#sink.markReached(streamId, name, certainty);
  }

  #streamOf(message: { readonly event: string; readonly streamId: string | undefined }): Stream {
    const stream = this.#stream;
    if (stream === undefined) {
      const words = `${message.event} came before start, start first is right`;
      throw new ProtocolError("PROTOCOL_ORDER", words);
    }
    if (message.streamId === undefined || message.streamId === stream.id) return stream;
    throw new ProtocolError(
      "PROTOCOL_STREAM",
      `${message.event} is of stream ${message.streamId}, ${stream.id} is right`,
      { streamId: message.streamId, expected: stream.id },
    );
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#stream !== undefined) this.#sink.ended(streamId, reason);
  }
}

function newStream(dialect: JsonDialect, start: JsonStreamStart): Stream {
  const { format } = start;
  const bytes = frameBytes(format, frameMs);
  const { bytesPerSample, silence } = codecOf(format.codec);
  const { pieceBytesMin, isReordering } = dialect;
  const bytesPerMs = (format.rateHz * bytesPerSample) / 1000;
  return {
    id: start.streamId,
    into: scratch.subarray(0, payloadMsMax * bytesPerMs),
    writer: dialect.writer(start),
    scanner: dialect.scanner?.(start.streamId),
    cutter: new FrameCutter(bytes),
    joiner: pieceBytesMin === undefined ? undefined : new PieceJoiner(pieceBytesMin, silence),
    order: isReordering === true ? new ChunkOrder<Held>() : undefined,
    frameBytes: bytes,
    frameSamples: frameSamples(format.rateHz, frameMs),
    bytesPerMs,
    samplesPerMs: format.rateHz / 1000,
  };
}

function binaryMessage(message: Uint8Array): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_MESSAGE_KIND",
    `message is ${message.length} binary bytes, a text message is right`,
    { messageBytes: message.length },
  );
}
