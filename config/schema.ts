/**
 * The configuration, as the engine uses it: frozen, complete, every duration in milliseconds.
 * `load-config.ts` makes it of what a person writes.
 */

/** A gateway thread: sockets and playout. */
export type GatewayConfig = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly connectionsMax: number;
  readonly messageBytesMax: number;
  /** A client that does not read is cut off beyond this. */
  readonly bufferedBytesMax: number;
  readonly handshakeMsMax: number;
  /** From the open socket to its first stream. */
  readonly startMsMax: number;
  /** Silence, not even a pong, after which a socket is half open and closed. */
  readonly idleMsMax: number;
  /** How far ahead of its playout a frame is sent; a multiple of 20. */
  readonly playoutLeadMs: number;
};
