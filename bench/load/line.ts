/** A media connection of the generator, whatever its protocol. */
import type { Buffer } from "node:buffer";

/** What comes out of a connection. */
export interface LineEvents {
  /** A frame of ours: its payload, on the wire's own coding, is `bytes[start .. end)`. */
  heardFrame(utterance: number, bytes: Buffer, start: number, end: number): void;
  /** Everything before this has been sent; to be returned when it has sounded. */
  heardMark(name: string): void;
  cleared(): void;
  /** A frame that was sent has come back. */
  returned(sequence: number): void;
  /** The engine broke the protocol. */
  broke(what: string): void;
}

export interface Line {
  /** The socket is open: introduces the call. */
  open(): void;
  /** Sends frame number `index` of the store; @returns the sequence number it had */
  sendFrame(index: number): number;
  sendKey(digit: string): void;
  returnMark(name: string): void;
  hangUp(): void;
  receive(opcode: number, bytes: Buffer, start: number, end: number): void;
}
