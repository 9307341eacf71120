/**
 * Frames going out, laid down in one slab of memory that all connections of a listener share: head
 * and payload side by side, so that a frame is one write, and what one pass says to one socket is
 * one write too.
 *
 *   slab  ┌──────────────┬──────────────┬──────────────┐
 *         │ head payload │ head payload │     free     │   flush: write(slab[0..heldBytes))
 *         └──────────────┴──────────────┴──────────────┘
 *
 * A socket that takes a write at once, as nearly all do, has no more use for the memory, and the
 * next frame is laid over it. One that does not gets the slab for good, and from then on copies.
 */
import type { Duplex } from "node:stream";
import { CONTROL_BYTES_MAX } from "./frame-rules.js";

/** Holds any frame of audio; what is longer gets memory of its own. */
const SLAB_BYTES = 16 * 1024;
/** Head of a frame to a client, which is not masked (RFC 6455 section 5.1). */
const HEAD_BYTES_MAX = 10;
/** UTF-8 takes at most so much for one unit of a string. */
const UTF8_BYTES_MAX = 3;
const FINAL = 0x80;

/** Where frames go out. */
export type FrameOutlet = {
  readonly socket: Duplex;
  /** The system has not taken all it was given; told by the last write, so it may have since. */
  isBehind: boolean;
};

export class FrameSlab {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** The last view that was written: frames of audio are alike in length. */
  #view = this.#slab.subarray(0, 0);
  /** Whose frames wait in the slab until `release`. */
  #holder: FrameOutlet | undefined;
  #heldBytes = 0;

  /** Lets what goes out here wait until `release`, as long as it fits. Ends another hold. */
  hold(outlet: FrameOutlet): void {
    // A handler may hold another connection: what waits in the slab is not that one's.
    if (this.#holder !== undefined) this.#write(this.#holder);
    this.#holder = outlet;
  }

  /** Writes what was held. */
  release(): void {
    if (this.#holder !== undefined) this.#write(this.#holder);
    this.#holder = undefined;
  }

  /** Bytes that wait for `release`. */
  heldBytesOf(outlet: FrameOutlet): number {
    return outlet === this.#holder ? this.#heldBytes : 0;
  }

  /** Sends one frame: now, or at `release` where it is held. */
  send(outlet: FrameOutlet, opcode: number, payload: Uint8Array | string): void {
    const isText = typeof payload === "string";
    const bytesMax = HEAD_BYTES_MAX + payload.length * (isText ? UTF8_BYTES_MAX : 1);
    const isHeld = outlet === this.#holder;
    if (this.#heldBytes > 0 && (!isHeld || this.#heldBytes + bytesMax > SLAB_BYTES)) {
      this.#write(this.#holder!);
    }
    if (bytesMax > SLAB_BYTES) {
      outlet.socket.write(frameOf(opcode, isText ? Buffer.from(payload) : payload));
      outlet.isBehind = outlet.socket.writableLength > 0;
      return;
    }
    if (isText) this.#addText(opcode, payload);
    else this.#addBytes(opcode, payload);
    if (!isHeld) this.#write(outlet);
  }

  /** Writes what waits for `release`. */
  flush(outlet: FrameOutlet): void {
    if (outlet === this.#holder) this.#write(outlet);
  }

  #write(outlet: FrameOutlet): void {
    const bytes = this.#heldBytes;
    if (bytes === 0) return;
    this.#heldBytes = 0;
    if (this.#view.length !== bytes) this.#view = this.#slab.subarray(0, bytes);
    const { socket } = outlet;
    // Asked once a frame and not more: it is the dearest line here.
    if (outlet.isBehind && socket.writableLength > 0) {
      socket.write(Buffer.from(this.#view));
      return;
    }
    socket.write(this.#view);
    outlet.isBehind = socket.writableLength > 0;
    // What the system did not take at once still lies here.
    if (outlet.isBehind) this.#renew();
  }

  #renew(): void {
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#view = this.#slab.subarray(0, 0);
  }

  #addBytes(opcode: number, payload: Uint8Array): void {
    const at = this.#heldBytes;
    const headBytes = writeHead(this.#slab, at, opcode, payload.length);
    this.#slab.set(payload, at + headBytes);
    this.#heldBytes = at + headBytes + payload.length;
  }

  /** A text's length shows only once it is written: behind four bytes of head, as most have. */
  #addText(opcode: number, text: string): void {
    const at = this.#heldBytes;
    const payloadAt = at + 4;
    const payloadBytes = this.#slab.write(text, payloadAt, "utf8");
    const headBytes = writeHead(this.#slab, at, opcode, payloadBytes);
    if (headBytes < 4) {
      this.#slab.copyWithin(at + headBytes, payloadAt, payloadAt + payloadBytes);
    }
    this.#heldBytes = at + headBytes + payloadBytes;
  }
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(CONTROL_BYTES_MAX);
  bytes.writeUInt16BE(code, 0);
  return bytes.subarray(0, 2 + bytes.write(reason, 2, "utf8"));
}

/** Lays down a head; returns its length. */
function writeHead(bytes: Buffer, at: number, opcode: number, payloadBytes: number): number {
  bytes[at] = FINAL | opcode;
  if (payloadBytes < 126) {
    bytes[at + 1] = payloadBytes;
    return 2;
  }
  if (payloadBytes < 65_536) {
    bytes[at + 1] = 126;
    bytes[at + 2] = payloadBytes >> 8;
    bytes[at + 3] = payloadBytes;
    return 4;
  }
  bytes[at + 1] = 127;
  bytes.writeBigUInt64BE(BigInt(payloadBytes), at + 2);
  return 10;
}

function frameOf(opcode: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES_MAX + payload.length);
  const headBytes = writeHead(frame, 0, opcode, payload.length);
  frame.set(payload, headBytes);
  return frame.subarray(0, headBytes + payload.length);
}
