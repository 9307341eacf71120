/**
 * The handler of one connection, called so that what it throws stays with that connection, in every
 * driver alike.
 */
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import type { Place } from "./listening.js";
import { CLOSE, type Connection, type ConnectionHandler } from "./transport.js";

export class HandlerSlot {
  readonly #connection: Connection;
  readonly #place: Place;
  #handler: ConnectionHandler | undefined;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  get isTaken(): boolean {
    return this.#handler !== undefined;
  }

  take(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  message(data: Uint8Array | string, nowMs: number): void {
    try {
      this.#handler?.message(data, nowMs);
    } catch (error) {
      this.#threw(error);
    }
  }

  closed(code: number, reason: string): void {
    try {
      this.#handler?.closed(code, reason);
    } catch (error) {
      this.#place.failed(error, this.#connection);
    }
  }

  #threw(error: unknown): void {
    if (isProtocolError(error)) {
      this.#connection.close(CLOSE.protocolError, error.message);
      return;
    }
    this.#connection.close(CLOSE.internalError, "internal error");
    this.#place.failed(error, this.#connection);
  }
}

/** Why a connection is closed with 1013. */
export function waitsTooMuch(bufferedBytes: number, bufferedBytesMax: number): string {
  return `${bufferedBytes} bytes wait to be read, at most ${bufferedBytesMax} is right`;
}
