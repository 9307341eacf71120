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
  scheduler: Pick<Scheduler, "soon"> & Pick<Clock, "nowMs">,
): MemoryLink {
  let session: MediaSession | undefined;
  let address = "ws://memory";
  let thrown: unknown;
  let ending: { code: number; reason: string } | undefined;
  let isOver = false;
  const socket = emptySocket();
  const finish = (code: number, reason: string): void => {
    if (isOver) return;
    isOver = true;
    ending ??= { code, reason };
    session?.closed(ending.code);
    socket.onclose?.(ending);
  };
  /** The engine closes: what it sent before still arrives, what comes in now does not. */
  const engineCloses = (code: number, reason: string): void => {
    ending ??= { code, reason };
    scheduler.soon(() => finish(code, reason));
  };
  const inject = (message: Uint8Array | string): void => {
    if (ending !== undefined) return;
    try {
      session?.receive(message);
    } catch (error) {
      thrown = error;
      engineCloses(1002, String(error));
    }
  };
  const deliver = (message: Uint8Array | string): void => {
    if (ending !== undefined) return;
    const data = asEventData(copyOf(message));
    scheduler.soon(() => isOver || socket.onmessage?.({ data }));
  };
  const deliverToEngine = (data: Uint8Array | string): void => scheduler.soon(() => inject(data));
  socket.send = (message) => deliverToEngine(copyOf(message));
  socket.close = (code = 1005, reason = "") => scheduler.soon(() => finish(code, reason));
  scheduler.soon(() => {
    session = protocol.open(deliver, sink, engineCloses, {
      query: new URL(address).search.slice(1),
      nowMs: () => scheduler.nowMs(),
    });
    socket.onopen?.({});
  });
  return {
    open: (url) => {
      address = url;
      return socket;
    },
    session: () => session!,
    thrown: () => thrown,
    inject,
    cut: () => finish(1006, ""),
  };
}

function copyOf(message: Uint8Array | string): Uint8Array<ArrayBuffer> | string {
  return typeof message === "string" ? message : new Uint8Array(message);
}

/** A socket whose binary type is "arraybuffer" gives buffers, not arrays. */
function asEventData(data: Uint8Array<ArrayBuffer> | string): ArrayBuffer | string {
  return typeof data === "string" ? data : data.buffer;
}

function emptySocket(): SocketLike {
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
