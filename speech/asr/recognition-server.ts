/**
 * An engine behind a Unix socket. Each connection is a shard; what one of them does wrong, or does
 * not read, costs only its own streams.
 */
import { createServer, type Server, type Socket } from "node:net";
import { parseGrammar } from "./compiled-grammar.js";
import type { RecognitionEngine } from "./recognition-engine.js";
import {
  failureData,
  RecognitionError,
  type Grammar,
  type GrammarWarning,
  type RecognizerEvent,
  type RecognizerStream,
} from "./recognizer.js";
import {
  decodeAudio,
  decodeValue,
  encodeMessage,
  MessageReader,
  MessageType,
  protocolError,
  type Message,
} from "./wire.js";

/** Events are a few dozen bytes: a client that leaves this much unread is not reading. */
const unreadBytesMax = 256 * 1024;
/** How long a refusal may wait to be read. */
const refusalMsMax = 1000;
/** Streams of one connection at once: far more than there are decoders. */
const streamsMax = 1024;

/**
 * Serves `engine` to everybody who may open `socketPath`.
 *
 * @param socketPath in a directory that only this user may enter; at most 100 bytes
 * @returns once it listens; rejects with what `listen` says
 */
export async function serveRecognition(
  engine: RecognitionEngine,
  socketPath: string,
): Promise<RecognitionServer> {
  const connections = new Set<ServerConnection>();
  const server = createServer((socket) => {
    const connection = new ServerConnection(engine, socket);
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
  });
  await listen(server, socketPath);
  return {
    warn(warning) {
      for (const connection of connections) connection.warn(warning);
    },
    close() {
      server.close();
      for (const connection of connections) connection.close();
    },
  };
}

export interface RecognitionServer {
  /** Tells all clients. */
  warn(warning: GrammarWarning): void;
  close(): void;
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

class ServerConnection {
  readonly #engine: RecognitionEngine;
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  readonly #streams = new Map<number, RecognizerStream>();

  constructor(engine: RecognitionEngine, socket: Socket) {
    this.#engine = engine;
    this.#socket = socket;
    socket.on("data", (bytes) => this.#receiveBytes(bytes));
    // The close that follows does what is to be done.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#cancelAll());
  }

  warn(warning: GrammarWarning): void {
    this.#send(encodeMessage(MessageType.warning, 0, warning));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receiveBytes(bytes: Uint8Array): void {
    if (this.#socket.destroyed) return;
    try {
      this.#reader.read(bytes, (message) => this.#receive(message));
    } catch (error) {
      this.#cancelAll();
      this.#socket.removeAllListeners("data");
      const refusal = encodeMessage(MessageType.refused, 0, failureData(error));
      this.#socket.end(refusal, () => this.#socket.destroy());
      // It may be refused for what it sends and not read its refusal either.
      this.#socket.setTimeout(refusalMsMax, () => this.#socket.destroy());
    }
  }

  #receive({ type, streamId, payload }: Message): void {
    switch (type) {
      case MessageType.open:
        return this.#open(streamId, payload);
      case MessageType.audio:
        return this.#streams.get(streamId)?.write(decodeAudio(payload));
      case MessageType.finish:
        return this.#streams.get(streamId)?.finish();
      case MessageType.cancel:
        this.#streams.get(streamId)?.cancel();
        return void this.#streams.delete(streamId);
      case MessageType.prepare:
        return this.#prepare(payload);
      default:
        throw protocolError(`message type ${type} is not known to a recognition process`);
    }
  }

  #open(streamId: number, payload: Uint8Array): void {
    if (this.#streams.has(streamId) || streamId === 0) {
      throw protocolError(`stream ${streamId} is open already, or is the connection itself`);
    }
    if (this.#streams.size >= streamsMax) {
      throw protocolError(`over ${streamsMax} streams on one connection`);
    }
    const { grammar, rateHz } = decodeFields(payload);
    if (typeof rateHz !== "number") throw protocolError("open: rateHz must be a number");
    let parsed: Grammar;
    try {
      parsed = parseGrammar(grammar);
    } catch (error) {
      // The fault of one dialog; the other calls on this connection go on.
      return this.#sendEvent(streamId, { kind: "failed", error: failureData(error) });
    }
    const stream = this.#engine.open({ grammar: parsed, rateHz }, (event) => {
      this.#sendEvent(streamId, event);
    });
    this.#streams.set(streamId, stream);
    if (this.#engine.isLeased(stream)) this.#send(encodeMessage(MessageType.opened, streamId));
  }

  #prepare(payload: Uint8Array): void {
    const { grammar } = decodeFields(payload);
    try {
      this.#engine.prepare([parseGrammar(grammar)]);
    } catch (error) {
      // Whoever opens a stream with it is told.
      if (!(error instanceof RecognitionError)) throw error;
    }
  }

  #sendEvent(streamId: number, event: RecognizerEvent): void {
    if (event.kind !== "partial") this.#streams.delete(streamId);
    this.#send(encodeMessage(MessageType.event, streamId, event));
  }

  #send(message: Uint8Array): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    this.#socket.write(message);
    if (this.#socket.writableLength > unreadBytesMax) this.#socket.destroy();
  }

  #cancelAll(): void {
    for (const stream of this.#streams.values()) stream.cancel();
    this.#streams.clear();
  }
}

/** The fields of a payload that has to be a map. */
function decodeFields(payload: Uint8Array): Readonly<Record<string, unknown>> {
  const value = decodeValue(payload);
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw protocolError(`payload must be a map, not ${typeof value}`);
}
