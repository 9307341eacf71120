/**
 * Voxtree native v1, the engine's end. The client starts streams; both send frames; the engine
 * marks and clears, the client says what it played; either hangs up, and the other answers with a
 * hang-up of its own, after which the stream is gone. `docs/protocol.md` is the specification.
 */
import { assert } from "../../base/assert.js";
import {
  DEFAULT_NATIVE_LIMITS,
  NativeChannel,
  newNativeStream,
  type NativeReceiver,
  type NativeStream,
} from "../../codecs/wire/native-channel.js";
import type {
  ControlMessage,
  ErrorMessage,
  NativeLimits,
  StartMessage,
} from "../../codecs/wire/native-control.js";
import {
  NATIVE_HEADER_BYTES,
  NATIVE_SUBPROTOCOL,
  RECORD_TYPES,
  recordName,
  type NativeHeader,
} from "../../codecs/wire/native-v1.js";
import type { OpenOpus } from "../../codecs/audio/opus-line.js";
import { isProtocolError, ProtocolError } from "../../codecs/wire/protocol-error.js";
import type { MediaFigures } from "./media-figures.js";
import type {
  MediaPeer,
  MediaProtocol,
  MediaSession,
  MediaSink,
  ReadyOptions,
} from "./media-protocol.js";
import { agreeOnOpus, isOvertaken, newNativeLeg, type NativeLeg as Leg } from "./native-leg.js";

export type NativeProtocolOptions = {
  /** Opens Opus for streams that want it; left out, none gets it. */
  readonly opus?: OpenOpus;
  /** What we take; must not be above the transport's own bounds. */
  readonly limits?: Partial<NativeLimits>;
  /** Said in hello, e.g. `voxtree/0.1.0`. */
  readonly agent?: string;
};

/** The native protocol for the gateway. */
export function nativeProtocol(options: NativeProtocolOptions = {}): MediaProtocol {
  const limits = { ...DEFAULT_NATIVE_LIMITS, ...options.limits };
  const agent = options.agent ?? "voxtree";
  return {
    name: "native-v1",
    path: "/media/native/v1",
    subprotocol: NATIVE_SUBPROTOCOL,
    marks: "played",
    canResume: true,
    open: (send, sink, _close, peer) =>
      new NativeSession({ send, sink, limits, agent, peer, opus: options.opus }),
  };
}

/** Records of streams that are not open: more show a client that does not know what it does. */
const STRAY_RECORDS_MAX = 1000;
/** For the word about a stream that never was. */
const anyFormat = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;

class NativeSession implements MediaSession, NativeReceiver {
  readonly #channel: NativeChannel;
  readonly #sink: MediaSink;
  readonly #limits: NativeLimits;
  readonly #legs = new Map<number, Leg>();
  readonly #openOpus: OpenOpus | undefined;
  readonly #peer: MediaPeer;
  #strayRecords = 0;
  /** The view of the newest payload, and what it is of. */
  #payload: Uint8Array = new Uint8Array(0);
  #viewed: Uint8Array | undefined;
  #viewedOffset = 0;
  #isDead = false;

  constructor(options: {
    readonly send: (message: Uint8Array) => void;
    readonly sink: MediaSink;
    readonly limits: NativeLimits;
    readonly agent: string;
    readonly peer: MediaPeer;
    readonly opus: OpenOpus | undefined;
  }) {
    this.#openOpus = options.opus;
    this.#peer = options.peer;
    this.#channel = new NativeChannel({ ...options, packing: options.peer.packing });
    this.#sink = options.sink;
    this.#limits = options.limits;
  }

  get isTrunk(): boolean {
    return (this.#channel.peerLimits?.streamsMax ?? 1) > 1;
  }

  latencyMs(streamId: number): number {
    return this.#legs.get(streamId)?.opus?.packer.latencyMs ?? 0;
  }

  figures(streamId: number): MediaFigures | undefined {
    const opus = this.#legs.get(streamId)?.opus;
    return opus === undefined ? undefined : { opus: opus.figures };
  }

  flush(): void {
    this.#channel.flush();
  }

  receive(message: Uint8Array | string): void {
    if (this.#isDead) return;
    try {
      this.#channel.receive(message, this);
    } catch (error) {
      if (isProtocolError(error)) this.#die(error);
      throw error;
    }
  }

  ready(streamId: number, options: ReadyOptions = {}): void {
    const leg = this.#openLeg(streamId);
    if (leg === undefined) return;
    const { resume, resumeMs, isResumed = false, receivedSamples, keys } = options;
    const { stream } = leg;
    stream.outSamples = options.sentSamples ?? 0;
    stream.earlierInSamples = receivedSamples ?? -1;
    const opus = agreeOnOpus(leg, {
      channel: this.#channel,
      openOpus: this.#openOpus,
      peer: this.#peer,
      changed: (change) => this.#sink.rateChanged?.(streamId, change),
    });
    this.#channel.sendControl("ready", stream, {
      format: stream.format,
      isResumed,
      ...opus,
      ...(resume === undefined ? {} : { resume }),
      ...(resumeMs === undefined ? {} : { resumeMs }),
      ...(receivedSamples === undefined ? {} : { receivedTime: receivedSamples % 0x1_0000_0000 }),
      ...(keys === undefined ? {} : { keys }),
    });
    // Its pong says that `ready` was read.
    if (resume !== undefined) this.#channel.sendControl("ping", undefined, { id: streamId });
  }

  sendFrame(streamId: number, payload: Uint8Array, utterance: number): void {
    const leg = this.#openLeg(streamId);
    if (leg === undefined || isOvertaken(leg, utterance)) return;
    const { stream } = leg;
    assert(payload.length === stream.frameBytes, "a frame has its stream's length", {
      payloadBytes: payload.length,
      frameBytes: stream.frameBytes,
    });
    leg.lastUtterance = utterance;
    const { opus } = leg;
    const { outSamples } = stream;
    if (opus === undefined) this.#channel.sendAudio(stream, payload, utterance, outSamples);
    else opus.send(payload, utterance, outSamples);
    stream.outSamples += stream.frameSamples;
  }

  sendMark(streamId: number, name: string): void {
    const leg = this.#openLeg(streamId);
    if (leg === undefined) return;
    // A mark stands behind all audio so far, also behind what waits for more.
    leg.opus?.packer.flush();
    leg.marks.add(name);
    const place = { utterance: leg.lastUtterance, mediaTime: leg.stream.outSamples };
    this.#channel.sendControl("mark", leg.stream, { name }, place);
  }

  sendClear(streamId: number, utterance: number): void {
    const leg = this.#openLeg(streamId);
    if (leg === undefined) return;
    leg.clearedUtterance = Math.max(leg.clearedUtterance, utterance);
    leg.opus?.packer.clear(utterance);
    this.#channel.sendControl("clear", leg.stream, {}, { utterance });
  }

  hangup(streamId: number, reason: string): void {
    // Also on a connection that is about to close: no end of it is told any more.
    const leg = this.#legs.get(streamId);
    if (leg === undefined || leg.isClosing) return;
    if (!this.#isDead) leg.opus?.packer.flush();
    leg.isClosing = true;
    if (this.#isDead) return;
    this.#channel.sendControl("hangup", leg.stream, { reason: reason.slice(0, 256) || "hangup" });
  }

  release(streamId: number, reason: string): void {
    this.hangup(streamId, reason);
  }

  closed(): void {
    this.#endAll(this.#isDead ? "protocolError" : "connectionLost");
    this.#isDead = true;
  }

  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void {
    // What the peer sent before it learned of our hang-up is of no interest.
    const { isClosing, opus } = this.#legs.get(stream.id)!;
    if (isClosing) return;
    const rate = opus?.heard(samples);
    if (rate !== undefined) this.#channel.sendControl("rate", stream, rate);
    this.#sink.frame(stream.id, this.#payloadOf(message, header), samples);
  }

  /** A plain view: a driver's message may be a `Buffer`, whose `slice` does not copy. */
  #payloadOf(message: Uint8Array, { payloadOffset, payloadBytes }: NativeHeader): Uint8Array {
    // A driver may bring message after message in one and the same view.
    const isSame = message === this.#viewed && payloadOffset === this.#viewedOffset;
    if (isSame && payloadBytes === this.#payload.length) return this.#payload;
    this.#viewed = message;
    this.#viewedOffset = payloadOffset;
    const offset = message.byteOffset + payloadOffset;
    this.#payload = new Uint8Array(message.buffer, offset, payloadBytes);
    return this.#payload;
  }

  control(message: ControlMessage, header: NativeHeader, stream: NativeStream | undefined): void {
    switch (message.name) {
      case "hello":
        return this.#channel.sendHello();
      case "ping":
        return this.#channel.sendControl("pong", undefined, message.body);
      case "pong":
        return this.#pong(message.body.id);
      case "error":
        return this.#peerFailed(stream);
      case "start":
        return this.#start(header.streamId, message.body);
      case "hangup":
        return this.#peerHungUp(this.#legs.get(stream!.id)!, message.body.reason);
      case "report":
        return this.#legs.get(stream!.id)!.opus?.report(message.body);
      case "dtmf":
      case "mark":
        return this.#fromOpenLeg(message, this.#legs.get(stream!.id)!);
      case "ready":
      case "clear":
      case "rate":
        throw new ProtocolError(
          "PROTOCOL_ORDER",
          `${recordName(header.type)} came from the client, only the engine sends it`,
          { type: header.type },
        );
    }
  }

  /** On a trunk one call's misbehaviour ends that call, not the connection. */
  streamBroke({ type, streamId }: NativeHeader, error: ProtocolError): boolean {
    if (!this.isTrunk) return false;
    const leg = this.#legs.get(streamId);
    if (leg === undefined) return this.#strayRecord(type, streamId, error);
    const { stream, isClosing } = leg;
    stream.isBroken = true;
    leg.isClosing = true;
    leg.opus?.packer.close();
    this.#channel.sendControl("error", stream, errorBody(error));
    if (isClosing) return true;
    this.#sink.broken?.(streamId, error);
    this.#sink.ended(streamId, "protocolError");
    return true;
  }

  /** Of a stream that is not open: who tries to open it is told, all else is dropped. */
  #strayRecord(type: number, streamId: number, error: ProtocolError): boolean {
    this.#strayRecords += 1;
    if (type === RECORD_TYPES.start) {
      this.#channel.sendControl("error", newNativeStream(streamId, anyFormat), errorBody(error));
    }
    return this.#strayRecords <= STRAY_RECORDS_MAX;
  }

  #pong(streamId: number): void {
    if (this.#openLeg(streamId) !== undefined) this.#sink.confirmed?.(streamId);
  }

  #start(streamId: number, start: Readonly<StartMessage>): void {
    this.#checkId(streamId);
    const leg = newNativeLeg(streamId, start);
    this.#checkPeerTakes(leg.stream);
    this.#channel.streams.set(streamId, leg.stream);
    this.#legs.set(streamId, leg);
    const { callId, token, parameters, resume, receivedTime, format } = start;
    this.#sink.started({
      streamId,
      format: { codec: format.codec, rateHz: format.rateHz },
      frameMs: format.frameMs,
      callId,
      token,
      ...(resume === undefined ? {} : { resume }),
      ...(receivedTime === undefined ? {} : { receivedTime }),
      parameters,
      peerIds: {},
    });
  }

  #checkId(streamId: number): void {
    if (this.#legs.has(streamId)) {
      throw new ProtocolError(
        "PROTOCOL_STREAM",
        `start is for stream ${streamId}, which is open; an unused id is right`,
        { streamId },
      );
    }
    const { streamsMax } = this.#limits;
    if (this.#legs.size < streamsMax) return;
    throw new ProtocolError(
      "PROTOCOL_LIMIT",
      `start would open stream number ${this.#legs.size + 1}, at most ${streamsMax} is right`,
      { streamsMax },
    );
  }

  #checkPeerTakes(stream: NativeStream): void {
    const messageBytes = NATIVE_HEADER_BYTES + stream.frameBytes;
    const messageBytesMax = this.#channel.peerLimits!.messageBytesMax;
    if (messageBytes <= messageBytesMax) return;
    throw new ProtocolError(
      "PROTOCOL_LIMIT",
      `start asks for frames of ${messageBytes} bytes with their header, but hello takes only ` +
        `${messageBytesMax}`,
      { messageBytes, messageBytesMax },
    );
  }

  #fromOpenLeg(message: Extract<ControlMessage, { name: "dtmf" | "mark" }>, leg: Leg): void {
    if (leg.isClosing) return;
    const streamId = leg.stream.id;
    if (message.name === "dtmf") {
      this.#sink.dtmf(streamId, message.body.digit);
      return;
    }
    const certainty = leg.marks.take(message.body.name);
    if (certainty !== undefined) this.#sink.markReached(streamId, message.body.name, certainty);
  }

  #peerHungUp(leg: Leg, reason: string): void {
    const { stream, isClosing } = leg;
    if (!isClosing) this.#channel.sendControl("hangup", stream, { reason: "answer" });
    this.#remove(stream.id);
    if (!isClosing) this.#sink.ended(stream.id, reason);
  }

  /** The peer gave up: on one stream, or on the whole connection. */
  #peerFailed(stream: NativeStream | undefined): void {
    if (stream === undefined) this.#endAll("peerError");
    else this.#endOne(this.#legs.get(stream.id)!, "peerError");
  }

  #die(error: ProtocolError): void {
    this.#isDead = true;
    this.#channel.sendControl("error", undefined, errorBody(error));
  }

  #endAll(reason: string): void {
    for (const leg of [...this.#legs.values()]) this.#endOne(leg, reason);
  }

  #endOne(leg: Leg, reason: string): void {
    this.#remove(leg.stream.id);
    if (!leg.isClosing) this.#sink.ended(leg.stream.id, reason);
  }

  #remove(streamId: number): void {
    this.#legs.get(streamId)?.opus?.packer.close();
    this.#legs.delete(streamId);
    this.#channel.streams.delete(streamId);
  }

  #openLeg(streamId: number): Leg | undefined {
    const leg = this.#isDead ? undefined : this.#legs.get(streamId);
    return leg?.isClosing === true ? undefined : leg;
  }
}

function errorBody({ code, message, detail }: ProtocolError): ErrorMessage {
  return { code, message: message.slice(0, 1024), detail };
}
