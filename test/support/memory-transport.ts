/**
 * A transport without a network, in virtual time: clients connect to whoever listens, in the same
 * thread. Connections can be cut without a word, and frozen: both ends then think that they are
 * open, and nothing gets through.
 */
import type { OpenSocket, SocketLike } from "../../access/client/index.js";
import { copyOf, emptySocket } from "../../access/protocols/memory-link.js";
import {
  CLOSE,
  type Connection,
  type ConnectionHandler,
  type Listener,
  type ListenOptions,
  type Transport,
} from "../../access/transports/transport.js";
import { toErrorData } from "../../base/errors.js";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import type { VirtualTime } from "../../base/virtual-time.js";

/** One way of a connection is about this long. */
const wayMs = 1;

export type MemoryNetwork = {
  readonly transport: Transport;
  readonly open: OpenSocket;
  /** Connections that were ever opened, oldest first. */
  readonly connections: readonly MemoryConnection[];
  /** Refuses connections from now on, or lets them in again. */
  setReachable(isReachable: boolean): void;
};

export function memoryNetwork(time: VirtualTime): MemoryNetwork {
  const connections: MemoryConnection[] = [];
  let listening: ListenOptions | undefined;
  let isReachable = true;
  const listener: Listener = {
    port: 1,
    get connectionCount() {
      return connections.filter(({ isOpen }) => isOpen).length;
    },
    close(code = CLOSE.goingAway, reason = "") {
      listening = undefined;
      for (const connection of connections) connection.close(code, reason);
      return Promise.resolve();
    },
  };
  return {
    connections,
    setReachable: (reachable) => (isReachable = reachable),
    transport: {
      name: "memory",
      listen(options) {
        listening = options;
        return Promise.resolve(listener);
      },
    },
    open(url, subprotocols) {
      const socket = emptySocket();
      time.after(wayMs, () => {
        const { pathname: path, search } = new URL(url);
        const query = search.slice(1);
        const request = { path, query, headers: {}, subprotocols, remoteAddress: "memory" };
        if (!isReachable || listening?.accept(request).ok !== true) {
          socket.onerror?.({});
          return socket.onclose?.({ code: CLOSE.lost, reason: "" });
        }
        const id = connections.length + 1;
        connections.push(new MemoryConnection({ id, request, socket, time }));
        listening.connected(connections.at(-1)!);
        socket.onopen?.({});
      });
      return socket;
    },
  };
}

export class MemoryConnection implements Connection {
  readonly id: number;
  readonly request: Connection["request"];
  readonly bufferedBytes = 0;
  readonly #socket: SocketLike;
  readonly #time: VirtualTime;
  #handler: ConnectionHandler | undefined;
  #isFrozen = false;
  isOpen = true;

  constructor(options: {
    readonly id: number;
    readonly request: Connection["request"];
    readonly socket: SocketLike;
    readonly time: VirtualTime;
  }) {
    this.id = options.id;
    this.request = options.request;
    this.#socket = options.socket;
    this.#time = options.time;
    this.#socket.send = (data) => {
      const copy = copyOf(data);
      this.#later(() => this.#receive(copy));
    };
    this.#socket.close = (code = 1005, reason = "") => this.#later(() => this.#end(code, reason));
  }

  hold(): void {
    // Every message goes by itself.
  }

  release(): void {
    // Nothing is held.
  }

  listen(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  send(message: Uint8Array | string): void {
    const copy = copyOf(message);
    const data = typeof copy === "string" ? copy : copy.buffer;
    this.#later(() => this.#socket.onmessage?.({ data }));
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#time.after(wayMs, () => {
      this.#handler?.closed(code, reason);
      if (!this.#isFrozen) this.#socket.onclose?.({ code, reason });
    });
  }

  /** Breaks it without a close frame; both ends learn at once, what is on its way is lost. */
  cut(): void {
    this.#end(CLOSE.lost, "");
  }

  /** Nothing gets through any more, and nobody learns of it. */
  freeze(): void {
    this.#isFrozen = true;
  }

  #later(run: () => void): void {
    if (!this.isOpen) return;
    this.#time.after(wayMs, () => {
      if (this.isOpen && !this.#isFrozen) run();
    });
  }

  #receive(data: Uint8Array | string): void {
    try {
      this.#handler?.message(data, this.#time.nowMs());
    } catch (error) {
      const code = isProtocolError(error) ? CLOSE.protocolError : CLOSE.internalError;
      this.close(code, toErrorData(error).message);
    }
  }

  #end(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#handler?.closed(code, reason);
    this.#socket.onclose?.({ code, reason });
  }
}
