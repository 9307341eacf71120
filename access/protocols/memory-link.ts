/**
 * A socket without a network: a client on one end, a session on the other, in the same thread.
 * Messages arrive in order and one turn later, like those of a real socket.
 */
import type { OpenSocket, SocketLike } from "../client/media-client.js";
import type { Clock, Scheduler } from "../../base/ports.js";
import type { MediaProtocol, MediaSession, MediaSink } from "./media-protocol.js";

/** Both ends of a link that `connect` has opened. */
export type MemoryLink = {
  readonly open: OpenSocket;
  /** The engine's end; undefined until the client connected. */
  readonly session: () => MediaSession;
  /** What the session threw, if it did: the link is closed then. */
  readonly thrown: () => unknown;
  /** Takes a message from nowhere, as if the client had sent it. */
  readonly inject: (message: Uint8Array | string) => void;
  /** Breaks the connection without a close frame. */
  readonly cut: () => void;
};

/** A link to a session of this protocol whose audio and events go to `sink`. */
export function memoryLink(
  protocol: MediaProtocol,
  sink: MediaSink,
  scheduler: LinkTime,
): MemoryLink {
  const line = new MemoryLine(protocol, sink, scheduler);
  return {
    open: (url) => line.connect(url),
    session: () => line.session!,
    thrown: () => line.thrown,
    inject: (message) => line.inject(message),
    cut: () => line.finish(1006, ""),
  };
}

type LinkTime = Scheduler & Pick<Clock, "nowMs">;

class MemoryLine {
  session: MediaSession | undefined;
  thrown: unknown;
  readonly #protocol: MediaProtocol;
  readonly #sink: MediaSink;
  readonly #scheduler: LinkTime;
  readonly #socket = emptySocket();
  #ending: { code: number; reason: string } | undefined;
  #isOver = false;

  constructor(protocol: MediaProtocol, sink: MediaSink, scheduler: LinkTime) {
    this.#protocol = protocol;
    this.#sink = sink;
    this.#scheduler = scheduler;
  }

  connect(url: string): SocketLike {
    const socket = this.#socket;
    const scheduler = this.#scheduler;
    socket.send = (message) => {
      const copy = copyOf(message);
      scheduler.soon(() => this.inject(copy));
    };
    socket.close = (code = 1005, reason = "") => scheduler.soon(() => this.finish(code, reason));
    const peer = {
      query: new URL(url).search.slice(1),
      nowMs: () => scheduler.nowMs(),
      after: (delayMs: number, run: () => void) => scheduler.after(delayMs, run),
    };
    scheduler.soon(() => {
      const close = (code: number, reason: string): void => this.#engineCloses(code, reason);
      this.session = this.#protocol.open((one) => this.#deliver(one), this.#sink, close, peer);
      socket.onopen?.({});
    });
    return socket;
  }

  inject(message: Uint8Array | string): void {
    if (this.#ending !== undefined) return;
    try {
      this.session?.receive(message);
    } catch (error) {
      this.thrown = error;
      this.#engineCloses(1002, String(error));
    }
  }

  finish(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ending ??= { code, reason };
    this.session?.closed(this.#ending.code);
    this.#socket.onclose?.(this.#ending);
  }

  /** The engine closes: what it sent before still arrives, what comes in now does not. */
  #engineCloses(code: number, reason: string): void {
    this.#ending ??= { code, reason };
    this.#scheduler.soon(() => this.finish(code, reason));
  }

  #deliver(message: Uint8Array | string): void {
    if (this.#ending !== undefined) return;
    const data = asEventData(copyOf(message));
    this.#scheduler.soon(() => this.#isOver || this.#socket.onmessage?.({ data }));
  }
}

/** What goes over a link is the sender's no more. */
export function copyOf(message: Uint8Array | string): Uint8Array<ArrayBuffer> | string {
  return typeof message === "string" ? message : new Uint8Array(message);
}

/** A socket whose binary type is "arraybuffer" gives buffers, not arrays. */
function asEventData(data: Uint8Array<ArrayBuffer> | string): ArrayBuffer | string {
  return typeof data === "string" ? data : data.buffer;
}

/** A client's end to which nothing is connected. */
export function emptySocket(): SocketLike {
  return {
    binaryType: "blob",
    bufferedAmount: 0,
    onopen: null,
    onmessage: null,
    onerror: null,
    onclose: null,
    send: () => undefined,
    close: () => undefined,
  };
}
