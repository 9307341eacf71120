/**
 * A WebSocket to a vendor: what goes wrong on the way becomes a `RecognitionError` with a code, and
 * `closed` is called exactly once.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Time, Timer } from "../../../base/ports.js";
import { RecognitionError, type RecognitionCode } from "../recognizer.js";
import { ClientFrames } from "./client-frames.js";
import type { Target } from "./vendor.js";

/** Of all sockets of this thread. */
const frames = new ClientFrames();

/** Larger messages than this are no transcripts. */
const messageBytesMax = 1024 * 1024;
/** 4 s of 16 kHz audio in base64: a vendor that left this much unread does not keep up. */
const unsentBytesMax = 256 * 1024;
/** How long a vendor may take to answer our close. */
const closeMsMax = 1000;

export type SocketHandler = {
  opened(): void;
  message(message: string | Uint8Array): void;
  /** `error` is undefined when the vendor closed in good order (1000 or 1005), or we did. */
  closed(error: RecognitionError | undefined): void;
};

export type SocketOptions = {
  readonly target: Target;
  readonly time: Time;
  readonly connectMsMax: number;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | undefined;
};

export class VendorSocket {
  readonly target: Target;
  readonly #socket: WebSocket;
  readonly #time: Time;
  /** What the connection lies on, once it is open. */
  #stream: Duplex | undefined;
  #handler: SocketHandler;
  #deadline: Timer | undefined;
  #error: RecognitionError | undefined;
  #isClosing = false;

  /** Connects at once. @throws {SyntaxError} when the URL is none */
  constructor({ target, time, connectMsMax, ca }: SocketOptions, handler: SocketHandler) {
    this.target = target;
    this.#time = time;
    this.#handler = handler;
    const { url, headers, protocols } = target;
    this.#socket = new WebSocket(url, [...protocols], {
      headers,
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      ...(ca === undefined ? {} : { ca }),
    });
    this.#deadline = time.after(connectMsMax, () => {
      const message = `no connection within ${connectMsMax} ms`;
      this.#lose(new RecognitionError("RECOGNITION_UNAVAILABLE", message, { connectMsMax }));
    });
    this.#socket.on("upgrade", ({ socket }) => (this.#stream = socket));
    this.#socket.on("open", () => this.#opened());
    this.#socket.on("message", (data: Buffer, isBinary) => {
      if (!this.#isClosing) this.#handler.message(isBinary ? data : data.toString());
    });
    this.#socket.on("unexpected-response", (_request, response) => this.#refused(response));
    this.#socket.on("error", (error) => this.#failed(error));
    this.#socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#socket.readyState === WebSocket.OPEN;
  }

  /** From now on this handler is told. */
  listen(handler: SocketHandler): void {
    this.#handler = handler;
  }

  /** Nothing happens unless the socket is open. */
  send(message: string | Uint8Array): void {
    if (!this.isOpen) return;
    if (typeof message === "string") this.#socket.send(message);
    else this.#write(frames.binary(message));
    this.#checkUnsent();
  }

  /** A text message with bytes in base64 between two texts, both plain ASCII. */
  sendBase64(before: Uint8Array, bytes: Uint8Array, after: Uint8Array): void {
    if (!this.isOpen) return;
    this.#write(frames.base64(before, bytes, after));
    this.#checkUnsent();
  }

  /** Whole frames, between those of `ws`, which leaves nothing of its own half written. */
  #write(frame: Buffer): void {
    const stream = this.#stream!;
    stream.write(frame);
    // What the system did not take at once still lies there.
    if (stream.writableLength > 0) frames.renew();
  }

  #checkUnsent(): void {
    const unsentBytes = this.#socket.bufferedAmount;
    if (unsentBytes <= unsentBytesMax) return;
    const text = `${unsentBytes} bytes wait to be read, at most ${unsentBytesMax} are right`;
    this.#lose(new RecognitionError("RECOGNITION_OVERLOADED", text, { unsentBytes }));
  }

  /** Closes in good order. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#deadline?.cancel();
    if (this.#socket.readyState !== WebSocket.OPEN) return this.#socket.terminate();
    this.#socket.close(1000);
    this.#deadline = this.#time.after(closeMsMax, () => this.#socket.terminate());
  }

  #opened(): void {
    this.#deadline?.cancel();
    if (!this.#isClosing) this.#handler.opened();
  }

  #lose(error: RecognitionError): void {
    if (this.#isClosing) return;
    this.#error ??= error;
    this.#socket.terminate();
  }

  #refused(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const said = response.headers["dg-error"] ?? response.statusMessage ?? "";
    response.destroy();
    const why = String(said).slice(0, 200);
    const message = `the handshake was answered with HTTP ${status}: ${why}`;
    this.#lose(new RecognitionError(codeOfStatus(status), message, { status }));
  }

  #failed(error: Error): void {
    if (this.#error !== undefined || this.#isClosing) return;
    const { code = "" } = error as NodeJS.ErrnoException;
    // The vendor broke the rules of the WebSocket itself.
    const isProtocol = code.startsWith("WS_ERR_") || code === "";
    const kind = this.#socket.readyState === WebSocket.CONNECTING ? "no connection" : "cut off";
    const message = `${kind}: ${code === "" ? error.message : code}`;
    const ours = isProtocol ? "RECOGNITION_PROTOCOL" : "RECOGNITION_UNAVAILABLE";
    this.#error = new RecognitionError(ours, message, { code });
  }

  #closed(code: number, reason: string): void {
    this.#deadline?.cancel();
    const isOrderly = code === 1000 || code === 1005 || this.#isClosing;
    this.#isClosing = true;
    const why = reason === "" ? `code ${code}` : `code ${code}, "${reason.slice(0, 100)}"`;
    const lost = new RecognitionError("RECOGNITION_LOST", `the connection was closed: ${why}`, {
      closeCode: code,
    });
    this.#handler.closed(this.#error ?? (isOrderly ? undefined : lost));
  }
}

function codeOfStatus(status: number): RecognitionCode {
  if (status === 401 || status === 403) return "RECOGNITION_DENIED";
  if (status === 402 || status === 429) return "RECOGNITION_QUOTA";
  return status >= 400 && status < 500 ? "RECOGNITION_REFUSED" : "RECOGNITION_UNAVAILABLE";
}
