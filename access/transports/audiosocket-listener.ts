/**
 * The listener of Asterisk's AudioSocket: plain TCP, one stream per connection, packets instead of
 * WebSocket messages. To the gateway its connections look like any others.
 *
 * A packet that is only half there holds nothing up but its own connection, which the sweep for
 * quiet ones ends.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { AudioSocketSplitter } from "../../codecs/wire/audiosocket.js";
import { HandlerSlot, waitsTooMuch } from "./handler-slot.js";
import {
  acceptSafely,
  introduce,
  listenError,
  sweep,
  type Place,
  type Sweep,
  type SweptConnection,
} from "./listening.js";
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

type ListenerState = {
  readonly options: ListenOptions;
  readonly server: Server;
  readonly connections: Set<SweptConnection>;
  nextId: number;
  sweep: Sweep | undefined;
  drained: () => void;
};

/** @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port */
export async function listenForAudioSocket(options: ListenOptions): Promise<Listener> {
  const state: ListenerState = {
    options,
    server: createServer({ noDelay: true }, (socket) => connected(state, socket)),
    connections: new Set(),
    nextId: 1,
    sweep: undefined,
    drained: () => undefined,
  };
  const { host, port } = options;
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => reject(listenError(host, port, cause));
    state.server.once("error", failed);
    state.server.listen({ host, port }, resolve);
  });
  state.sweep = sweep(options, state.connections);
  return {
    port: (state.server.address() as AddressInfo).port,
    get connectionCount() {
      return state.connections.size;
    },
    close: (code, reason) => close(state, code, reason),
  };
}

function connected(state: ListenerState, socket: Socket): void {
  const { options, connections } = state;
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
  const connection = new AudioSocketConnection(socket, options, {
    id: state.nextId,
    request,
    failed: (error, one) => options.failed?.(error, one),
    gone(one) {
      connections.delete(one);
      if (connections.size === 0) state.drained();
    },
  });
  state.nextId += 1;
  connections.add(connection);
  introduce(options, connection);
}

async function close(
  state: ListenerState,
  code: number = CLOSE.goingAway,
  reason = "shutting down",
): Promise<void> {
  state.sweep?.stop();
  const serverClosed = new Promise<void>((resolve) => state.server.close(() => resolve()));
  const drained = new Promise<void>((resolve) => (state.drained = resolve));
  for (const connection of [...state.connections]) connection.close(code, reason);
  if (state.connections.size > 0) await drained;
  await serverClosed;
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
