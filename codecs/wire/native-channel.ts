/**
 * Voxtree native v1, the half that both ends share: records out with their sequence numbers, and
 * messages in, record by record, with everything checked that does not depend on which end this
 * is. Free of Node: it runs in a browser.
 */
import {
  decodeControl,
  encodeControl,
  type ControlMessage,
  type ControlMessages,
  type ControlName,
  type NativeFormat,
  type NativeLimits,
} from "./native-control.js";
import { checkFrame, checkSequence, mediaTimeOf, nextSequence } from "./native-order.js";
import {
  codecIdOf,
  emptyNativeHeader,
  encodeRecord,
  isKnownType,
  NATIVE_HEADER_BYTES,
  NATIVE_VERSION,
  OPUS_CODEC_ID,
  readRecord,
  RECORD_TYPES,
  recordName,
  writeHeader,
  type NativeHeader,
} from "./native-v1.js";
import { codecOf, formatKey, frameBytes, frameSamples } from "../audio/audio-codec.js";
import type { OpusLine } from "../audio/opus-line.js";
import { decodedFrames } from "./native-opus.js";
import { isProtocolError, ProtocolError } from "./protocol-error.js";

/** What we take unless configured otherwise. */
export const DEFAULT_NATIVE_LIMITS: NativeLimits = {
  messageBytesMax: 64 * 1024,
  controlBytesMax: 8 * 1024,
  streamsMax: 64,
};

/** The state of one stream, both directions. Mutable; belongs to its channel. */
export type NativeStream = {
  readonly id: number;
  readonly format: NativeFormat;
  readonly codecId: number;
  readonly bytesPerSample: number;
  readonly frameBytes: number;
  readonly frameSamples: number;
  readonly words: string;
  inSequence: number;
  outSequence: number;
  /** Full media time where the last frame from the peer ended; -1 before the first. */
  inSamples: number;
  /** Full media time where the last frame ended on earlier connections; -1 if there was none. */
  earlierInSamples: number;
  /** Samples sent. */
  outSamples: number;
  /** Once both agreed on it: frames may come as Opus packets. */
  opus: OpusLine | undefined;
  /** It broke a rule: of what still comes only its hang-up counts. */
  isBroken: boolean;
};

/** Messages longer than this gain nothing. */
const packBytesMax = 64 * 1024;
const nothing = new Uint8Array(0);

/** What breaks a connection as a whole: the next record cannot be found, or must not be skipped. */
const connectionFaults: ReadonlySet<string> = new Set([
  "PROTOCOL_TRUNCATED",
  "PROTOCOL_VERSION",
  "PROTOCOL_TYPE",
  "PROTOCOL_OVERSIZE",
  "PROTOCOL_MESSAGE_KIND",
]);

/** Who takes what a channel reads. */
export type NativeReceiver = {
  /** One frame, checked. The payload is `message` from `header.payloadOffset`. */
  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void;
  /** A control message, checked in itself; the stream is undefined for the connection's own. */
  control(message: ControlMessage, header: NativeHeader, stream: NativeStream | undefined): void;
  /**
   * A record of one stream broke a rule. Where the others on the connection can go on without it,
   * returns true: the record is skipped. Else `receive` throws.
   */
  streamBroke?(header: NativeHeader, error: ProtocolError): boolean;
};

/** How records are packed into messages. */
export type NativePacking = {
  /** Audio waits: `flush` must be called within the slot, 2 ms. */
  packed(): void;
  /** All that was sent is with the system: the memory of messages may be used again. */
  isDrained(): boolean;
};

/** A stream at its start. Sequence numbers of both directions begin at 0. */
export function newNativeStream(id: number, format: NativeFormat): NativeStream {
  return {
    id,
    format,
    codecId: codecIdOf(format.codec),
    bytesPerSample: codecOf(format.codec).bytesPerSample,
    frameBytes: frameBytes(format, format.frameMs),
    frameSamples: frameSamples(format.rateHz, format.frameMs),
    words: `${format.frameMs} ms of ${formatKey(format)}`,
    inSequence: 0,
    outSequence: 0,
    inSamples: -1,
    earlierInSamples: -1,
    outSamples: 0,
    opus: undefined,
    isBroken: false,
  };
}

export class NativeChannel {
  /** Open streams by id. The owner adds and removes them. */
  readonly streams = new Map<number, NativeStream>();
  readonly #send: (message: Uint8Array) => void;
  readonly #limits: NativeLimits;
  readonly #agent: string;
  readonly #packing: NativePacking | undefined;
  /** Records that wait to be sent as one message. */
  #pack = nothing;
  #packBytes = 0;
  #packCapacity = 1024;
  readonly #inHeader = emptyNativeHeader();
  readonly #outHeader = emptyNativeHeader();
  /** Sequence numbers of the connection's own records. */
  #inSequence = 0;
  #outSequence = 0;
  #peerLimits: NativeLimits | undefined;

  constructor(options: {
    readonly send: (message: Uint8Array) => void;
    readonly limits: NativeLimits;
    readonly agent: string;
    /** Without it every record is a message of its own, sent at once. */
    readonly packing?: NativePacking | undefined;
  }) {
    this.#send = options.send;
    this.#limits = options.limits;
    this.#agent = options.agent;
    this.#packing = options.packing;
  }

  /** What the peer takes; undefined before its hello. */
  get peerLimits(): NativeLimits | undefined {
    return this.#peerLimits;
  }

  /** Says which versions we speak and what we take. */
  sendHello(): void {
    const body = { versions: [NATIVE_VERSION], limits: this.#limits, agent: this.#agent };
    this.sendControl("hello", undefined, body);
  }

  /** Sends a control record, of a stream or of the connection. */
  sendControl<Name extends ControlName>(
    name: Name,
    stream: NativeStream | undefined,
    body: Readonly<ControlMessages[Name]>,
    place: { readonly utterance?: number; readonly mediaTime?: number } = {},
  ): void {
    const header = this.#outHeader;
    header.type = RECORD_TYPES[name];
    header.codecId = 0;
    header.utterance = place.utterance ?? 0;
    header.mediaTime = (place.mediaTime ?? 0) >>> 0;
    this.#sendRecord(stream, encodeControl(name, body));
    this.flush();
  }

  /** Sends one frame, or packs it for `flush`; copies the payload. */
  sendAudio(
    stream: NativeStream,
    payload: Uint8Array,
    utterance: number,
    samples: number,
    isOpus = false,
  ): void {
    const header = this.#outHeader;
    header.type = RECORD_TYPES.audio;
    header.codecId = isOpus ? OPUS_CODEC_ID : stream.codecId;
    header.utterance = utterance;
    header.mediaTime = samples % 0x1_0000_0000;
    this.#sendRecord(stream, payload);
  }

  /** Sends what is packed, as one message. */
  flush(): void {
    if (this.#packBytes === 0) return;
    const message = this.#pack.subarray(0, this.#packBytes);
    this.#packBytes = 0;
    this.#send(message);
    // Else the connection still needs the memory.
    if (this.#packing?.isDrained() !== true) this.#pack = nothing;
  }

  /**
   * Reads a message and hands on its records in order; unknown types are skipped.
   *
   * @throws {ProtocolError} at the first record that breaks a rule; those before it were handed on.
   */
  receive(message: Uint8Array | string, receiver: NativeReceiver): void {
    if (typeof message === "string") throw textMessage(message);
    this.#checkMessage(message);
    const header = this.#inHeader;
    for (let offset = 0; offset < message.length;) {
      const start = offset;
      try {
        offset = readRecord(message, offset, header, this.#limits.messageBytesMax);
        if (header.type === RECORD_TYPES.audio) this.#audio(header, message, receiver);
        else this.#control(header, message, receiver);
      } catch (error) {
        if (!this.#isOfOneStream(error, header)) throw error;
        if (receiver.streamBroke?.(header, error) !== true) throw error;
        if (offset === start) offset = header.payloadOffset + header.payloadBytes;
      }
    }
  }

  /** Whether the record is whole, and only what it says about its stream is wrong. */
  #isOfOneStream(error: unknown, { streamId }: NativeHeader): error is ProtocolError {
    if (!isProtocolError(error) || this.#peerLimits === undefined) return false;
    return streamId > 0 && !connectionFaults.has(error.code);
  }

  #audio(header: NativeHeader, message: Uint8Array, receiver: NativeReceiver): void {
    const stream = this.#streamOf(header);
    if (stream.isBroken) return;
    if (header.codecId === OPUS_CODEC_ID && stream.opus !== undefined) {
      return this.#packet(stream, header, message, receiver);
    }
    checkFrame(header, stream);
    const samples = mediaTimeOf(header, stream);
    stream.inSamples = samples + stream.frameSamples;
    receiver.audio(stream, header, message, samples);
  }

  /** One packet, one or several frames. */
  #packet(
    stream: NativeStream,
    header: NativeHeader,
    message: Uint8Array,
    receiver: NativeReceiver,
  ): void {
    const { frameBytes, frameSamples } = stream;
    const frames = decodedFrames(stream, header, message);
    let samples = mediaTimeOf(header, stream);
    header.payloadBytes = frameBytes;
    for (let offset = 0; offset < frames.length; offset += frameBytes) {
      header.payloadOffset = offset;
      stream.inSamples = samples + frameSamples;
      receiver.audio(stream, header, frames, samples);
      samples += frameSamples;
    }
  }

  #control(header: NativeHeader, message: Uint8Array, receiver: NativeReceiver): void {
    if (!isKnownType(header.type)) {
      this.#countUnknown(header);
      return;
    }
    const isNewStream = header.type === RECORD_TYPES.start && !this.streams.has(header.streamId);
    const stream = header.streamId === 0 || isNewStream ? undefined : this.#streamOf(header);
    if (header.streamId === 0) this.#inSequence = checkSequence(header, this.#inSequence);
    if (isNewStream) checkSequence(header, 0);
    if (stream?.isBroken === true && header.type !== RECORD_TYPES.hangup) return;
    this.#checkControlLength(header);
    const end = header.payloadOffset + header.payloadBytes;
    const control = decodeControl(header.type, message.subarray(header.payloadOffset, end));
    if (control.name === "hello") this.#hello(control.body);
    else if (this.#peerLimits === undefined) throw helloFirst(header);
    receiver.control(control, header, stream);
  }

  #hello(body: Readonly<ControlMessages["hello"]>): void {
    if (this.#peerLimits !== undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", "hello came twice, once is right");
    }
    if (!body.versions.includes(NATIVE_VERSION)) {
      throw new ProtocolError(
        "PROTOCOL_VERSION",
        `hello.versions is ${body.versions.join(", ")}, a list with ${NATIVE_VERSION} is right`,
        { versions: body.versions },
      );
    }
    this.#peerLimits = body.limits;
  }

  /** The stream of a record, its sequence number checked. */
  #streamOf(header: NativeHeader): NativeStream {
    if (this.#peerLimits === undefined) throw helloFirst(header);
    const stream = this.streams.get(header.streamId);
    if (stream === undefined) throw unknownStream(header);
    if (stream.isBroken) return stream;
    stream.inSequence = checkSequence(header, stream.inSequence);
    return stream;
  }

  /** A record of a later version has its place in the count, if its stream is ours. */
  #countUnknown(header: NativeHeader): void {
    if (header.streamId === 0) this.#inSequence = checkSequence(header, this.#inSequence);
    else if (this.streams.has(header.streamId)) this.#streamOf(header);
  }

  #sendRecord(stream: NativeStream | undefined, payload: Uint8Array): void {
    const header = this.#outHeader;
    header.streamId = stream?.id ?? 0;
    header.sequence = stream?.outSequence ?? this.#outSequence;
    if (stream === undefined) this.#outSequence = nextSequence(this.#outSequence);
    else stream.outSequence = nextSequence(stream.outSequence);
    if (this.#packing === undefined) return this.#send(encodeRecord(header, payload));
    this.#addToPack(header, payload);
  }

  #addToPack(header: NativeHeader, payload: Uint8Array): void {
    const recordBytes = NATIVE_HEADER_BYTES + payload.length;
    if (this.#packBytes + recordBytes > this.#packBytesMax) this.flush();
    this.#makeRoom(this.#packBytes + recordBytes);
    header.payloadBytes = payload.length;
    writeHeader(this.#pack, this.#packBytes, header);
    this.#pack.set(payload, this.#packBytes + NATIVE_HEADER_BYTES);
    this.#packBytes += recordBytes;
    if (this.#packBytes === recordBytes) this.#packing!.packed();
  }

  /** What the peer takes in one message; before its hello, what every peer must. */
  get #packBytesMax(): number {
    return Math.min(this.#peerLimits?.messageBytesMax ?? 1024, packBytesMax);
  }

  #makeRoom(bytes: number): void {
    if (this.#pack.length >= bytes) return;
    while (this.#packCapacity < bytes) this.#packCapacity *= 2;
    const pack = new Uint8Array(this.#packCapacity);
    pack.set(this.#pack.subarray(0, this.#packBytes));
    this.#pack = pack;
  }

  #checkMessage(message: Uint8Array): void {
    const { messageBytesMax } = this.#limits;
    if (message.length > 0 && message.length <= messageBytesMax) return;
    throw new ProtocolError(
      message.length === 0 ? "PROTOCOL_TRUNCATED" : "PROTOCOL_OVERSIZE",
      `message has ${message.length} bytes, 1 record or more in at most ${messageBytesMax} bytes ` +
        "is right",
      { messageBytes: message.length, messageBytesMax },
    );
  }

  #checkControlLength(header: NativeHeader): void {
    const { controlBytesMax } = this.#limits;
    if (header.payloadBytes <= controlBytesMax) return;
    throw new ProtocolError(
      "PROTOCOL_OVERSIZE",
      `${recordName(header.type)} record has a payload of ${header.payloadBytes} bytes, at most ` +
        `${controlBytesMax} is right`,
      { payloadBytes: header.payloadBytes, payloadBytesMax: controlBytesMax },
    );
  }
}

function helloFirst(header: NativeHeader): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_ORDER",
    `${recordName(header.type)} record came before hello, hello first is right`,
    { type: header.type },
  );
}

function unknownStream(header: NativeHeader): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_STREAM",
    `${recordName(header.type)} record is of stream ${header.streamId}, which is not open; ` +
      "a stream that was started and has not hung up is right",
    { streamId: header.streamId, type: header.type },
  );
}

function textMessage(message: string): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_MESSAGE_KIND",
    `message is a text of ${message.length} characters, a binary message is right`,
    { messageCharacters: message.length },
  );
}
