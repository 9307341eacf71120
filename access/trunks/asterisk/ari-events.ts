/**
 * Asterisk's event socket. It reconnects by itself with a growing delay; what was missed meanwhile
 * its owner must ask for, so it says when it is back.
 */
import { WebSocket } from "ws";
import type { Time, Timer } from "../../../base/ports.js";
import type { AriAddress } from "./ari-http.js";
import { parseAriEvent, type AriEvent } from "./ari-event.js";

export type AriEventsOptions = {
  readonly address: AriAddress;
  /** Name of the Stasis application. */
  readonly app: string;
  readonly time: Time;
  readonly event: (event: AriEvent) => void;
  /** Events come from now on. */
  readonly connected: () => void;
  readonly lost: (why: string) => void;
};

const delayMsMin = 200;
const delayMsMax = 5000;
const handshakeMsMax = 5000;
/** No event is longer. */
const messageBytesMax = 1024 * 1024;
/** A half-open connection would keep us deaf: we ask so often whether the other end is there. */
const pingEveryMs = 10_000;

export class AriEvents {
  readonly #options: AriEventsOptions;
  #socket: WebSocket | undefined;
  #delayMs = delayMsMin;
  #retry: Timer | undefined;
  #ping: Timer | undefined;
  #isClosed = false;
  /** Why this connection ends, where that is known. */
  #why: string | undefined;

  constructor(options: AriEventsOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Events come. */
  get isUp(): boolean {
    return !this.#isClosed && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** All is well with this connection: if it is lost, the next one is tried at once. */
  settled(): void {
    this.#delayMs = delayMsMin;
  }

  /** This connection is of no use: lost, and tried anew. */
  drop(why: string): void {
    this.#why = why;
    this.#socket?.terminate();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#ping?.cancel();
    this.#socket?.terminate();
  }

  #connect(): void {
    const { address, app } = this.#options;
    const { user, password, url } = address;
    const query = new URLSearchParams({ app, subscribeAll: "false" }).toString();
    const target = `${url.replace(/^http/, "ws")}/events?${query}`;
    const socket = new WebSocket(target, {
      auth: `${user}:${password}`,
      maxPayload: messageBytesMax,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#why = undefined;
    const late = this.#options.time.after(handshakeMsMax, () => socket.terminate());
    socket.on("open", () => {
      late.cancel();
      this.#watch(socket);
      this.#options.connected();
    });
    socket.on("message", (data, isBinary) => {
      if (!isBinary) this.#take((data as Buffer).toString());
    });
    socket.on("error", (error) => (this.#why ??= error.message));
    socket.on("close", (code) => {
      late.cancel();
      this.#closed(this.#why ?? `closed (${code})`);
    });
  }

  #take(text: string): void {
    const event = parseAriEvent(text);
    if (event !== undefined) this.#options.event(event);
  }

  /** Ends a connection whose other end has not answered a ping by the next one. */
  #watch(socket: WebSocket): void {
    let isAlive = true;
    socket.on("pong", () => (isAlive = true));
    const look = (): void => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      socket.ping();
      this.#ping = this.#options.time.after(pingEveryMs, look);
    };
    this.#ping = this.#options.time.after(pingEveryMs, look);
  }

  #closed(why: string): void {
    this.#ping?.cancel();
    if (this.#isClosed) return;
    this.#options.lost(why);
    this.#retry = this.#options.time.after(this.#delayMs, () => this.#connect());
    this.#delayMs = Math.min(delayMsMax, this.#delayMs * 2);
  }
}
