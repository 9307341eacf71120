/**
 * A listener on Node's `http` server, shared by the drivers that speak WebSocket on its upgrade
 * sockets: handshakes in time and bounded in number, refusals, one sweep for quiet connections,
 * an orderly end. A driver adds what happens on a socket once its upgrade was accepted.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EngineError } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import {
  CLOSE,
  type Connection,
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

/** What the listener needs of a driver's connection. */
export interface SweptConnection extends Connection {
  /** When something last came from the peer, monotonic. */
  readonly heardMs: number;
  /** Whether `listen` was called. */
  readonly isListenedTo: boolean;
  /** Asks the peer whether it is still there. */
  ping(): void;
  /** Cuts the connection without a word, for a peer that is not there any more. */
  cutOff(reason: string): void;
}

/** A connection's place in its listener. */
export type Place = {
  readonly id: number;
  readonly request: UpgradeRequest;
  /** An error that is ours, not the peer's. */
  failed(error: unknown, connection: Connection): void;
  /** The connection is gone; called after its handler was told. */
  gone(connection: SweptConnection): void;
};

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
  /** TCP connections that are not upgraded yet, oldest first, with the time they are given. */
  readonly handshakes: Map<Duplex, Timer>;
  nextId: number;
  sweep: Timer | undefined;
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
    server: createServer({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 1 }),
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
  scheduleSweep(state);
  return {
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return state.connections.size;
    },
    close: (code, reason) => (state.closing ??= close(state, code, reason)),
  };
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
}

/** Why a listener cannot be had. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): EngineError {
  const message =
    `cannot listen on ${host} port ${port}: ${cause.message}; ` +
    "a free port of an address of this machine is right";
  const detail = { host, port, errno: cause.code };
  return new EngineError("TRANSPORT_LISTEN_FAILED", message, detail, { cause });
}

/** A client that opens a TCP connection and says nothing is dropped in time. */
function startHandshake({ options, handshakes }: ListenerState, socket: Socket): void {
  socket.setNoDelay(true);
  const timer = options.time.after(options.handshakeMsMax, () => socket.destroy());
  handshakes.set(socket, timer);
  socket.once("close", () => endHandshake(handshakes, socket));
  if (handshakes.size <= HANDSHAKES_MAX) return;
  const [oldest] = handshakes.keys();
  endHandshake(handshakes, oldest!);
  oldest!.destroy();
}

function endHandshake(handshakes: ListenerState["handshakes"], socket: Duplex): void {
  handshakes.get(socket)?.cancel();
  handshakes.delete(socket);
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
  endHandshake(state.handshakes, socket);
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

/** A bug in the gateway's decision must not let anyone in, nor take the others down. */
export function acceptSafely(options: ListenOptions, request: UpgradeRequest): UpgradeAnswer {
  try {
    return options.accept(request);
  } catch {
    // The requester learns no more; the gateway's tests would.
    return { ok: false, status: 500, reason: "The request could not be judged." };
  }
}

/** Tells of an open connection; one that nobody listens to is closed. */
export function introduce(options: ListenOptions, connection: SweptConnection): void {
  try {
    options.connected(connection);
    if (connection.isListenedTo) return;
    throw new EngineError("TRANSPORT_NOT_LISTENED", "connected() returned without listen()");
  } catch (error) {
    connection.close(CLOSE.internalError, "internal error");
    options.failed?.(error, connection);
  }
}

function forget(state: ListenerState, connection: SweptConnection): void {
  state.connections.delete(connection);
  if (state.closing !== undefined && state.connections.size === 0) state.drained();
}

/** Four looks per idle period: quiet for half of it → ping, for all of it → gone. */
function scheduleSweep(state: ListenerState): void {
  const { time, idleMsMax } = state.options;
  state.sweep = time.after(idleMsMax / 4, () => {
    const nowMs = time.nowMs();
    for (const connection of state.connections) {
      const quietMs = nowMs - connection.heardMs;
      if (quietMs >= idleMsMax) connection.cutOff(`nothing heard for ${Math.round(quietMs)} ms`);
      else if (quietMs >= idleMsMax / 2) connection.ping();
    }
    scheduleSweep(state);
  });
}

async function close(
  state: ListenerState,
  code: number = CLOSE.goingAway,
  reason = "shutting down",
): Promise<void> {
  state.sweep?.cancel();
  const serverClosed = new Promise<void>((resolve) => state.server.close(() => resolve()));
  for (const socket of [...state.handshakes.keys()]) socket.destroy();
  const drained = new Promise<void>((resolve) => {
    state.drained = resolve;
  });
  for (const connection of [...state.connections]) connection.close(code, reason);
  if (state.connections.size > 0) await drained;
  await serverClosed;
}
