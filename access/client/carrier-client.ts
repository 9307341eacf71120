/**
 * A carrier's side of its JSON media stream, for tests, benches and simulated callees. It does what
 * carriers do with our audio: queues it without limit worth mentioning, plays it in real time,
 * returns each mark when the audio before it has sounded, and drops the queue when told to clear.
 * How a carrier spells that is its dialect.
 */
import { frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { OpenOpus, OpusLine } from "../../codecs/audio/opus-line.js";
import { readFields, type FieldReader } from "../../codecs/wire/fields.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { decodeBase64, encodeBase64 } from "./base64.js";
import { browserTime } from "./browser-time.js";
import { bufferFull, wrongLength } from "./client-errors.js";
import { ClientSocket } from "./client-socket.js";
import { MediaClock } from "./media-clock.js";
import type { ClientTime, MediaClient, MediaClientListener, OpenSocket } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

export type CarrierClientOptions = {
  readonly url: string;
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly socket: OpenSocket;
  readonly listener: MediaClientListener;
  /** More custom parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What the carrier calls the stream; default made from the call id. */
  readonly streamId?: string;
  /** Default 20: see `PlayoutBuffer`. */
  readonly jitterMs?: number;
  /** Default 30 000 (ten minutes). */
  readonly framesMax?: number;
  readonly time?: ClientTime;
};

/** What the engine told a carrier. */
export type CarrierOrder =
  | { readonly kind: "media"; readonly payload: string }
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "clear" };

type Fields = Readonly<Record<string, unknown>>;

/** How a carrier writes what it sends, and reads what it gets. */
export type CarrierDialect = {
  readonly format: AudioFormat;
  /** Where the audio is in Opus packets of 20 ms, both ways. */
  readonly openOpus?: OpenOpus;
  /** Marks that a clear overtakes come back, or are never heard of again. */
  readonly clearedMarks: "returned" | "dropped";
  /** Said before the stream starts, if anything. */
  readonly hello?: string;
  /** Each message as its fields, in the order of keys that the carrier uses. */
  readonly start: (stream: CarrierStream) => Fields;
  readonly media: (stream: CarrierStream, frame: CarrierFrame) => Fields;
  readonly dtmf: (stream: CarrierStream, digit: string) => Fields;
  readonly mark: (stream: CarrierStream, name: string) => Fields;
  /** The callee hung up; left out by carriers that just close. */
  readonly stop?: (stream: CarrierStream) => Fields;
  /** @throws {ProtocolError} */
  readonly read: (message: FieldReader, stream: CarrierStream) => CarrierOrder;
};

/** The stream as the carrier knows it. */
export type CarrierStream = {
  readonly streamId: string;
  readonly callId: string;
  readonly token: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the message that is being written, from 1. */
  sequence: number;
};

export type CarrierFrame = {
  /** From 1. */
  readonly chunk: number;
  /** ms since the stream's start. */
  readonly timestampMs: number;
  /** Base64. */
  readonly payload: string;
};

const frameMs = 20;

/** Connects and starts the stream as the carrier would. */
export function connectCarrierClient(
  options: CarrierClientOptions,
  dialect: CarrierDialect,
): MediaClient {
  return new CarrierClient(options, dialect);
}

class CarrierClient implements MediaClient {
  readonly format: AudioFormat;
  readonly frameMs = frameMs;
  readonly frameBytes: number;
  readonly #options: CarrierClientOptions;
  readonly #dialect: CarrierDialect;
  readonly #time: ClientTime;
  readonly #stream: CarrierStream;
  readonly #socket: ClientSocket;
  readonly #buffer: PlayoutBuffer;
  readonly #clock = new MediaClock(frameMs);
  readonly #opus: OpusLine | undefined;
  #chunk = 0;
  #receivedBytes = 0;
  #isStarted = false;
  #isOver = false;

  constructor(options: CarrierClientOptions, dialect: CarrierDialect) {
    const { callId, token, parameters = {}, streamId = `MZ${callId}` } = options;
    this.#options = options;
    this.#dialect = dialect;
    this.format = dialect.format;
    this.frameBytes = frameBytes(dialect.format, frameMs);
    this.#opus = dialect.openOpus?.(dialect.format, frameMs);
    this.#time = options.time ?? browserTime;
    this.#stream = { streamId, callId, token, parameters, sequence: 0 };
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs: options.jitterMs ?? 20,
      framesMax: options.framesMax ?? 30_000,
      played: (frame) => options.listener.played?.(frame),
      markReached: (name) => this.#returnMark(name),
    });
    this.#socket = new ClientSocket({
      url: options.url,
      protocols: [],
      open: options.socket,
      listener: options.listener,
      opened: () => this.#start(),
      message: (data) => this.#receive(data),
      gone: (code) => this.#gone(code),
    });
  }

  sendFrame(payload: Uint8Array, dueMs = this.#time.nowMs()): void {
    if (payload.length !== this.frameBytes) throw wrongLength(payload.length, this.frameBytes);
    if (this.#isOver || !this.#isStarted) return;
    const timestampMs = this.#clock.take(dueMs);
    if (!this.#socket.isFlowing) return;
    this.#chunk += 1;
    const frame = {
      chunk: this.#chunk,
      timestampMs,
      payload: encodeBase64(this.#opus?.encode(payload) ?? payload),
    };
    this.#send((stream) => this.#dialect.media(stream, frame));
  }

  sendDtmf(digit: string): void {
    if (this.#isOver || !this.#isStarted) return;
    this.#send((stream) => this.#dialect.dtmf(stream, digit));
  }

  hangup(): void {
    if (this.#isOver) return;
    this.#end();
    const { stop } = this.#dialect;
    if (this.#isStarted && stop !== undefined) this.#send(stop);
    this.#socket.close(1000, "stop");
  }

  #start(): void {
    const { hello, start } = this.#dialect;
    if (hello !== undefined) this.#socket.send(hello);
    this.#send(start);
    this.#isStarted = true;
    // Carriers know no answer: the line is open once the stream has started.
    this.#options.listener.ready?.({ isResumed: false });
  }

  #send(fieldsOf: (stream: CarrierStream) => Fields): void {
    this.#stream.sequence += 1;
    this.#socket.send(JSON.stringify(fieldsOf(this.#stream)));
  }

  #receive(data: Uint8Array | string): void {
    if (this.#isOver) return;
    const order = this.#dialect.read(readFields(parse(data), "message"), this.#stream);
    switch (order.kind) {
      case "media":
        return this.#media(order.payload);
      case "mark":
        return this.#buffer.pushMark(order.name, 0);
      case "clear":
        return this.#clear();
    }
  }

  /** Any length is right; it sounds, and is cleared, in pieces of 20 ms. */
  #media(text: string): void {
    const given = decodeBase64(text);
    const payload = given === undefined ? undefined : (this.#opus?.decode(given) ?? given);
    if (payload === undefined) {
      throw new ProtocolError("PROTOCOL_PAYLOAD", "media.payload is not base64", {
        payloadCharacters: text.length,
      });
    }
    for (let offset = 0; offset < payload.length; offset += this.frameBytes) {
      this.#play(payload.slice(offset, offset + this.frameBytes));
    }
  }

  #play(payload: Uint8Array): void {
    const bytesPerSample = this.format.codec === "l16" ? 2 : 1;
    const frame = {
      payload,
      durationMs: (payload.length / this.frameBytes) * frameMs,
      utterance: 0,
      mediaSamples: this.#receivedBytes / bytesPerSample,
      arrivedMs: this.#time.nowMs(),
    };
    this.#receivedBytes += payload.length;
    this.#options.listener.frame?.(frame);
    if (this.#buffer.push(frame) || this.#buffer.refusedFrames !== 1) return;
    this.#options.listener.error?.(bufferFull(this.#buffer.waitingFrames));
  }

  #clear(): void {
    const { frames, marks } = this.#buffer.clear(0);
    const atMs = this.#time.nowMs();
    this.#options.listener.clear?.({ utterance: 0, droppedFrames: frames, atMs });
    if (this.#dialect.clearedMarks === "dropped") return;
    for (const name of marks) this.#returnMark(name);
  }

  #returnMark(name: string): void {
    this.#send((stream) => this.#dialect.mark(stream, name));
    this.#options.listener.mark?.(name);
  }

  /** The engine hangs up by closing. */
  #gone(code: number): void {
    const isEngine = !this.#isOver && code === 1000;
    this.#end();
    if (isEngine) this.#options.listener.hangup?.("closed");
  }

  #end(): void {
    this.#isOver = true;
    this.#buffer.close();
  }
}

/** The payload of a message of ours. */
export function payloadText(media: FieldReader): string {
  return media.text("payload", { lengthMin: 0, lengthMax: 1_000_000, isSecret: true });
}

function parse(data: Uint8Array | string): unknown {
  if (typeof data !== "string") {
    throw new ProtocolError(
      "PROTOCOL_MESSAGE_KIND",
      `message is ${data.length} binary bytes, a text message is right`,
    );
  }
  try {
    return JSON.parse(data);
  } catch {
    // The parser's own words would quote the message.
    throw new ProtocolError("PROTOCOL_JSON", `message of ${data.length} characters is not JSON`);
  }
}
