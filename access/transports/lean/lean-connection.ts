/**
 * One connection on the lean driver: bounded in what it holds back, fair in what it reads, closed
 * exactly once. There is nothing between the socket and the handler but the parser.
 *
 *   open ──close()──▶ closing ──peer's close, or 2 s──▶ ended ──▶ closed
 *     ├──────── peer's close, or a rule it broke ──────────▲         ▲
 *     └──────────── connection lost ─────────────────────────────────┘
 */
import type { Duplex } from "node:stream";
import type { Time, Timer } from "../../../base/ports.js";
import { closeReason, isSendableCloseCode } from "../close-reason.js";
import { HandlerSlot, waitsTooMuch } from "../handler-slot.js";
import type { Place, SweptConnection } from "../listening.js";
import { CLOSE, CLOSE_MS_MAX, type ConnectionHandler, type UpgradeRequest } from "../transport.js";
import { FrameParser } from "./frame-parser.js";
import { OPCODE } from "./frame-rules.js";
import { closePayload, type FrameOutlet, type FrameSlab } from "./frame-slab.js";
import type { MessageViews } from "./message-views.js";
import type { ReadSocket } from "./shared-reads.js";

/** After more frames than this in one read, the next read waits until the others had theirs. */
const FRAMES_A_READ = 512;
const NOTHING = new Uint8Array(0);

export type LeanConnectionOptions = Place & {
  readonly reads: ReadSocket;
  readonly slab: FrameSlab;
  readonly views: MessageViews;
  readonly messageBytesMax: number;
  readonly bufferedBytesMax: number;
  readonly time: Time;
};

type Ending = { readonly code: number; readonly reason: string };

export class LeanConnection implements SweptConnection {
  readonly id: number;
  readonly request: UpgradeRequest;
  heardMs: number;
  readonly #options: LeanConnectionOptions;
  /** Of its own: options differ in their making, and finding it among them costs every read. */
  readonly #time: Time;
  readonly #socket: Duplex;
  readonly #slab: FrameSlab;
  readonly #outlet: FrameOutlet;
  readonly #parser: FrameParser;
  readonly #handler: HandlerSlot;
  /** Why the connection ends; undefined while open. */
  #ending: Ending | undefined;
  #cutOff: Timer | undefined;

  constructor(options: LeanConnectionOptions) {
    const { reads, time } = options;
    const { socket } = reads;
    this.id = options.id;
    this.request = options.request;
    this.heardMs = time.nowMs();
    this.#options = options;
    this.#time = time;
    this.#socket = socket;
    this.#slab = options.slab;
    this.#outlet = { socket, isBehind: false };
    this.#handler = new HandlerSlot(this, options);
    const receiver = {
      message: (data: Uint8Array | string) => this.#message(data),
      ping: (payload: Uint8Array) => this.#send(OPCODE.pong, payload),
      peerClosed: (code: number, reason: string) => this.#peerClosed(code, reason),
      peerBroke: ({ code, reason }: Ending) => this.#peerBroke(code, reason),
    };
    this.#parser = new FrameParser(receiver, options.messageBytesMax, options.views);
    reads.listen((chunk, bytes) => this.take(chunk, bytes));
    socket.on("end", () => this.#peerEnded());
    // A reset is followed by `close`, which is what counts.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#slab.heldBytesOf(this.#outlet);
  }

  get isListenedTo(): boolean {
    return this.#handler.isTaken;
  }

  listen(handler: ConnectionHandler): void {
    this.#handler.take(handler);
  }

  send(message: Uint8Array | string): void {
    this.#send(typeof message === "string" ? OPCODE.text : OPCODE.binary, message);
  }

  hold(): void {
    this.#slab.hold(this.#outlet);
  }

  release(): void {
    this.#slab.release();
  }

  ping(): void {
    this.#send(OPCODE.ping, NOTHING);
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    const isSendable = isSendableCloseCode(code);
    this.#end(isSendable ? code : CLOSE.internalError, closeReason(reason));
    this.#sendClose(this.#ending!);
  }

  cutOff(reason: string): void {
    this.#ending ??= { code: CLOSE.lost, reason };
    this.#socket.destroy();
  }

  /** Takes what was read: `bytes` bytes of the chunk. */
  take(chunk: Buffer, bytes: number): void {
    this.heardMs = this.#time.nowMs();
    // What the handler says to this peer meanwhile goes out in one write.
    this.#slab.hold(this.#outlet);
    const frames = this.#parser.take(chunk, bytes);
    this.#slab.release();
    if (frames <= FRAMES_A_READ) return;
    this.#socket.pause();
    this.#time.soon(() => this.#socket.resume());
  }

  #message(data: Uint8Array | string): void {
    if (this.#ending === undefined) this.#handler.message(data, this.heardMs);
  }

  #send(opcode: number, payload: Uint8Array | string): void {
    if (this.#ending !== undefined) return;
    this.#slab.send(this.#outlet, opcode, payload);
    // Pongs count against the bound too: a peer may ping without ever reading.
    if (this.#outlet.isBehind) this.#checkBuffered();
  }

  #checkBuffered(): void {
    const { bufferedBytesMax } = this.#options;
    const { bufferedBytes } = this;
    if (bufferedBytes <= bufferedBytesMax) return;
    this.close(CLOSE.tryAgainLater, waitsTooMuch(bufferedBytes, bufferedBytesMax));
  }

  #peerClosed(code: number, reason: string): void {
    if (this.#ending === undefined) {
      this.#end(code, reason);
      // The answer repeats the code (RFC 6455 section 5.5.1).
      this.#sendClose({ code, reason: "" });
    }
    this.#endSocket();
  }

  /** Fails the connection (RFC 6455 section 7.1.7): what it sends from here on is not read. */
  #peerBroke(code: number, reason: string): void {
    this.close(code, reason);
    this.#endSocket();
  }

  /** The peer has ended its side of TCP. */
  #peerEnded(): void {
    if (this.#ending !== undefined) return this.#endSocket();
    this.cutOff("the connection ended without a close frame");
  }

  #end(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#cutOff = this.#time.after(CLOSE_MS_MAX, () => this.#socket.destroy());
  }

  #sendClose({ code, reason }: Ending): void {
    const payload = code === CLOSE.none ? NOTHING : closePayload(code, reason);
    this.#slab.send(this.#outlet, OPCODE.close, payload);
  }

  /** Ends our side of TCP behind what was sent. */
  #endSocket(): void {
    this.#slab.flush(this.#outlet);
    this.#socket.end();
  }

  #closed(): void {
    this.#cutOff?.cancel();
    const ending = (this.#ending ??= { code: CLOSE.lost, reason: "" });
    this.#handler.closed(ending.code, ending.reason);
    this.#options.gone(this);
  }
}
