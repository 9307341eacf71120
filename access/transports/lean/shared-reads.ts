/**
 * Sockets that all read into one buffer. Node gives every read a buffer of 64 KiB, cuts it to what
 * came and sends it through a stream; for frames of 200 bytes that costs more than all else that is
 * done with them, and the collector has to follow. A socket made with `onread` has none of it, but
 * Node makes a server's sockets itself. So the connection is moved to a socket of our own:
 *
 *     http's socket ──handle──▶ our socket { onread: { buffer, callback } }
 *
 * Where a socket lies on something else (TLS, a test) or Node has changed inside, nothing is moved,
 * and reads come as `data`; the rest of the driver does not notice.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** As much as Node reads at once. */
const READ_BYTES = 64 * 1024;

/** Takes `bytes` bytes of the chunk; they are there during the call only, and may be changed. */
export type TakeRead = (chunk: Buffer, bytes: number) => void;

/** A socket and how its reads come. */
export type ReadSocket = { readonly socket: Duplex; listen(take: TakeRead): void };

/** What a TCP handle of Node 16 to 24 can, and we need. */
type Handle = {
  readonly useUserBuffer?: unknown;
  readonly isStreamBase?: unknown;
  /** Called at every read, and at the end; how many bytes came lies in `streamBaseState`. */
  onread?: unknown;
};

export class SharedReads {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  /** Moves the connection of `socket`, which is not used any more; or leaves it where it is. */
  move(socket: Duplex): ReadSocket {
    const handle = takeHandle(socket);
    if (handle === undefined) return plain(socket);
    let take: TakeRead = () => undefined;
    const onread = {
      buffer: this.#buffer,
      callback: (bytes: number, chunk: Buffer) => {
        take(chunk, bytes);
        return true;
      },
    };
    // `handle` is how Node itself makes the sockets of its servers.
    const options = { handle, onread, allowHalfOpen: true, readable: true, writable: true };
    const moved = new Socket(options);
    readPastStream(handle, (bytes) => take(this.#buffer, bytes));
    return { socket: moved, listen: (listener) => (take = listener) };
  }
}

/**
 * Takes what was read where the handle says so. Node's own function there goes through the stream
 * of the socket first, a tenth of what a gateway does; it is left what is no read: end and error.
 */
function readPastStream(handle: Handle, take: (bytes: number) => void): void {
  const { onread } = handle;
  if (readState === undefined || typeof onread !== "function") return;
  const { streamBaseState, kReadBytesOrError } = readState;
  handle.onread = function (this: unknown, ...args: unknown[]): unknown {
    const bytes = streamBaseState[kReadBytesOrError]!;
    if (bytes > 0) return take(bytes);
    return (onread as (...args: unknown[]) => unknown).apply(this, args);
  };
}

/** Where Node's streams leave what came of a read. */
type ReadState = { readonly streamBaseState: Int32Array; readonly kReadBytesOrError: number };

const readState = findReadState();

function findReadState(): ReadState | undefined {
  try {
    const node = process as unknown as { binding(name: string): Partial<ReadState> };
    const { streamBaseState, kReadBytesOrError } = node.binding("stream_wrap");
    const isKnown = streamBaseState instanceof Int32Array && kReadBytesOrError !== undefined;
    return isKnown ? { streamBaseState, kReadBytesOrError } : undefined;
  } catch {
    // A Node that has it no more: reads come through the stream.
    return undefined;
  }
}

/** Reads as Node delivers them. */
export function plain(socket: Duplex): ReadSocket {
  return {
    socket,
    listen: (take) => void socket.on("data", (chunk: Buffer) => take(chunk, chunk.length)),
  };
}

/** Takes the handle out of a socket of Node's; the socket is closed, the connection stays open. */
function takeHandle(socket: Duplex): Handle | undefined {
  const isPlain = Object.getPrototypeOf(socket) === Socket.prototype;
  if (!isPlain || socket.destroyed) return undefined;
  const holder = socket as unknown as { _handle: Handle | null };
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== "function") return undefined;
  // What the socket has read and nobody has taken would be lost with it.
  if (socket.readableLength > 0 || socket.writableLength > 0) return undefined;
  holder._handle = null;
  socket.destroy();
  return handle;
}
