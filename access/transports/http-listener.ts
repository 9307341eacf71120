/**
 * A listener on Node's `http` server, shared by the drivers that speak WebSocket on its upgrade
 * sockets: handshakes in time and bounded in number, refusals, an orderly end. A driver adds what
 * happens on a socket once its upgrade was accepted.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Timer } from "../../base/ports.js";
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
  type ListenOptions,
  type Listener,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "./transport.js";
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
  readonly connections: Set<SweptConnection>;
  /** TCP connections that are not upgraded yet, oldest first, by the peer's end of them. */
  readonly handshakes: Map<string, { readonly socket: Socket; readonly timer: Timer }>;
  nextId: number;
  sweep: Sweep | undefined;
  /** Set once closing has begun; resolves when everything is gone. */
  closing: Promise<void> | undefined;
  /** Called when the last connection of a closing listener is gone. */
  drained: () => void;
};

/** @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port */
export async function listenOnHttp(options: ListenOptions, adopt: Adopt): Promise<Listener> {
  const state: ListenerState = {
    options,
    adopt,
    // Node's own handshake limits run on real time; ours run on the given one.
    server: serverOf(options),
    connections: new Set(),
    handshakes: new Map(),
    nextId: 1,
    sweep: undefined,
    closing: undefined,
    drained: () => undefined,
  };
  const { server } = state;
  server.on("request", answerPlainRequest);
  server.on("connection", (socket) => startHandshake(state, socket));
  server.on("clientError", (_error, socket) =>
    refuseUpgrade(socket, { ok: false, status: 400, reason: "This is not HTTP/1.1." }),
  );
  server.on("upgrade", (message, socket, head) => upgrade(state, message, socket, head));
  await bind(server, options);
  state.sweep = sweep(options, state.connections);
  return {
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return state.connections.size;
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

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
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
  const place: Place = {
    id: state.nextId,
    request,
    failed: (error, connection) => state.options.failed?.(error, connection),
    gone: (connection) => forget(state, connection),
  };
  const { subprotocol } = answer;
  const connection = state.adopt({ place, message, socket, head, subprotocol });
  if (connection === undefined) return;
  state.nextId += 1;
  endHandshake(state.handshakes, peerEnd(socket as Socket));
  state.connections.add(connection);
  introduce(state.options, connection);
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

function forget(state: ListenerState, connection: SweptConnection): void {
  state.connections.delete(connection);
  if (state.closing !== undefined && state.connections.size === 0) state.drained();
}

async function close(
  state: ListenerState,
  code: number = CLOSE.goingAway,
  reason = "shutting down",
): Promise<void> {
  state.sweep?.stop();
  const serverClosed = new Promise<void>((resolve) => state.server.close(() => resolve()));
  for (const { socket } of [...state.handshakes.values()]) socket.destroy();
  const drained = new Promise<void>((resolve) => {
    state.drained = resolve;
  });
  for (const connection of [...state.connections]) connection.close(code, reason);
  if (state.connections.size > 0) await drained;
  await serverClosed;
}
