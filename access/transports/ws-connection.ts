/**
 * One connection on the `ws` driver: bounded in what it holds back, closed exactly once.
 *
 *   open ──close()──▶ closing ──peer answers, or 2 s──▶ closed
 *     └──────────── peer closes, connection lost ──────────▲
 */
import type { WebSocket } from "ws";
import type { Time, Timer } from "../../base/ports.js";
import { closeReason, isSendableCloseCode } from "./close-reason.js";
import { HandlerSlot, waitsTooMuch } from "./handler-slot.js";
import type { Place, SweptConnection } from "./listening.js";
import { CLOSE, CLOSE_MS_MAX, type ConnectionHandler, type UpgradeRequest } from "./transport.js";

export type WsConnectionOptions = Place & {
  readonly bufferedBytesMax: number;
  readonly time: Time;
};

type Ending = { readonly code: number; readonly reason: string };

export class WsConnection implements SweptConnection {
  readonly id: number;
  readonly request: UpgradeRequest;
  heardMs: number;
  readonly #socket: WebSocket;
  readonly #options: WsConnectionOptions;
  readonly #handler: HandlerSlot;
  /** Why we are closing; undefined while open. */
  #ending: Ending | undefined;
  #cutOff: Timer | undefined;

  constructor(socket: WebSocket, options: WsConnectionOptions) {
    this.id = options.id;
    this.request = options.request;
    this.heardMs = options.time.nowMs();
    this.#socket = socket;
    this.#options = options;
    this.#handler = new HandlerSlot(this, options);
    socket.on("message", (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on("ping", (data) => this.#pong(data));
    socket.on("pong", () => (this.heardMs = options.time.nowMs()));
    socket.on("error", (error) => this.#peerBroke(error));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get isListenedTo(): boolean {
    return this.#handler.isTaken;
  }

  listen(handler: ConnectionHandler): void {
    this.#handler.take(handler);
  }

  send(message: Uint8Array | string): void {
    if (this.#ending !== undefined || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message);
    this.#checkBuffered();
  }

  /** Every message is a write of its own here. */
  hold(): void {}

  release(): void {}

  ping(): void {
    if (this.#ending !== undefined || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.ping();
    this.#checkBuffered();
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    const isSendable = isSendableCloseCode(code);
    this.#ending = { code: isSendable ? code : CLOSE.internalError, reason: closeReason(reason) };
    this.#socket.close(this.#ending.code, this.#ending.reason);
    this.#cutOff = this.#options.time.after(CLOSE_MS_MAX, () => this.#socket.terminate());
  }

  cutOff(reason: string): void {
    this.#ending ??= { code: CLOSE.lost, reason };
    this.#socket.terminate();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const nowMs = this.#options.time.nowMs();
    this.heardMs = nowMs;
    if (this.#ending !== undefined) return;
    this.#handler.message(isBinary ? data : data.toString(), nowMs);
  }

  /** Pongs count against the bound too: a peer may ping without ever reading. */
  #pong(data: Buffer): void {
    this.heardMs = this.#options.time.nowMs();
    if (this.#ending !== undefined || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.pong(data);
    this.#checkBuffered();
  }

  #checkBuffered(): void {
    const { bufferedBytesMax } = this.#options;
    const bufferedBytes = this.#socket.bufferedAmount;
    if (bufferedBytes <= bufferedBytesMax) return;
    this.close(CLOSE.tryAgainLater, waitsTooMuch(bufferedBytes, bufferedBytesMax));
  }

  /** The driver found a broken frame, and closes with the code that says which rule it broke. */
  #peerBroke(error: Error): void {
    if (this.#ending !== undefined) return;
    const { code } = error as Error & { code?: string };
    if (code?.startsWith("WS_ERR_") !== true) return;
    const isTooBig = /^WS_ERR_UNSUPPORTED_(MESSAGE|DATA_PAYLOAD)_LENGTH$/.test(code);
    this.#ending = {
      code: isTooBig
        ? CLOSE.tooBig
        : code === "WS_ERR_INVALID_UTF8"
          ? CLOSE.invalidText
          : CLOSE.protocolError,
      reason: error.message,
    };
    this.#cutOff = this.#options.time.after(CLOSE_MS_MAX, () => this.#socket.terminate());
  }

  #closed(code: number, reason: string): void {
    this.#cutOff?.cancel();
    const ending = this.#ending ?? { code, reason };
    this.#ending = ending;
    this.#handler.closed(ending.code, ending.reason);
    this.#options.gone(this);
  }
}
