/**
 * HTTP around a WebSocket: reading an upgrade request, and refusing one with a status and a
 * sentence. A refusal is one write and touches nothing else, so that a flood of them is cheap.
 */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { UpgradeAnswer, UpgradeRequest } from "./transport.js";

/** The refusal half of an answer. */
export type UpgradeRefusal = Extract<UpgradeAnswer, { ok: false }>;

/** Reads what the gateway decides by. */
export function readUpgradeRequest(request: IncomingMessage): UpgradeRequest {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    path: mark === -1 ? url : url.slice(0, mark),
    query: mark === -1 ? "" : url.slice(mark + 1),
    headers,
    subprotocols: (headers["sec-websocket-protocol"] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
    remoteAddress: request.socket.remoteAddress ?? "",
  };
}

/** Answers an upgrade with a plain HTTP response and drops the connection. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${refusal.reason}\n`;
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(refusal.retryAfterSeconds === undefined
      ? []
      : [`Retry-After: ${Math.ceil(refusal.retryAfterSeconds)}`]),
  ];
  // A client may reset while we write: that is its affair.
  socket.on("error", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** Answers a request that is no upgrade. */
export function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  const body = "This address takes WebSocket connections only.\n";
  response.writeHead(426, {
    Connection: "close, Upgrade",
    Upgrade: "websocket",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
