/** One connection on `uWebSockets.js`: it must not be touched once its close handler was called. */
import type { Time } from "../../../base/ports.js";
import { closeReason, isSendableCloseCode } from "../close-reason.js";
import { HandlerSlot, waitsTooMuch } from "../handler-slot.js";
import type { Place, SweptConnection } from "../listening.js";
import { CLOSE, type ConnectionHandler, type UpgradeRequest } from "../transport.js";
import type { UwsSocket } from "./uws-api.js";

export type UwsConnectionOptions = Place & {
  readonly socket: UwsSocket<unknown>;
  readonly bufferedBytesMax: number;
  readonly time: Time;
};

export class UwsConnection implements SweptConnection {
  readonly id: number;
  readonly request: UpgradeRequest;
  heardMs: number;
  readonly #options: UwsConnectionOptions;
  readonly #handler: HandlerSlot;
  #ending: { readonly code: number; readonly reason: string } | undefined;

  constructor(options: UwsConnectionOptions) {
    this.id = options.id;
    this.request = options.request;
    this.heardMs = options.time.nowMs();
    this.#options = options;
    this.#handler = new HandlerSlot(this, options);
  }

  get bufferedBytes(): number {
    return this.#ending === undefined ? this.#options.socket.getBufferedAmount() : 0;
  }

  get isListenedTo(): boolean {
    return this.#handler.isTaken;
  }

  listen(handler: ConnectionHandler): void {
    this.#handler.take(handler);
  }

  send(message: Uint8Array | string): void {
    if (this.#ending !== undefined) return;
    const status = this.#options.socket.send(message, typeof message !== "string", false);
    if (status !== 1) this.#checkBuffered(status === 2);
  }

  /** It gathers writes by callback only (`cork`), which does not fit two calls. */
  hold(): void {}

  release(): void {}

  ping(): void {
    if (this.#ending !== undefined) return;
    if (this.#options.socket.ping() !== 1) this.#checkBuffered(false);
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    const isSendable = isSendableCloseCode(code);
    this.#ending = { code: isSendable ? code : CLOSE.internalError, reason: closeReason(reason) };
    this.#options.socket.end(this.#ending.code, this.#ending.reason);
  }

  cutOff(reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code: CLOSE.lost, reason };
    this.#options.socket.close();
  }

  /** Something came that is no message. */
  heard(): void {
    this.heardMs = this.#options.time.nowMs();
  }

  received(data: ArrayBuffer, isBinary: boolean): void {
    this.heard();
    if (this.#ending !== undefined) return;
    const message = isBinary ? new Uint8Array(data) : Buffer.from(data).toString();
    this.#handler.message(message, this.heardMs);
  }

  /** The close handler was called: after `close`, or because the peer went. */
  ended(code: number, reason: string): void {
    this.#ending ??= { code, reason };
    this.#handler.closed(this.#ending.code, this.#ending.reason);
    this.#options.gone(this);
  }

  #checkBuffered(isDropped: boolean): void {
    const { bufferedBytes } = this;
    const { bufferedBytesMax } = this.#options;
    if (!isDropped && bufferedBytes <= bufferedBytesMax) return;
    this.close(CLOSE.tryAgainLater, waitsTooMuch(bufferedBytes, bufferedBytesMax));
  }
}
