/**
 * One WebSocket of the load generator: a plain TCP socket with a handshake by hand. Frames are
 * written straight to the file descriptor, past the stream: a third of what `socket.write` costs
 * beside the system call. Reading shares one buffer between all sockets.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { clientFrame, OPCODE, ServerFrames, type OnMessage } from "./client-frames.js";

/** Shared by all sockets: what was read is used up before the next one is read. */
const readBuffer = Buffer.alloc(64 * 1024);
const headEnd = "\r\n\r\n";
const normal = 1000;
/** No close frame came. */
const abnormal = 1006;

export type LoadSocketOptions = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly subprotocol?: string;
  readonly opened: () => void;
  readonly message: OnMessage;
  /**
   * Told once, also when the connection was refused: the status line then.
   *
   * @param code of the close frame (RFC 6455 section 7.4); 1006 where none came
   */
  readonly closed: (reason: string, code: number) => void;
};

export class LoadSocket {
  /** Frames that did not fit into the socket's buffer and waited in this process. */
  blockedCount = 0;
  readonly #options: LoadSocketOptions;
  readonly #socket: Socket;
  readonly #frames: ServerFrames;
  #head: string | undefined = "";
  #fd = -1;
  #closeReason: string | undefined;
  #closeCode: number = abnormal;

  constructor(options: LoadSocketOptions) {
    this.#options = options;
    this.#frames = new ServerFrames((opcode, bytes, start, end) => {
      if (opcode === OPCODE.text || opcode === OPCODE.binary) {
        options.message(opcode, bytes, start, end);
      } else this.#control(opcode, bytes.subarray(start, end));
    });
    const { host, port } = options;
    const onread = {
      buffer: readBuffer,
      callback: (length: number, bytes: Uint8Array) => this.#read(length, bytes as Buffer),
    };
    this.#socket = connect({ host, port, noDelay: true, onread }, () => this.#handshake());
    this.#socket.on("error", (error) => (this.#closeReason ??= error.message));
    this.#socket.on("close", () => {
      this.#fd = -1;
      options.closed(this.#closeReason ?? "connection closed", this.#closeCode);
    });
  }

  /** Sends a whole frame, `bytes[0 .. length)`; the caller may use the memory again at once. */
  send(bytes: Buffer, length: number): void {
    if (this.#fd < 0) return;
    let written = 0;
    if (this.#socket.writableLength === 0) {
      try {
        written = writeSync(this.#fd, bytes, 0, length);
      } catch (error) {
        // Full, or gone: then the socket's own events say so.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      }
    }
    if (written === length) return;
    this.blockedCount += 1;
    this.#socket.write(Buffer.from(bytes.subarray(written, length)));
  }

  /** Closes with 1000, or cuts off a connection that was never opened. */
  close(): void {
    this.#closeReason ??= "closed by us";
    this.#closeCode = normal;
    if (this.#head !== undefined) return void this.#socket.destroy();
    const frame = clientFrame(OPCODE.close, Uint8Array.of(0x03, 0xe8));
    this.send(frame, frame.length);
    this.#socket.end();
  }

  /** Reads no more: what comes is left to the system, and then to the sender. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Cuts the connection, as a network does that is gone. */
  cut(): void {
    this.#closeReason ??= "cut by us";
    this.#socket.resetAndDestroy();
  }

  #handshake(): void {
    const { host, port, path, subprotocol } = this.#options;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    ];
    this.#socket.write(lines.join("\r\n") + headEnd);
  }

  #read(length: number, bytes: Buffer): boolean {
    if (this.#head === undefined) this.#frames.push(bytes, length);
    else this.#readHead(bytes.subarray(0, length));
    return true;
  }

  #readHead(bytes: Buffer): void {
    this.#head += bytes.toString("latin1");
    const end = this.#head!.indexOf(headEnd);
    if (end < 0) return;
    const [status = ""] = this.#head!.split("\r\n", 1);
    if (!status.startsWith("HTTP/1.1 101 ")) {
      this.#closeReason = status;
      return void this.#socket.destroy();
    }
    const rest = Buffer.from(this.#head!.slice(end + headEnd.length), "latin1");
    this.#head = undefined;
    this.#fd = (this.#socket as unknown as { _handle: { fd: number } })._handle.fd;
    this.#options.opened();
    if (rest.length > 0) this.#frames.push(rest, rest.length);
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) {
      const pong = clientFrame(OPCODE.pong, payload);
      this.send(pong, pong.length);
    }
    if (opcode !== OPCODE.close) return;
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    this.#closeCode = code;
    this.#closeReason ??= `closed by the server: ${code} ${payload.toString("utf8", 2)}`.trim();
    const answer = clientFrame(OPCODE.close, payload.subarray(0, 2));
    this.send(answer, answer.length);
    this.#socket.end();
  }
}
