/**
 * A WebSocket client that obeys no rule it is not told to obey: it sends the bytes it is given,
 * reads only when asked to, answers no ping. For the conformance suite of transports.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { OPCODE } from "./lean/frame-rules.js";

/** A frame as it came, unmasked by definition (RFC 6455 section 5.1). */
export type RawFrame = { readonly opcode: number; readonly isFinal: boolean; payload: Buffer };

export type RawFrameOptions = {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** Default true. */
  readonly isFinal?: boolean;
  /** Default true: clients must mask (RFC 6455 section 5.3). */
  readonly isMasked?: boolean;
};

export { OPCODE };

const MASK = Uint8Array.of(0x11, 0x22, 0x33, 0x44);

/** A TCP connection on which a WebSocket can be spoken, well or badly. */
export class RawClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isEnded = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => this.#take(data));
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("end", () => this.#end());
  }

  /** Opens TCP only. */
  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Opens TCP and upgrades; the status line and headers come back as they were sent. */
  static async upgrade(
    port: number,
    path = "/",
    headers: readonly string[] = [],
  ): Promise<{ client: RawClient; head: string; body: string }> {
    const client = await RawClient.connect(port);
    client.socket.write(upgradeRequest(port, path, headers));
    const head = await client.readHead();
    const isOpen = head.startsWith("HTTP/1.1 101");
    return { client, head, body: isOpen ? "" : await client.readToEnd() };
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Sends one frame. */
  sendFrame(options: RawFrameOptions): void {
    this.write(rawFrame(options));
  }

  /** The next frame; undefined when the connection ended. */
  async readFrame(): Promise<RawFrame | undefined> {
    for (;;) {
      const frame = this.#parseFrame();
      if (frame !== undefined) return frame;
      if (this.#isEnded) return undefined;
      await this.#more();
    }
  }

  /** Skips to the close frame and returns its code; 1006 when the connection ended without one. */
  async readCloseCode(): Promise<number> {
    for (;;) {
      const frame = await this.readFrame();
      if (frame === undefined) return 1006;
      if (frame.opcode === OPCODE.close) {
        return frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
      }
    }
  }

  /** Everything until the other side ends. */
  async readToEnd(): Promise<string> {
    while (!this.#isEnded) await this.#more();
    return this.#received.toString();
  }

  /** Takes nothing from the system any more. */
  stopReading(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The status line and headers of the answer; what follows stays. */
  async readHead(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end !== -1) {
        const head = this.#received.subarray(0, end).toString();
        this.#received = this.#received.subarray(end + 4);
        return head;
      }
      if (this.#isEnded) return this.#received.toString();
      await this.#more();
    }
  }

  #parseFrame(): RawFrame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < headBytes) return undefined;
    const payloadBytes =
      short === 127
        ? Number(bytes.readBigUInt64BE(2))
        : short === 126
          ? bytes.readUInt16BE(2)
          : short;
    if (bytes.length < headBytes + payloadBytes) return undefined;
    this.#received = bytes.subarray(headBytes + payloadBytes);
    return {
      opcode: bytes[0]! & 0x0f,
      isFinal: (bytes[0]! & 0x80) !== 0,
      payload: bytes.subarray(headBytes, headBytes + payloadBytes),
    };
  }

  #take(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    this.#wake();
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/** The bytes of one frame from a client. */
export function rawFrame(options: RawFrameOptions): Buffer {
  const { opcode, isFinal = true, isMasked = true } = options;
  const payload = Buffer.from(options.payload ?? "");
  const length =
    payload.length < 126
      ? Buffer.of(payload.length)
      : payload.length < 65536
        ? Buffer.of(126, payload.length >> 8, payload.length & 0xff)
        : Buffer.of(127, ...lengthBytes(payload.length));
  const first = Buffer.of((isFinal ? 0x80 : 0) | opcode);
  if (!isMasked) return Buffer.concat([first, length, payload]);
  length[0]! |= 0x80;
  const masked = payload.map((byte, index) => byte ^ MASK[index & 3]!);
  return Buffer.concat([first, length, MASK, masked]);
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

function upgradeRequest(port: number, path: string, headers: readonly string[]): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
    "\r\n",
  ].join("\r\n");
}
