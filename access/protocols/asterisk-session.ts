/**
 * Asterisk's `chan_websocket`, the engine's end: one stream per connection, in the format that
 * Asterisk names in MEDIA_START. Asterisk opens the socket; the query of its URL (dial string
 * option `v()`) names call and token.
 *
 * Asterisk queues what we send and plays one frame every 20 ms; it cuts our messages into frames
 * and throws a remainder away, so we send whole frames. Its flush drops the marks in the queue
 * too, and they never come back. Audio carries no time: a pause is seen by the clock.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
import { assert } from "../../base/assert.js";
import { frameBytes, frameSamples } from "../../codecs/audio/audio-codec.js";
import {
  asteriskWriter,
  parseAsterisk,
  type AsteriskEvent,
  type AsteriskStart,
  type AsteriskWriter,
} from "../../codecs/wire/asterisk-media.js";
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
/** Names of marks that fit a command of 128 bytes in either style. */
const markCharsMax = 64;

/** The Asterisk protocol for the gateway. */
export function asteriskProtocol(): MediaProtocol {
  return {
    name: "asterisk",
    path: "/media/asterisk",
    subprotocol: "media",
    marks: "played",
    canResume: false,
    open: (send, sink, close, peer) => new AsteriskSession({ send, close }, sink, peer),
  };
}

/** What begins with MEDIA_START. */
type Stream = {
  readonly writer: AsteriskWriter;
  readonly cutter: FrameCutter;
  readonly frameBytes: number;
  readonly frameSamples: number;
};

class AsteriskSession implements MediaSession {
  readonly #link: MediaLink;
  readonly #sink: MediaSink;
  readonly #peer: MediaPeer;
  readonly #marks = new PendingMarks();
  #stream: Stream | undefined;
  #isOver = false;
  #isBroken = false;
  /** Asterisk's queue is full: what we have is late already. */
  #isChoked = false;
  #clearedUtterance = 0;
  /** Media time of the next frame. */
  #samples = 0;
  #lastAudioMs: number | undefined;

  constructor(link: MediaLink, sink: MediaSink, peer: MediaPeer) {
    this.#link = link;
    this.#sink = sink;
    this.#peer = peer;
  }

  receive(message: Uint8Array | string): void {
    if (this.#isOver || this.#isBroken) return;
    try {
      if (typeof message === "string") this.#event(parseAsterisk(message));
      else this.#audio(message);
    } catch (error) {
      this.#isBroken = isProtocolError(error);
      throw error;
    }
  }

  /** Asterisk has no word for it. */
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
    assert(name.length <= markCharsMax, "a mark's name fits a command", { chars: name.length });
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
    if (this.#stream !== undefined) this.#link.send(this.#stream.writer.hangup());
    this.#link.close(1000, reason);
  }

  closed(code = 1006): void {
    if (this.#isBroken) return this.#end("protocolError");
    this.#end(code === 1006 ? "connectionLost" : "hangup");
  }

  #open(): Stream | undefined {
    return this.#isOver ? undefined : this.#stream;
  }

  #event(event: AsteriskEvent): void {
    if (event.event === "unknown") return;
    if (event.event === "MEDIA_START") return this.#start(event);
    if (this.#stream === undefined) {
      const message = `${event.event} came before MEDIA_START, MEDIA_START first is right`;
      throw new ProtocolError("PROTOCOL_ORDER", message);
    }
    switch (event.event) {
      case "MEDIA_XOFF":
        this.#isChoked = true;
        return;
      case "MEDIA_XON":
        this.#isChoked = false;
        return;
      case "MEDIA_MARK_PROCESSED":
        return this.#markReturned(event.id);
      case "DTMF_END":
        return this.#sink.dtmf(streamId, event.digit);
      // An error is about one command of ours; the media goes on.
      case "ERROR":
      case "QUEUE_DRAINED":
        return;
    }
  }

  #start({ style, format, channelId, variables }: AsteriskStart): void {
    if (this.#stream !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "MEDIA_START came twice, once is right");
    }
    const bytes = frameBytes(format, frameMs);
    this.#stream = {
      writer: asteriskWriter(style),
      cutter: new FrameCutter(bytes),
      frameBytes: bytes,
      frameSamples: frameSamples(format.rateHz, frameMs),
    };
    const { callId, token, ...rest } = Object.fromEntries(new URLSearchParams(this.#peer.query));
    this.#sink.started({
      streamId,
      format,
      frameMs,
      ...(callId === undefined ? {} : { callId }),
      ...(token === undefined ? {} : { token }),
      parameters: { ...variables, ...rest },
      peerIds: { channelId },
    });
  }

  /** What comes before MEDIA_START has no format yet: it is dropped. */
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

  /** Moves media time over a pause: Asterisk passes on what the callee's phone sends, no more. */
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

  #markReturned(name: string): void {
    const certainty = this.#marks.take(name);
    if (certainty !== undefined) this.#sink.markReached(streamId, name, certainty);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#stream !== undefined) this.#sink.ended(streamId, reason);
  }
}
