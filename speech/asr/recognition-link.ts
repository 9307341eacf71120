/**
 * One connection of a client to one recognition process, made anew whenever it is lost. It carries
 * the streams of many calls; what happens to it happens to all of them.
 */
import { createConnection, type Socket } from "node:net";
import { fromErrorData, type ErrorData } from "../../base/errors.js";
import type { Scheduler, Timer } from "../../base/ports.js";
import {
  RecognitionError,
  type Grammar,
  type GrammarWarning,
  type RecognizerEvent,
} from "./recognizer.js";
import {
  decodeValue,
  encodeAudio,
  encodeMessage,
  MessageReader,
  MessageType,
  protocolError,
  type Message,
} from "./wire.js";

/** First wait before a new attempt; it doubles up to `reconnectMsMax`. */
const reconnectMs = 50;
const reconnectMsMax = 2000;
/** 8 s of audio at 16 kHz: a process that left this much unread does not keep up. */
const unsentBytesMax = 256 * 1024;
/** Beyond this not even small messages are sent: the process hangs, or is stopped. */
const unsentBytesHanging = 2 * unsentBytesMax;

/** The most audio of one message: half a second at 16 kHz. */
const messageSamples = 8000;

/** Whoever waits for a stream's events on this link. */
export interface LinkedStream {
  /** The process gave it a decoder. */
  opened(): void;
  received(event: RecognizerEvent): void;
}

export type LinkOptions = {
  readonly socketPath: string;
  readonly scheduler: Scheduler;
  readonly warn: (warning: GrammarWarning) => void;
  /** Connected: the moment to prepare grammars. */
  readonly connected: (link: RecognitionLink) => void;
};

export class RecognitionLink {
  readonly #options: LinkOptions;
  readonly #streams = new Map<number, LinkedStream>();
  #socket: Socket | undefined;
  #isUp = false;
  #isClosed = false;
  #lastStreamId = 0;
  #waitMs = reconnectMs;
  #retry: Timer | undefined;
  #cause: ErrorData | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Streams of this client that are open here. */
  get streamCount(): number {
    return this.#streams.size;
  }

  prepare(grammars: readonly Grammar[]): void {
    for (const grammar of grammars) {
      try {
        this.#send(encodeMessage(MessageType.prepare, 0, { grammar }));
      } catch (error) {
        // Too large. Whoever opens a stream with it is told.
        if (!(error instanceof RecognitionError)) throw error;
      }
    }
  }

  /**
   * Asks for a stream; only while the link is up. Returns its number on this link.
   *
   * @throws {RecognitionError} `RECOGNITION_REFUSED` when the grammar is too large
   */
  open(request: { readonly grammar: Grammar; readonly rateHz: number }, to: LinkedStream): number {
    this.#lastStreamId += 1;
    const id = this.#lastStreamId;
    const message = encodeMessage(MessageType.open, id, request);
    this.#streams.set(id, to);
    this.#send(message);
    return id;
  }

  /** False when too much is unsent already; the samples are then dropped. */
  write(id: number, samples: Int16Array): boolean {
    for (let at = 0; at < samples.length; at += messageSamples) {
      if ((this.#socket?.writableLength ?? 0) > unsentBytesMax) return false;
      this.#send(encodeAudio(id, samples.subarray(at, at + messageSamples)));
    }
    return true;
  }

  finish(id: number): void {
    this.#send(encodeMessage(MessageType.finish, id));
  }

  /** No more events of this stream. */
  cancel(id: number): void {
    if (this.#streams.delete(id)) this.#send(encodeMessage(MessageType.cancel, id));
  }

  /** Gives the connection up and makes a new one; open streams are lost. */
  reset(): void {
    this.#socket?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = createConnection(this.#options.socketPath);
    const reader = new MessageReader();
    this.#socket = socket;
    socket.once("connect", () => {
      this.#isUp = true;
      this.#options.connected(this);
    });
    socket.on("data", (bytes) => this.#receiveBytes(reader, bytes));
    // The close that follows does what is to be done.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#lost());
  }

  #lost(): void {
    this.#isUp = false;
    this.#socket = undefined;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    if (!this.#isClosed) {
      this.#retry = this.#options.scheduler.after(this.#waitMs, () => this.#connect());
      this.#waitMs = Math.min(2 * this.#waitMs, reconnectMsMax);
    }
    const error = lostError(this.#cause);
    this.#cause = undefined;
    for (const stream of streams) stream.received({ kind: "failed", error });
  }

  #receiveBytes(reader: MessageReader, bytes: Uint8Array): void {
    // It answers, so it is well again.
    this.#waitMs = reconnectMs;
    try {
      reader.read(bytes, (message) => this.#receive(message));
    } catch (error) {
      if (!(error instanceof RecognitionError)) throw error;
      this.#cause ??= { code: error.code, message: error.message, detail: error.detail };
      this.reset();
    }
  }

  #receive({ type, streamId, payload }: Message): void {
    switch (type) {
      case MessageType.opened:
        return this.#streams.get(streamId)?.opened();
      case MessageType.event: {
        const stream = this.#streams.get(streamId);
        const event = decodeValue(payload) as RecognizerEvent;
        if (event.kind !== "partial") this.#streams.delete(streamId);
        return stream?.received(event);
      }
      case MessageType.warning:
        return this.#options.warn(decodeValue(payload) as GrammarWarning);
      case MessageType.refused:
        return void (this.#cause = decodeValue(payload) as ErrorData);
      default:
        throw protocolError(`message type ${type} is not known to a client`);
    }
  }

  #send(message: Uint8Array): void {
    if (!this.#isUp || this.#socket === undefined) return;
    this.#socket.write(message);
    if (this.#socket.writableLength > unsentBytesHanging) this.reset();
  }
}

function lostError(cause: ErrorData | undefined): ErrorData {
  const message = "the connection to the recognition process was lost; open a new stream";
  const options = cause === undefined ? undefined : { cause: fromErrorData(cause) };
  const { code, detail } = new RecognitionError("RECOGNITION_LOST", message, {}, options);
  return { code, message, detail, ...(cause === undefined ? {} : { cause }) };
}
