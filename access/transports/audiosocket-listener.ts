/**
 * The listener of Asterisk's AudioSocket: plain TCP, one stream per connection, packets instead of
 * WebSocket messages. To the gateway its connections look like any others.
 *
 * A packet that is only half there holds nothing up but its own connection, which the sweep for
 * quiet ones ends.
 */
import { createServer, type Socket } from "node:net";
import { AudioSocketSplitter } from "../../codecs/wire/audiosocket.js";
import { HandlerSlot, waitsTooMuch } from "./handler-slot.js";
import { acceptSafely, type Place, type SweptConnection } from "./listening.js";
import { OpenConnections } from "./open-connections.js";
import {
  CLOSE,
  CLOSE_MS_MAX,
  type ConnectionHandler,
  type ListenOptions,
  type Listener,
  type UpgradeRequest,
} from "./transport.js";

/** The path that its connections are judged by. */
export const AUDIOSOCKET_PATH = "/media/audiosocket";

/** @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port */
export async function listenForAudioSocket(options: ListenOptions): Promise<Listener> {
  const open = new OpenConnections(options);
  const server = createServer({ noDelay: true }, (socket) => connected(options, open, socket));
  const port = await open.bind(server);
  return {
    port,
    get connectionCount() {
      return open.count;
    },
    close: (code, reason) => open.close(server, code, reason),
  };
}

function connected(options: ListenOptions, open: OpenConnections, socket: Socket): void {
  const request: UpgradeRequest = {
    path: AUDIOSOCKET_PATH,
    query: "",
    headers: {},
    subprotocols: [],
    remoteAddress: socket.remoteAddress ?? "",
  };
  // Asterisk knows no refusal: it hears that the connection is gone.
  socket.on("error", () => undefined);
  if (!acceptSafely(options, request).ok) return void socket.destroy();
  open.add(new AudioSocketConnection(socket, options, open.place(request)));
}

class AudioSocketConnection implements SweptConnection {
  readonly id: number;
  readonly request: UpgradeRequest;
  heardMs: number;
  readonly #socket: Socket;
  readonly #options: ListenOptions;
  readonly #place: Place;
  readonly #handler: HandlerSlot;
  readonly #splitter = new AudioSocketSplitter();
  #ending: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: Socket, options: ListenOptions, place: Place) {
    this.id = place.id;
    this.request = place.request;
    this.heardMs = options.time.nowMs();
    this.#socket = socket;
    this.#options = options;
    this.#place = place;
    this.#handler = new HandlerSlot(this, place);
    socket.on("data", (bytes) => this.#take(bytes));
    // A close without a hang-up packet is how Asterisk hangs up, too.
    socket.on("end", () => {
      this.#ending ??= { code: CLOSE.normal, reason: "" };
      socket.end();
    });
    socket.on("close", () => this.#closed());
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get isListenedTo(): boolean {
    return this.#handler.isTaken;
  }

  listen(handler: ConnectionHandler): void {
    this.#handler.take(handler);
  }

  send(message: Uint8Array | string): void {
    if (this.#ending !== undefined) return;
    this.#socket.write(message);
    const { bufferedBytesMax } = this.#options;
    if (this.bufferedBytes <= bufferedBytesMax) return;
    this.close(CLOSE.tryAgainLater, waitsTooMuch(this.bufferedBytes, bufferedBytesMax));
  }

  hold(): void {
    this.#socket.cork();
  }

  release(): void {
    this.#socket.uncork();
  }

  /** It knows none: the audio that comes is the sign of life. */
  ping(): void {}

  cutOff(reason: string): void {
    this.#ending ??= { code: CLOSE.lost, reason };
    this.#socket.destroy();
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code, reason };
    this.#socket.end();
    this.#options.time.after(CLOSE_MS_MAX, () => this.#socket.destroy());
  }

  #take(bytes: Uint8Array): void {
    this.heardMs = this.#options.time.nowMs();
    this.#splitter.take(bytes, (packet) => {
      if (this.#ending === undefined) this.#handler.message(packet, this.heardMs);
    });
  }

  #closed(): void {
    const { code, reason } = (this.#ending ??= { code: CLOSE.lost, reason: "" });
    this.#handler.closed(code, reason);
    this.#place.gone(this);
  }
}
