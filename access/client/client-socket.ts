/** What both clients do with their socket: events in, and one end, told once. */
import { EngineError } from "../../base/errors.js";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import {
  CLOSE_PROTOCOL_ERROR,
  type MediaClientListener,
  type OpenSocket,
  type SocketLike,
} from "./media-client.js";

/** More than this waiting to be sent, and live audio is dropped: seconds behind at 16 kHz. */
const BUFFERED_BYTES_MAX = 128 * 1024;

export type ClientSocketOptions = {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly open: OpenSocket;
  readonly listener: MediaClientListener;
  opened(): void;
  /** A `ProtocolError` that this throws is told to the listener and ends the connection. */
  message(data: Uint8Array | string): void;
  /** A message was broken; the last chance to say so to the engine. */
  broken?(error: EngineError): void;
  /** The socket is closed; the listener is told after this. */
  gone(code: number): void;
};

export class ClientSocket {
  readonly #socket: SocketLike;
  readonly #options: ClientSocketOptions;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";

  constructor(options: ClientSocketOptions) {
    this.#options = options;
    const socket = options.open(options.url, options.protocols);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#message(data);
    socket.onerror = (event) => this.#failed(event);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  /** Whether a frame sent now would arrive in time to be of use. */
  get isFlowing(): boolean {
    return this.#state === "open" && this.#socket.bufferedAmount <= BUFFERED_BYTES_MAX;
  }

  /** Sends a message unless the connection is not open. */
  send(message: Uint8Array | string): void {
    if (this.#state === "open") this.#socket.send(message);
  }

  /** Closes; nothing that comes in later is handed on. */
  close(code: number, reason: string): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    this.#socket.close(code, reason);
  }

  /** Lets go of a socket that may hang; nothing of it is told any more. */
  abandon(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const socket = this.#socket;
    for (const event of ["onopen", "onmessage", "onerror", "onclose"] as const) {
      socket[event] = () => undefined;
    }
    socket.close();
  }

  #opened(): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#options.opened();
  }

  #message(data: unknown): void {
    if (this.#state !== "open") return;
    try {
      this.#options.message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.#options.broken?.(error);
      this.#options.listener.error?.(error);
      this.close(CLOSE_PROTOCOL_ERROR, error.code);
    }
  }

  /** Browsers say nothing about the cause, `ws` gives a message. */
  #failed(event: unknown): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    const { message } = event as { message?: unknown };
    const why = typeof message === "string" ? `: ${message}` : "";
    const what = this.#state === "connecting" ? "cannot connect to" : "lost";
    this.#options.listener.error?.(
      new EngineError("CLIENT_CONNECTION", `${what} ${this.#options.url}${why}`, {
        url: this.#options.url,
      }),
    );
  }

  #closed(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#options.gone(code);
    this.#options.listener.closed?.(code, reason);
  }
}
