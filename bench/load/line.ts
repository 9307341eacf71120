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
  /** The connection is lost; another one may take its place. What it asked for is void. */
  lost(): void;
  /** Another connection goes on with the call, so long after the loss of the one before. */
  resumed(awayMs: number): void;
  /** The engine broke the protocol. */
  broke(what: string): void;
}

/** The way of one line to the engine; the socket behind it may change. */
export interface Wire {
  /** Sends a whole frame, `bytes[0 .. length)`; the memory may be used again at once. */
  send(bytes: Buffer, length: number): void;
  /** The engine has let the line in; @returns the time since the loss of the socket before */
  settled(): number;
  /** Ends it for good. */
  close(): void;
}

export interface Line {
  /** How long the engine waits for another connection when this one is lost; 0: it does not. */
  readonly resumeMs: number;
  /** A socket is open, the first or another one: introduces the call. */
  open(): void;
  /** The socket is gone, and will be opened again. */
  lost(): void;
  /**
   * Sends frame number `index` of the store; while there is no connection it is kept for the next.
   *
   * @returns the sequence number it had
   */
  sendFrame(index: number): number;
  sendKey(digit: string): void;
  returnMark(name: string): void;
  hangUp(): void;
  receive(opcode: number, bytes: Buffer, start: number, end: number): void;
}
