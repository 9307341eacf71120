/**
 * Twilio Media Streams, the engine's end: one stream per connection, μ-law at 8000 Hz. The call is
 * named by the custom parameters `callId` and `token`, since Twilio drops the URL's query. We hang
 * up by closing the connection: TwiML then runs on behind `<Connect>`, and without more the call
 * ends.
 *
 * Twilio buffers what we send ahead of time, and its `clear` drops all of it at once, whatever the
 * utterance. It returns the marks of what it dropped like those of what it played.
 *
 * @see https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import { isProtocolError, ProtocolError } from "../../codecs/wire/protocol-error.js";
import {
  decodePayload,
  emptyTwilioMediaScan,
  parseTwilio,
  twilioScanner,
  twilioWriter,
  type TwilioMessage,
  type TwilioScanner,
  type TwilioStart,
  type TwilioWriter,
} from "../../codecs/wire/twilio.js";
import { FrameCutter } from "./frame-cutter.js";
import type { MediaLink, MediaProtocol, MediaSession, MediaSink } from "./media-protocol.js";
import { PendingMarks } from "./pending-marks.js";

const FORMAT: AudioFormat = { codec: "pcmu", rateHz: 8000 };
const FRAME_MS = 20;
const FRAME_BYTES = 160;
const SAMPLES_PER_MS = 8;
/** A connection carries one stream. */
const STREAM_ID = 1;
/** Two seconds: Twilio sends 20 ms, its clones at most some hundreds. */
const PAYLOAD_BYTES_MAX = 16_000;
/** Timestamps are rounded, so only a jump of two frames is a gap; a huge one is a new clock. */
const GAP_SAMPLES_MIN = 2 * FRAME_BYTES;
const GAP_SAMPLES_MAX = 600 * 8000;

/** Payloads are decoded into this, one at a time: a thread handles one message after the other. */
const scratch = Buffer.alloc(PAYLOAD_BYTES_MAX);
/** The same memory as a plain array: a `Buffer` would not copy when its `slice` is asked to. */
const scratchBytes = new Uint8Array(scratch.buffer, scratch.byteOffset, scratch.length);
const scan = emptyTwilioMediaScan();

/** The Twilio protocol for the gateway. */
export function twilioProtocol(): MediaProtocol {
  return {
    name: "twilio",
    path: "/media/twilio",
    marks: "playedOrCleared",
    canResume: false,
    open: (send, sink, close) => new TwilioSession({ send, close }, sink),
  };
}

class TwilioSession implements MediaSession {
  readonly #link: MediaLink;
  readonly #sink: MediaSink;
  readonly #cutter = new FrameCutter(FRAME_BYTES);
  readonly #marks = new PendingMarks();
  #streamSid: string | undefined;
  #writer: TwilioWriter | undefined;
  #scanner: TwilioScanner | undefined;
  #isOver = false;
  /** The peer broke a rule: nothing more is taken, and the connection is about to be closed. */
  #isBroken = false;
  #clearedUtterance = 0;
  /** Media time of the next frame. */
  #samples = 0;
  /** Twilio's timestamp that is our media time 0; undefined before the first. */
  #anchorMs: number | undefined;

  constructor(link: MediaLink, sink: MediaSink) {
    this.#link = link;
    this.#sink = sink;
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

  /** Twilio has no word for it. */
  ready(): void {}

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (this.#isOver || this.#writer === undefined) return;
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return;
    assert(payload.length === FRAME_BYTES, "a frame has its stream's length", {
      payloadBytes: payload.length,
      frameBytes: FRAME_BYTES,
    });
    this.#link.send(this.#writer.media(payload));
  }

  sendMark(_streamId: number, name: string): void {
    if (this.#isOver || this.#writer === undefined) return;
    this.#marks.add(name);
    this.#link.send(this.#writer.mark(name));
  }

  sendClear(_streamId: number, utterance: number): void {
    if (this.#isOver || this.#writer === undefined) return;
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    this.#marks.blur();
    this.#link.send(this.#writer.clear());
  }

  hangup(_streamId: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close(1000, reason);
  }

  closed(): void {
    this.#end(this.#isBroken ? "protocolError" : "connectionLost");
  }

  #take(message: Uint8Array | string): void {
    if (typeof message !== "string") throw binaryMessage(message);
    if (this.#scanner?.(message, scan) === true) {
      this.#media(message, scan.payloadStart, scan.payloadEnd, scan.timestampMs);
      return;
    }
    this.#receiveParsed(parseTwilio(message));
  }

  #receiveParsed(message: TwilioMessage): void {
    switch (message.event) {
      case "connected":
      case "unknown":
        return;
      case "start":
        return this.#start(message);
      case "media":
        this.#checkStream(message);
        if (!message.isInbound) return;
        return this.#media(message.payload, 0, message.payload.length, message.timestampMs);
      case "dtmf":
        this.#checkStream(message);
        return this.#sink.dtmf(STREAM_ID, message.digit);
      case "mark":
        this.#checkStream(message);
        return this.#markReturned(message.name);
      case "stop":
        this.#checkStream(message);
        return this.#end("hangup");
    }
  }

  #start(start: TwilioStart): void {
    if (this.#streamSid !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "start came twice, once is right");
    }
    this.#streamSid = start.streamSid;
    this.#writer = twilioWriter(start.streamSid);
    this.#scanner = twilioScanner(start.streamSid);
    const { callId, token, ...parameters } = start.customParameters;
    this.#sink.started({
      streamId: STREAM_ID,
      format: FORMAT,
      frameMs: FRAME_MS,
      ...(callId === undefined ? {} : { callId }),
      ...(token === undefined ? {} : { token }),
      parameters,
      peerIds: {
        streamSid: start.streamSid,
        callSid: start.callSid,
        accountSid: start.accountSid,
      },
    });
  }

  #media(text: string, start: number, end: number, timestampMs: number): void {
    const bytes = decodePayload(text, start, end, scratch);
    if (timestampMs >= 0) this.#followClock(timestampMs);
    this.#cutter.cut(scratchBytes.subarray(0, bytes), (frame) => {
      if (this.#isOver) return;
      const samples = this.#samples;
      this.#samples += FRAME_BYTES;
      this.#sink.frame(STREAM_ID, frame, samples);
    });
  }

  /** Moves media time over a gap in Twilio's timestamps, by whole frames. */
  #followClock(timestampMs: number): void {
    this.#anchorMs ??= timestampMs;
    const hereSamples = this.#samples + this.#cutter.waitingBytes;
    const gapSamples = (timestampMs - this.#anchorMs) * SAMPLES_PER_MS - hereSamples;
    if (gapSamples < GAP_SAMPLES_MIN) return;
    if (gapSamples > GAP_SAMPLES_MAX) {
      this.#anchorMs = timestampMs - hereSamples / SAMPLES_PER_MS;
      return;
    }
    this.#cutter.reset();
    this.#samples += Math.floor(gapSamples / FRAME_BYTES) * FRAME_BYTES;
  }

  #markReturned(name: string): void {
    const certainty = this.#marks.take(name);
    if (certainty !== undefined) this.#sink.markReached(STREAM_ID, name, certainty);
  }

  #checkStream(message: { readonly event: string; readonly streamSid: string }): void {
    if (this.#streamSid === message.streamSid) return;
    if (this.#streamSid === undefined) {
      throw new ProtocolError(
        "PROTOCOL_ORDER",
        `${message.event} came before start, start first is right`,
      );
    }
    throw new ProtocolError(
      "PROTOCOL_STREAM",
      `${message.event} is of stream ${message.streamSid}, ${this.#streamSid} is right`,
      { streamSid: message.streamSid, expected: this.#streamSid },
    );
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#streamSid !== undefined) this.#sink.ended(STREAM_ID, reason);
  }
}

function binaryMessage(message: Uint8Array): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_MESSAGE_KIND",
    `message is ${message.length} binary bytes, a text message is right`,
    { messageBytes: message.length },
  );
}
