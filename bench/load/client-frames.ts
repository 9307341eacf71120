/**
 * WebSocket frames of a client, made by hand (RFC 6455 section 5.2), and those of a server read.
 *
 * One masking key serves all frames, so that audio is masked once, when it is prepared, and a
 * frame is sent by copying it behind its header. The key is not zero: the server has to unmask.
 */
import { Buffer } from "node:buffer";

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const keyBytes = [0x5a, 0x3c, 0x96, 0xe1] as const;

/** The key as one little-endian word. */
export const MASK_WORD = new Uint32Array(Uint8Array.from(keyBytes).buffer)[0]! | 0;

/** Bytes before the payload of a client's frame with 126 to 65 535 bytes of it. */
export const HEAD_BYTES = 8;

/** A copy under the mask; its first byte must come where the key begins. */
export function masked(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte ^ keyBytes[index & 3]!);
}

/** Writes the header of a frame with a payload of 126 to 65 535 bytes, which begins at 8. */
export function writeHead(into: Uint8Array, opcode: number, payloadBytes: number): void {
  into[0] = 0x80 | opcode;
  into[1] = 0x80 | 126;
  into[2] = payloadBytes >> 8;
  into[3] = payloadBytes & 0xff;
  into.set(keyBytes, 4);
}

/** A whole masked frame of any payload below 64 KiB. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const isShort = payload.length < 126;
  const headBytes = isShort ? 6 : HEAD_BYTES;
  const frame = Buffer.alloc(headBytes + payload.length);
  if (isShort) {
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | payload.length;
    frame.set(keyBytes, 2);
  } else {
    writeHead(frame, opcode, payload.length);
  }
  frame.set(masked(payload), headBytes);
  return frame;
}

/** Told of each whole message: its bytes are `bytes[start .. end)`, valid during the call. */
export type OnMessage = (opcode: number, bytes: Buffer, start: number, end: number) => void;

/** Cuts what comes from a server into its frames. A server does not fragment what we measure. */
export class ServerFrames {
  readonly #onMessage: OnMessage;
  #rest: Buffer | undefined;

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage;
  }

  /** Takes `chunk[0 .. length)`; keeps nothing of it but a copy of an incomplete end. */
  push(chunk: Buffer, length: number): void {
    let bytes = chunk;
    let end = length;
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk.subarray(0, length)]);
      end = bytes.length;
      this.#rest = undefined;
    }
    let at = 0;
    while (at < end) {
      const next = this.#frame(bytes, at, end);
      if (next < 0) break;
      at = next;
    }
    if (at < end) this.#rest = Buffer.from(bytes.subarray(at, end));
  }

  /** @returns where the next frame begins; -1 while this one is incomplete */
  #frame(bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return -1;
    const short = bytes[at + 1]! & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (end - at < headBytes) return -1;
    let length: number = short;
    if (short === 126) length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (short === 127) length = bytes.readUInt32BE(at + 6);
    const start = at + headBytes;
    if (end < start + length) return -1;
    this.#onMessage(bytes[at]! & 0x0f, bytes, start, start + length);
    return start + length;
  }
}
