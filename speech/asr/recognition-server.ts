/**
 * An engine behind a Unix socket. Each connection is a shard; what one of them does wrong, or does
 * not read, costs only its own streams.
 */
import { createServer, type Server, type Socket } from "node:net";
import { parseGrammar } from "./compiled-grammar.js";
import type { RecognitionEngine } from "./recognition-engine.js";
import {
  failureData,
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
/** Streams of one connection at once: far more than there are decoders. */
const streamsMax = 1024;
/** Grammars of one `prepare`. */
const grammarsMax = 256;

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
      case MessageType.prepare: {
        const { grammars } = decodeValue(payload) as { grammars?: unknown };
        if (!Array.isArray(grammars) || grammars.length > grammarsMax) {
          throw protocolError(`prepare: "grammars" must be a list of at most ${grammarsMax}`);
        }
        return this.#engine.prepare(grammars.map(parseGrammar));
      }
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
    const { grammar, rateHz } = decodeValue(payload) as { grammar?: unknown; rateHz?: unknown };
    if (typeof rateHz !== "number") throw protocolError("open: rateHz must be a number");
    const options = { grammar: parseGrammar(grammar), rateHz };
    const stream = this.#engine.open(options, (event) => this.#sendEvent(streamId, event));
    this.#streams.set(streamId, stream);
    if (this.#engine.isLeased(stream)) this.#send(encodeMessage(MessageType.opened, streamId));
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
