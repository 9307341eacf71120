/**
 * A media stream of binary audio and control in text, the engine's end: one stream per connection,
 * whoever the peer is. What differs between peers is in their dialects.
 *
 * The audio carries no time: a pause is seen by the clock. Peers queue what we send and play one
 * frame every 20 ms; a clear drops their queue with the marks in it.
 */
import { codecOf, frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type {
  BinaryStreamMessage,
  BinaryStreamStart,
  BinaryStreamWriter,
} from "../../codecs/wire/binary-stream.js";
import { ClockedMarks } from "./clocked-marks.js";
import type { MediaProtocol, MediaSession } from "./media-protocol.js";
import { PieceJoiner } from "./piece-joiner.js";
import { frameMs, SingleStream, type SessionParts } from "./single-stream.js";

/** Audio that comes later than this behind the one before was not sent meanwhile. */
const pauseMsMin = 200;
/** From the peer to the ear: one frame is always on its way. */
const earMs = 20;

/** How one peer speaks. */
export type BinaryDialect = {
  readonly name: string;
  readonly path: string;
  /** WebSocket subprotocol that it offers. */
  readonly subprotocol?: string;
  /**
   * @param query of the URL
   * @throws {ProtocolError}
   */
  readonly parse: (text: string, query: string) => BinaryStreamMessage;
  /** By peers that may start with audio. @throws {ProtocolError} */
  readonly startOfAudio?: (query: string) => BinaryStreamStart;
  /** More texts may look like a start: they are not ours. */
  readonly isStartRepeated?: boolean;
  /** Length of the pieces that a writer with `media` is given. */
  readonly pieceMs?: number;
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
  readonly #clockedMarks: ClockedMarks;
  #writer: BinaryStreamWriter | undefined;
  #joiner: PieceJoiner | undefined;
  #isFull = false;
  #lastAudioMs: number | undefined;

  constructor(dialect: BinaryDialect, parts: SessionParts) {
    this.#dialect = dialect;
    this.#parts = parts;
    this.#stream = new SingleStream(parts, "dropped");
    this.#clockedMarks = new ClockedMarks({
      peer: parts.peer,
      latencyMs: earMs,
      reached: (name) => this.#stream.markReturned(name),
    });
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  latencyMs(): number {
    return this.#joiner === undefined ? 0 : this.#dialect.pieceMs! - frameMs;
  }

  receive(message: Uint8Array | string): void {
    this.#stream.receive(message, this.#take);
  }

  /** These peers have no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (this.#isFull || !this.#stream.lets(payload, utterance)) return;
    if (this.#joiner !== undefined) return this.#sendPiece(this.#joiner.add(payload));
    this.#parts.link.send(new Uint8Array(payload));
    this.#clockedMarks.sent(frameMs);
  }

  sendMark(_streamId: number, name: string): void {
    if (!this.#stream.isLive) return;
    this.#sendPiece(this.#joiner?.rest());
    this.#stream.addMark(name);
    const text = this.#writer!.mark?.(name);
    if (text === undefined) this.#clockedMarks.add(name);
    else this.#parts.link.send(text);
  }

  sendClear(_streamId: number, utterance: number): void {
    if (!this.#stream.isLive) return;
    this.#stream.clear(utterance);
    this.#joiner?.reset();
    this.#clockedMarks.clear();
    for (const command of this.#writer!.clear()) this.#parts.link.send(command);
    this.#setFull(false);
  }

  hangup(_streamId: number, reason: string): void {
    this.#clockedMarks.clear();
    this.#stream.hangup(reason, this.#writer?.hangup?.());
  }

  closed(code?: number): void {
    this.#clockedMarks.clear();
    this.#stream.closed(code);
  }

  #sendPiece(piece: Uint8Array | undefined): void {
    if (piece === undefined) return;
    this.#parts.link.send(this.#writer!.media!(piece));
    this.#clockedMarks.sent(this.#stream.lengthMs(piece.length));
  }

  readonly #take = (message: Uint8Array | string): void => {
    const { query } = this.#parts.peer;
    if (typeof message === "string") this.#event(this.#dialect.parse(message, query));
    else this.#audio(message);
  };

  #event(message: BinaryStreamMessage): void {
    if (message.event === "ignored") return;
    if (message.event === "start") return this.#start(message);
    this.#stream.mustHaveStarted(message.event);
    switch (message.event) {
      case "full":
        return this.#setFull(true);
      case "room":
        return this.#setFull(false);
      case "mark":
        return this.#stream.markReturned(message.name, message.isPlayed);
      case "dtmf":
        return this.#stream.key(message.digit);
    }
  }

  #start(start: BinaryStreamStart): void {
    const isFirst = this.#writer === undefined;
    if (!isFirst && this.#dialect.isStartRepeated === true) return;
    if (isFirst) this.#writer = start.writer;
    if (isFirst && start.writer.media !== undefined) this.#joiner = this.#joinerFor(start.format);
    this.#stream.start(start);
  }

  #joinerFor(format: AudioFormat): PieceJoiner {
    const pieceBytes = frameBytes(format, this.#dialect.pieceMs ?? frameMs);
    return new PieceJoiner(pieceBytes, codecOf(format.codec).silence);
  }

  #setFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (!isFull) this.#stream.room();
  }

  /** What comes before the start has no format yet: it is dropped, or is the start. */
  #audio(message: Uint8Array): void {
    const { startOfAudio } = this.#dialect;
    if (this.#writer === undefined && startOfAudio !== undefined) {
      this.#start(startOfAudio(this.#parts.peer.query));
    }
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
