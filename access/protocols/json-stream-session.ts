/**
 * A carrier's JSON media stream, the engine's end: one stream per connection, whoever the carrier
 * is. What differs between carriers is in their dialects. We hang up by closing the connection.
 *
 * Carriers buffer what we send ahead of time, and their clear drops all of it at once, whatever
 * the utterance.
 */
import { Buffer } from "node:buffer";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import type { OpenOpus } from "../../codecs/audio/opus-line.js";
import {
  decodePayload,
  type JsonStreamMedia,
  type JsonStreamMessage,
  type JsonStreamStart,
  type JsonStreamWriter,
  type WireFormat,
} from "../../codecs/wire/json-stream.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { ChunkOrder } from "./chunk-order.js";
import type { MediaFigures } from "./media-figures.js";
import type { MediaProtocol, MediaSession } from "./media-protocol.js";
import { PieceJoiner } from "./piece-joiner.js";
import { frameMs, SingleStream, type SessionParts } from "./single-stream.js";
import { WireAudio } from "./wire-audio.js";

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
  /** What was asked for when dialling, as the query of the URL says it; else what comes in. */
  readonly asked?: (query: string) => WireFormat | undefined;
  readonly openOpus?: OpenOpus | undefined;
};

/** Carriers send 20 to 100 ms at a time, their clones at most some hundreds. */
const payloadMsMax = 2000;
/** Two seconds of the widest format, 16 bits at 48 kHz. */
const scratchBytesMax = payloadMsMax * 96;
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
      new JsonStreamSession(dialect, { link: { send, close }, sink, peer }),
  };
}

/** A chunk that waits for one before it. */
type Held = { readonly payload: string; readonly timestampMs: number };

/** What begins with the carrier's `start`. */
type Carrier = {
  readonly streamId: string;
  readonly writer: JsonStreamWriter;
  readonly scanner: ReturnType<NonNullable<JsonDialect["scanner"]>> | undefined;
  readonly joiner: PieceJoiner | undefined;
  readonly order: ChunkOrder<Held> | undefined;
  readonly audio: WireAudio;
  /** Where its payloads are decoded: as much as one may have. */
  readonly into: Buffer;
};

class JsonStreamSession implements MediaSession {
  readonly #dialect: JsonDialect;
  readonly #parts: SessionParts;
  readonly #stream: SingleStream;
  #carrier: Carrier | undefined;
  /** The carrier's timestamp that is our media time 0; undefined before the first. */
  #anchorMs: number | undefined;

  constructor(dialect: JsonDialect, parts: SessionParts) {
    this.#dialect = dialect;
    this.#parts = parts;
    this.#stream = new SingleStream(parts, dialect.clearedMarks);
  }

  latencyMs(): number {
    const { pieceBytesMin } = this.#dialect;
    return pieceBytesMin === undefined ? 0 : this.#stream.lengthMs(pieceBytesMin) - frameMs;
  }

  figures(): MediaFigures | undefined {
    const counters = this.#carrier?.order?.counters;
    if (counters === undefined) return undefined;
    const { window, ...counts } = counters;
    return { order: { ...counts, delayMs: window * frameMs } };
  }

  receive(message: Uint8Array | string): void {
    this.#stream.receive(message, this.#take);
  }

  /** Carriers have no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (!this.#stream.lets(payload, utterance)) return;
    const { joiner } = this.#carrier!;
    this.#sendPiece(joiner === undefined ? payload : joiner.add(payload));
  }

  sendMark(_streamId: number, name: string): void {
    if (!this.#stream.isLive) return;
    // A mark stands behind all audio so far, also behind what waits for more.
    this.#sendPiece(this.#carrier!.joiner?.rest());
    this.#stream.addMark(name);
    this.#parts.link.send(this.#carrier!.writer.mark(name));
  }

  sendClear(_streamId: number, utterance: number): void {
    if (!this.#stream.isLive) return;
    this.#carrier!.joiner?.reset();
    this.#stream.clear(utterance);
    this.#parts.link.send(this.#carrier!.writer.clear());
  }

  hangup(_streamId: number, reason: string): void {
    this.#stream.hangup(reason);
  }

  closed(code?: number): void {
    this.#stream.closed(code);
  }

  #sendPiece(piece: Uint8Array | undefined): void {
    if (piece === undefined) return;
    const { writer, audio } = this.#carrier!;
    this.#parts.link.send(writer.media(audio.encode(piece)));
  }

  readonly #take = (message: Uint8Array | string): void => {
    if (typeof message !== "string") throw binaryMessage(message);
    if (this.#carrier?.scanner?.(message, scan) === true) {
      return this.#audio(message, scan.payloadStart, scan.payloadEnd, scan.timestampMs);
    }
    this.#receiveParsed(this.#dialect.parse(message));
  };

  #receiveParsed(message: JsonStreamMessage): void {
    if (message.event === "ignored" || message.event === "refused") return;
    if (message.event === "start") {
      this.#carrier ??= carrierOf(this.#dialect, message, this.#parts.peer.query);
      return this.#stream.start({ ...message, format: this.#carrier.audio.format });
    }
    this.#stream.mustHaveStarted(message.event);
    this.#mustBeOurs(message);
    switch (message.event) {
      case "media":
        return this.#media(message);
      case "dtmf":
        return this.#stream.key(message.digit);
      case "mark":
        return this.#stream.markReturned(message.name);
      case "stop":
        return this.#stream.end("hangup");
    }
  }

  #media({ isInbound, chunk, payload, timestampMs }: JsonStreamMedia): void {
    if (!isInbound) return;
    const { order } = this.#carrier!;
    const take = (one: Held): void =>
      this.#audio(one.payload, 0, one.payload.length, one.timestampMs);
    if (order === undefined || chunk === undefined || chunk < 0) take({ payload, timestampMs });
    else order.take(chunk, { payload, timestampMs }, take);
  }

  #audio(text: string, start: number, end: number, timestampMs: number): void {
    const bytes = decodePayload(text, start, end, this.#carrier!.into);
    if (timestampMs >= 0) this.#followClock(timestampMs);
    this.#stream.audio(this.#carrier!.audio.decode(scratchBytes.subarray(0, bytes)));
  }

  /** Moves media time over a gap in the carrier's timestamps. */
  #followClock(timestampMs: number): void {
    this.#anchorMs ??= timestampMs;
    const { audioMs } = this.#stream;
    const gapMs = timestampMs - this.#anchorMs - audioMs;
    if (gapMs < gapMsMin) return;
    if (gapMs > gapMsMax) this.#anchorMs = timestampMs - audioMs;
    else this.#stream.skip(gapMs);
  }

  #mustBeOurs(message: { readonly event: string; readonly streamId: string | undefined }): void {
    const { streamId } = this.#carrier!;
    if (message.streamId === undefined || message.streamId === streamId) return;
    throw new ProtocolError(
      "PROTOCOL_STREAM",
      `${message.event} is of stream ${message.streamId}, ${streamId} is right`,
      { streamId: message.streamId, expected: streamId },
    );
  }
}

function carrierOf(dialect: JsonDialect, start: JsonStreamStart, query: string): Carrier {
  const asked = dialect.asked?.(query) ?? start.format;
  const audio = new WireAudio(start.format, asked, dialect.openOpus);
  const { silence } = codecOf(audio.format.codec);
  const { pieceBytesMin, isReordering } = dialect;
  const secondBytes = start.format.rateHz * (start.format.codec === "l16" ? 2 : 1);
  return {
    streamId: start.streamId,
    audio,
    into: scratch.subarray(0, (payloadMsMax * secondBytes) / 1000),
    writer: dialect.writer(start),
    scanner: dialect.scanner?.(start.streamId),
    joiner: pieceBytesMin === undefined ? undefined : new PieceJoiner(pieceBytesMin, silence),
    order: isReordering === true ? new ChunkOrder<Held>() : undefined,
  };
}

function binaryMessage(message: Uint8Array): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_MESSAGE_KIND",
    `message is ${message.length} binary bytes, a text message is right`,
    { messageBytes: message.length },
  );
}
