/**
 * The `uWebSockets.js` driver of the transport port, written to its documentation: the cheapest
 * sockets a Node process can have, where somebody installed them. It has not been run with the
 * package by us; the README says what is known to differ.
 */
import { STATUS_CODES } from "node:http";
import {
  acceptSafely,
  introduce,
  listenError,
  sweep,
  type Place,
  type SweptConnection,
} from "../listening.js";
import {
  CLOSE,
  type ListenOptions,
  type Listener,
  type Transport,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "../transport.js";
import type { UwsBehavior, UwsModule, UwsRequest, UwsResponse } from "./uws-api.js";
import { UwsConnection } from "./uws-connection.js";

/** What a socket carries: its request from the upgrade on, its connection from the opening on. */
type Seat = { readonly request: UpgradeRequest; connection: UwsConnection | undefined };

type State = {
  readonly options: ListenOptions;
  readonly connections: Set<SweptConnection>;
  nextId: number;
  isClosing: boolean;
};

export function createUwsTransport(uws: UwsModule): Transport {
  return { name: "uws", listen: (options) => listen(uws, options) };
}

async function listen(uws: UwsModule, options: ListenOptions): Promise<Listener> {
  const state: State = { options, connections: new Set(), nextId: 1, isClosing: false };
  const app = uws.App().ws("/*", behaviorOf(state)).any("/*", answerPlain);
  const listenSocket = await new Promise<unknown>((resolve, reject) => {
    app.listen(options.host, options.port, (socket) => {
      if (socket) return resolve(socket);
      reject(listenError(options.host, options.port, new Error("uWebSockets.js was refused it")));
    });
  });
  const sweeping = sweep(options, state.connections);
  const port = uws.us_socket_local_port(listenSocket);
  return {
    port,
    get connectionCount() {
      return state.connections.size;
    },
    close(code = CLOSE.goingAway, reason = "shutting down") {
      if (!state.isClosing) {
        state.isClosing = true;
        sweeping.stop();
        uws.us_listen_socket_close(listenSocket);
        for (const connection of [...state.connections]) connection.close(code, reason);
      }
      return Promise.resolve();
    },
  };
}

function behaviorOf(state: State): UwsBehavior<Seat> {
  const { options } = state;
  return {
    maxPayloadLength: options.messageBytesMax,
    // Our sweep asks and cuts off, on the given time.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    // Never reached: we close a connection as soon as more waits than it may.
    maxBackpressure: 2 * (options.bufferedBytesMax + options.messageBytesMax),
    upgrade: (response, request, context) => upgrade(state, response, request, context),
    open(socket) {
      const seat = socket.getUserData();
      const { bufferedBytesMax, time } = options;
      const place = placeOf(state, seat.request);
      seat.connection = new UwsConnection({ ...place, socket, bufferedBytesMax, time });
      state.connections.add(seat.connection);
      introduce(options, seat.connection);
    },
    message: (socket, data, isBinary) => socket.getUserData().connection?.received(data, isBinary),
    ping: (socket) => socket.getUserData().connection?.heard(),
    pong: (socket) => socket.getUserData().connection?.heard(),
    close: (socket, code, reason) =>
      socket.getUserData().connection?.ended(code, Buffer.from(reason).toString()),
  };
}

function placeOf(state: State, request: UpgradeRequest): Place {
  return {
    id: state.nextId++,
    request,
    failed: (error, connection) => state.options.failed?.(error, connection),
    gone: (connection) => void state.connections.delete(connection),
  };
}

function upgrade(state: State, response: UwsResponse, request: UwsRequest, context: unknown): void {
  const upgradeRequest = readRequest(response, request);
  const key = request.getHeader("sec-websocket-key");
  const answer: UpgradeAnswer = state.isClosing
    ? { ok: false, status: 503, reason: "This node is shutting down; try another." }
    : acceptSafely(state.options, upgradeRequest);
  if (!answer.ok) return refuse(response, answer);
  const seat: Seat = { request: upgradeRequest, connection: undefined };
  response.upgrade(seat, key, answer.subprotocol ?? "", "", context);
}

function readRequest(response: UwsResponse, request: UwsRequest): UpgradeRequest {
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  });
  return {
    path: request.getUrl(),
    query: request.getQuery() ?? "",
    headers,
    subprotocols: (headers["sec-websocket-protocol"] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
    remoteAddress: Buffer.from(response.getRemoteAddressAsText()).toString(),
  };
}

function refuse(
  response: UwsResponse,
  { status, reason, retryAfterSeconds }: Extract<UpgradeAnswer, { ok: false }>,
): void {
  response.writeStatus(`${status} ${STATUS_CODES[status] ?? "Refused"}`);
  response.writeHeader("Content-Type", "text/plain; charset=utf-8");
  if (retryAfterSeconds !== undefined) {
    response.writeHeader("Retry-After", String(Math.ceil(retryAfterSeconds)));
  }
  response.end(`${reason}\n`, true);
}

function answerPlain(response: UwsResponse): void {
  const reason = "This address takes WebSocket connections only.";
  refuse(response, { ok: false, status: 426, reason });
}
