/**
 * The `ws` driver of the transport port. Compression is off: audio does not shrink, and it would
 * cost a zlib context per call. All waiting runs on the given time, with one sweep per listener
 * instead of timers per connection.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { EngineError } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import {
  CLOSE,
  type ListenOptions,
  type Listener,
  type Transport,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "./transport.js";
import { answerPlainRequest, readUpgradeRequest, refuseUpgrade } from "./upgrade.js";
import { WsConnection } from "./ws-connection.js";

/** Parts of a message: enough for any real client, few enough to bound their overhead. */
const FRAGMENTS_MAX = 1024;

/** The reference driver. */
export function createWsTransport(): Transport {
  return { name: "ws", listen };
}

/** What one listener holds. */
type ListenerState = {
  readonly options: ListenOptions;
  readonly server: Server;
  readonly webSockets: WebSocketServer;
  readonly connections: Set<WsConnection>;
  /** TCP connections that have not been upgraded yet, with the time they are given. */
  readonly handshakes: Map<Duplex, Timer>;
  nextId: number;
  sweep: Timer | undefined;
  /** Set once closing has begun; resolves when everything is gone. */
  closing: Promise<void> | undefined;
  /** Called when the last connection of a closing listener is gone. */
  drained: () => void;
};

async function listen(options: ListenOptions): Promise<Listener> {
  const state = createState(options);
  const { server } = state;
  server.on("request", answerPlainRequest);
  server.on("connection", (socket) => startHandshake(state, socket));
  server.on("clientError", (_error, socket) =>
    refuseUpgrade(socket, { ok: false, status: 400, reason: "This is not HTTP/1.1." }),
  );
  server.on("upgrade", (request, socket, head) => upgrade(state, request, socket, head));
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

function createState(options: ListenOptions): ListenerState {
  // Node's own handshake limits run on real time; ours run on the given one.
  const server = createServer({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 1 });
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.messageBytesMax,
    maxFragments: FRAGMENTS_MAX,
    autoPong: false,
  });
  return {
    options,
    server,
    webSockets,
    connections: new Set(),
    handshakes: new Map(),
    nextId: 1,
    sweep: undefined,
    closing: undefined,
    drained: () => undefined,
  };
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new EngineError(
          "TRANSPORT_LISTEN_FAILED",
          `cannot listen on ${host} port ${port}: ${cause.message}; ` +
            "a free port of an address of this machine is right",
          { host, port, errno: cause.code },
          { cause },
        ),
      ),
    );
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
}

/** A client that opens a TCP connection and says nothing is dropped in time. */
function startHandshake({ options, handshakes }: ListenerState, socket: Socket): void {
  socket.setNoDelay(true);
  const timer = options.time.after(options.handshakeMsMax, () => socket.destroy());
  handshakes.set(socket, timer);
  socket.once("close", () => endHandshake(handshakes, socket));
}

function endHandshake(handshakes: ListenerState["handshakes"], socket: Duplex): void {
  handshakes.get(socket)?.cancel();
  handshakes.delete(socket);
}

function upgrade(
  state: ListenerState,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const upgradeRequest = readUpgradeRequest(request);
  const answer = decide(state, upgradeRequest);
  if (!answer.ok) {
    refuseUpgrade(socket, answer);
    return;
  }
  const { webSockets } = state;
  const { subprotocol } = answer;
  // `handleUpgrade` asks for the subprotocol before it returns.
  webSockets.options.handleProtocols = (offered) =>
    subprotocol !== undefined && offered.has(subprotocol) ? subprotocol : false;
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    endHandshake(state.handshakes, socket);
    const connection = new WsConnection(webSocket, {
      id: state.nextId++,
      request: upgradeRequest,
      bufferedBytesMax: state.options.bufferedBytesMax,
      time: state.options.time,
      failed: (error, failedConnection) => state.options.failed?.(error, failedConnection),
      gone: (goneConnection) => forget(state, goneConnection),
    });
    state.connections.add(connection);
    introduce(state, connection);
  });
}

function decide(state: ListenerState, request: UpgradeRequest): UpgradeAnswer {
  if (state.closing !== undefined) {
    return { ok: false, status: 503, reason: "This node is shutting down; try another." };
  }
  try {
    return state.options.accept(request);
  } catch {
    // A bug in the gateway's decision must not let anyone in, nor take the others down.
    return { ok: false, status: 500, reason: "The request could not be judged." };
  }
}

function introduce(state: ListenerState, connection: WsConnection): void {
  try {
    state.options.connected(connection);
    if (connection.isListenedTo) return;
    throw new EngineError("TRANSPORT_NOT_LISTENED", "connected() returned without listen()");
  } catch (error) {
    connection.close(CLOSE.internalError, "internal error");
    state.options.failed?.(error, connection);
  }
}

function forget(state: ListenerState, connection: WsConnection): void {
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
