/**
 * A listener on Node's `http` server, shared by the drivers that speak WebSocket on its upgrade
 * sockets: handshakes in time and bounded in number, refusals, an orderly end. A driver adds what
 * happens on a socket once its upgrade was accepted.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Timer } from "../../base/ports.js";
import { acceptSafely, type Place, type SweptConnection } from "./listening.js";
import { OpenConnections } from "./open-connections.js";
import type { ListenOptions, Listener, UpgradeAnswer, UpgradeRequest } from "./transport.js";
import {
  answerPlainRequest,
  judgeHandshake,
  readUpgradeRequest,
  refuseUpgrade,
} from "./upgrade.js";

/** What the system holds for us to accept; under the handshakes at once, so that a burst fits. */
const BACKLOG = 1024;
/**
 * TCP connections that have not said what they want. Beyond it the oldest is dropped: whoever means
 * to call says so at once, and a flood of silent ones cannot keep callers out.
 */
const HANDSHAKES_MAX = 2048;

/** An upgrade that was accepted and is not answered yet. */
export type Upgrade = {
  readonly place: Place;
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent beyond its request. */
  readonly head: Buffer;
  readonly subprotocol: string | undefined;
};

/** Answers the upgrade and speaks WebSocket on its socket; undefined when it refused after all. */
export type Adopt = (upgrade: Upgrade) => SweptConnection | undefined;

/** What one listener holds. */
type ListenerState = {
  readonly options: ListenOptions;
  readonly adopt: Adopt;
  readonly server: Server;
  readonly connections: OpenConnections;
  /** TCP connections that are not upgraded yet, oldest first, by the peer's end of them. */
  readonly handshakes: Map<string, { readonly socket: Socket; readonly timer: Timer }>;
  /** Set once closing has begun; resolves when everything is gone. */
  closing: Promise<void> | undefined;
};

/** @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port */
export async function listenOnHttp(options: ListenOptions, adopt: Adopt): Promise<Listener> {
  const state: ListenerState = {
    options,
    adopt,
    // Node's own handshake limits run on real time; ours run on the given one.
    server: serverOf(options),
    connections: new OpenConnections(options),
    handshakes: new Map(),
    closing: undefined,
  };
  const { server } = state;
  server.on("request", answerPlainRequest);
  server.on("connection", (socket) => startHandshake(state, socket));
  server.on("clientError", (_error, socket) =>
    refuseUpgrade(socket, { ok: false, status: 400, reason: "This is not HTTP/1.1." }),
  );
  server.on("upgrade", (message, socket, head) => upgrade(state, message, socket, head));
  const port = await state.connections.bind(server, BACKLOG);
  return {
    port,
    get connectionCount() {
      return state.connections.count;
    },
    ...(options.tls === undefined
      ? {}
      : { renewTls: (certificate) => (server as TlsServer).setSecureContext(certificate) }),
    close: (code, reason) => (state.closing ??= close(state, code, reason)),
  };
}

function serverOf({ tls }: ListenOptions): Server {
  const times = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 1 };
  if (tls === undefined) return createServer(times);
  return createTlsServer({ ...times, ...tls, minVersion: "TLSv1.2" });
}

/** The same for a TLS socket and the TCP socket beneath it. */
function peerEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** A client that opens a TCP connection and says nothing is dropped in time. */
function startHandshake({ options, handshakes }: ListenerState, socket: Socket): void {
  socket.setNoDelay(true);
  const timer = options.time.after(options.handshakeMsMax, () => socket.destroy());
  const end = peerEnd(socket);
  handshakes.set(end, { socket, timer });
  socket.once("close", () => endHandshake(handshakes, end));
  if (handshakes.size <= HANDSHAKES_MAX) return;
  const [oldest] = handshakes;
  endHandshake(handshakes, oldest![0]);
  oldest![1].socket.destroy();
}

function endHandshake(handshakes: ListenerState["handshakes"], end: string): void {
  handshakes.get(end)?.timer.cancel();
  handshakes.delete(end);
}

function upgrade(
  state: ListenerState,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const request = readUpgradeRequest(message);
  const answer = decide(state, message, request);
  if (!answer.ok) {
    refuseUpgrade(socket, answer);
    return;
  }
  const place = state.connections.place(request);
  const { subprotocol } = answer;
  const connection = state.adopt({ place, message, socket, head, subprotocol });
  if (connection === undefined) return;
  endHandshake(state.handshakes, peerEnd(socket as Socket));
  state.connections.add(connection);
}

function decide(
  state: ListenerState,
  message: IncomingMessage,
  request: UpgradeRequest,
): UpgradeAnswer {
  if (state.closing !== undefined) {
    return { ok: false, status: 503, reason: "This node is shutting down; try another." };
  }
  const mistake = judgeHandshake(message);
  if (mistake !== undefined) return mistake;
  return acceptSafely(state.options, request);
}

function close(state: ListenerState, code?: number, reason?: string): Promise<void> {
  const closed = state.connections.close(state.server, code, reason);
  for (const { socket } of [...state.handshakes.values()]) socket.destroy();
  return closed;
}
