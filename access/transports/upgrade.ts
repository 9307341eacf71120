/**
 * HTTP around a WebSocket: reading an upgrade request, and refusing one with a status and a
 * sentence. A refusal is one write and touches nothing else, so that a flood of them is cheap.
 */
import { createHash } from "node:crypto";
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

/**
 * Whether the request is a WebSocket handshake at all.
 *
 * @returns what is wrong with it; undefined when nothing is
 * @see RFC 6455 section 4.2.1
 */
export function judgeHandshake(request: IncomingMessage): UpgradeRefusal | undefined {
  const { method, headers } = request;
  const wrong = (reason: string, status = 400): UpgradeRefusal => ({ ok: false, status, reason });
  if (method !== "GET") return wrong(`A WebSocket opens with GET, not ${method}.`, 405);
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    return wrong("This address upgrades to websocket only.");
  }
  if (headers["sec-websocket-version"] !== "13") {
    return wrong("Sec-WebSocket-Version must be 13.", 426);
  }
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) {
    return wrong("Sec-WebSocket-Key must be 16 bytes in base64.");
  }
  return undefined;
}

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
/** Proves that the server knows what it agrees to (RFC 6455 section 1.3). */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The head of the response that opens a WebSocket (RFC 6455 section 4.2.2). */
export function openingResponse(request: IncomingMessage, subprotocol: string | undefined): string {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1")
    .update(key + KEY_SUFFIX)
    .digest("base64");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    "\r\n",
  ].join("\r\n");
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
    // The version that would be right (RFC 6455 section 4.4).
    ...(refusal.status === 426 ? ["Sec-WebSocket-Version: 13"] : []),
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
