/**
 * What every session with one stream per connection does alike, whatever its messages look like:
 * the stream starts once, its audio is cut into frames that carry media time, marks come back or
 * are dropped, and it ends once. A session owns one of these and adds its peer's spelling.
 */
import { assert } from "../../base/assert.js";
import { frameBytes, frameSamples, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { isProtocolError, ProtocolError } from "../../codecs/wire/protocol-error.js";
import { FrameCutter } from "./frame-cutter.js";
import type { MediaLink, MediaPeer, MediaSink } from "./media-protocol.js";
import { PendingMarks } from "./pending-marks.js";

/** Length of the frames that are handed on and taken. */
export const frameMs = 20;
/** A connection carries one stream. */
const streamId = 1;

/** What a session is made of. */
export type SessionParts = {
  readonly link: MediaLink;
  readonly sink: MediaSink;
  readonly peer: MediaPeer;
};

/** What a peer says when its stream starts. */
export type SingleStart = {
  /** Of both directions. */
  readonly format: AudioFormat;
  readonly parameters: Readonly<Record<string, string>>;
  readonly peerIds: Readonly<Record<string, string>>;
  /** See `StreamStart`. */
  readonly ticket?: string;
};

/** The frames of the stream, once it has started. */
type Line = {
  readonly cutter: FrameCutter;
  readonly frameBytes: number;
  readonly frameSamples: number;
};

export class SingleStream {
  readonly #parts: SessionParts;
  readonly #clearedMarks: "returned" | "dropped";
  readonly #marks = new PendingMarks();
  #line: Line | undefined;
  #isOver = false;
  /** The peer broke a rule: nothing more is taken, and the connection is about to be closed. */
  #isBroken = false;
  #clearedUtterance = 0;
  /** Media time of the next frame. */
  #samples = 0;

  /** @param clearedMarks what becomes of the marks that a clear overtakes */
  constructor(parts: SessionParts, clearedMarks: "returned" | "dropped") {
    this.#parts = parts;
    this.#clearedMarks = clearedMarks;
  }

  /** It has started and is not over: something can be sent. */
  get isLive(): boolean {
    return this.#line !== undefined && !this.#isOver;
  }

  /** Lets the session take a message, unless the stream is over or its peer broke a rule. */
  receive<Message>(message: Message, take: (message: Message) => void): void {
    if (this.#isOver || this.#isBroken) return;
    try {
      take(message);
    } catch (error) {
      this.#isBroken = isProtocolError(error);
      throw error;
    }
  }

  /**
   * Starts the stream. Call and token are named by the peer's own parameters, or by the URL.
   *
   * @throws {ProtocolError} `PROTOCOL_ORDER` the second time
   */
  start({ format, parameters, peerIds, ticket }: SingleStart): void {
    if (this.#line !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "the stream's start came twice, once is right");
    }
    const bytes = frameBytes(format, frameMs);
    this.#line = {
      cutter: new FrameCutter(bytes),
      frameBytes: bytes,
      frameSamples: frameSamples(format.rateHz, frameMs),
    };
    const fromUrl = Object.fromEntries(new URLSearchParams(this.#parts.peer.query));
    const { callId, token, ...rest } = { ...fromUrl, ...parameters };
    this.#parts.sink.started({
      streamId,
      format,
      frameMs,
      ...(callId === undefined ? {} : { callId }),
      ...(token === undefined ? {} : { token }),
      ...(ticket === undefined ? {} : { ticket }),
      parameters: rest,
      peerIds,
    });
  }

  /** @throws {ProtocolError} `PROTOCOL_ORDER` when the stream has not started */
  mustHaveStarted(event: string): void {
    if (this.#line !== undefined) return;
    const words = `${event} came before start, start first is right`;
    throw new ProtocolError("PROTOCOL_ORDER", words);
  }

  /** Audio of the peer, of any length: whole frames are handed on. */
  audio(payload: Uint8Array): void {
    this.#line?.cutter.cut(payload, this.#hand);
  }

  /** Media time up to which audio came, in ms, also of a frame that is not complete. */
  get audioMs(): number {
    const line = this.#line;
    if (line === undefined) return 0;
    const frames = this.#samples / line.frameSamples + line.cutter.waitingBytes / line.frameBytes;
    return frames * frameMs;
  }

  /** How long a payload sounds, in ms. */
  lengthMs(payloadBytes: number): number {
    return this.#line === undefined ? 0 : (payloadBytes / this.#line.frameBytes) * frameMs;
  }

  /** Moves media time over a pause, by whole frames. */
  skip(pauseMs: number): void {
    const line = this.#line;
    if (line === undefined) return;
    line.cutter.reset();
    this.#samples += Math.floor(pauseMs / frameMs) * line.frameSamples;
  }

  /** One key of the peer. */
  key(digit: string): void {
    if (!this.#isOver) this.#parts.sink.dtmf(streamId, digit);
  }

  /** The peer has room for our audio again. */
  room(): void {
    if (!this.#isOver) this.#parts.sink.room?.(streamId);
  }

  /** A mark came back. @param isPlayed false: the peer says that it was dropped */
  markReturned(name: string, isPlayed = true): void {
    const certainty = this.#marks.take(name);
    if (certainty === undefined || !isPlayed) return;
    this.#parts.sink.markReached(streamId, name, certainty);
  }

  /**
   * Whether a frame of this utterance may go out.
   *
   * @throws {AssertionError} when it has not the stream's length: our own bug
   */
  lets(payload: Uint8Array, utterance: number): boolean {
    const line = this.#line;
    if (line === undefined || this.#isOver) return false;
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return false;
    assert(payload.length === line.frameBytes, "a frame has its stream's length", {
      payloadBytes: payload.length,
      frameBytes: line.frameBytes,
    });
    return true;
  }

  /** A mark goes out. */
  addMark(name: string): void {
    this.#marks.add(name);
  }

  /** A clear goes out. */
  clear(utterance: number): void {
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    if (this.#clearedMarks === "returned") this.#marks.blur();
    else this.#marks.dropAll();
  }

  /** Ends the stream on our side. @param goodbye said before the connection closes, if anything */
  hangup(reason: string, goodbye?: Uint8Array | string): void {
    if (!this.leave()) return;
    if (goodbye !== undefined) this.#parts.link.send(goodbye);
    this.#parts.link.close(1000, reason);
  }

  /** Ends the stream without a word to either side. @returns false when it was over already */
  leave(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }

  /** The peer ended the stream. */
  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#line !== undefined) this.#parts.sink.ended(streamId, reason);
  }

  /**
   * The connection is gone. A close is how some peers hang up, with a code of their own even; those
   * that RFC 6455 section 7.4.1 has for trouble are none.
   */
  closed(code = 1006): void {
    if (this.#isBroken) return this.end("protocolError");
    const isTrouble = code > 1001 && code < 1016 && code !== 1005;
    this.end(isTrouble ? "connectionLost" : "hangup");
  }

  readonly #hand = (frame: Uint8Array): void => {
    if (this.#isOver) return;
    const samples = this.#samples;
    this.#samples += this.#line!.frameSamples;
    this.#parts.sink.frame(streamId, frame, samples);
  };
}
