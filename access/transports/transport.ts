/**
 * The port of message transports: something that listens, lets upgrades in or refuses them, and
 * carries whole text and binary messages both ways. Protocols (`access/protocols/`) sit on top and
 * know nothing of sockets.
 */
import type { Time } from "../../base/ports.js";

/** A request to open a connection, before anything was promised. */
export type UpgradeRequest = {
  /** Path without the query, e.g. `/media/native/v1`. */
  readonly path: string;
  /** Query without the question mark, "" when there is none. */
  readonly query: string;
  /** Names in lower case; a header that came several times is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** What the client offered, in its order. */
  readonly subprotocols: readonly string[];
  readonly remoteAddress: string;
};

/** The answer to an upgrade request. */
export type UpgradeAnswer =
  | { readonly ok: true; readonly subprotocol?: string }
  | {
      readonly ok: false;
      /** HTTP status from 400 to 599. */
      readonly status: number;
      /** Sent as the body: says what was wrong and what would be right. */
      readonly reason: string;
      /** Sent as `Retry-After`, in whole seconds. */
      readonly retryAfterSeconds?: number;
    };

export type ListenOptions = {
  /** Address to bind; the caller chooses loopback unless authentication is configured. */
  readonly host: string;
  /** 0 lets the system choose; see `Listener.port`. */
  readonly port: number;
  /** Larger messages close their connection with 1009. */
  readonly messageBytesMax: number;
  /** A connection with more than this waiting to be sent is closed with 1013. */
  readonly bufferedBytesMax: number;
  /** From the TCP connection to the accepted upgrade. */
  readonly handshakeMsMax: number;
  /** A connection from which nothing came for so long, not even a pong, is closed as 1006. */
  readonly idleMsMax: number;
  readonly time: Time;
  /** TLS with this certificate; left out, none. PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Decides synchronously and cheaply: a flood of refused upgrades must cost little. */
  accept(request: UpgradeRequest): UpgradeAnswer;
  /** A connection is open. It must be listened to before this returns. */
  connected(connection: Connection): void;
  /**
   * Told of an error that a handler of this connection threw and that is not the peer's fault.
   * The connection is closed with 1011, the others go on.
   */
  failed?(error: unknown, connection: Connection): void;
};

/** What comes from a connection. */
export type ConnectionHandler = {
  /**
   * A whole message. Binary data is a view that is valid during the call only; it may be a Node
   * `Buffer`, whose `slice` does not copy: use `new Uint8Array(data)`. What this throws closes the
   * connection: 1002 with its message for a protocol error, else 1011.
   *
   * @param nowMs monotonic time of arrival
   */
  message(data: Uint8Array | string, nowMs: number): void;
  /**
   * The connection is gone: told exactly once, and nothing comes after it. The code is the one that
   * either side gave, 1006 when the connection was lost without one.
   */
  closed(code: number, reason: string): void;
};

/** One open connection. */
export interface Connection {
  /** Unique in its listener, from 1. */
  readonly id: number;
  readonly request: UpgradeRequest;
  /** Bytes handed to `send` that the system has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Sends a message; the transport owns a binary one from here on. Does nothing once the
   * connection is closing. May close the connection (1013) when too much is waiting.
   */
  send(message: Uint8Array | string): void;
  /** What is sent from here on may wait until `release`, so that it goes out in one write. */
  hold(): void;
  /** Sends what was held. Always in the same turn as `hold`. */
  release(): void;
  /**
   * Closes politely; what was sent before is still delivered if the peer reads. No message is
   * handed on any more. A peer that does not answer is cut off after two seconds.
   *
   * @param reason cut to the 123 bytes that RFC 6455 section 5.5 allows
   */
  close(code: number, reason: string): void;
  /** Sets the handler; a later call replaces it. */
  listen(handler: ConnectionHandler): void;
}

export interface Listener {
  /** The port that was bound. */
  readonly port: number;
  /** Connections that are open or closing. */
  readonly connectionCount: number;
  /** Shows another certificate from now on; connections that are open keep theirs. */
  renewTls?(certificate: { readonly cert: string; readonly key: string }): void;
  /** Takes nothing new, closes every connection and resolves when all of them are gone. */
  close(code?: number, reason?: string): Promise<void>;
}

export interface Transport {
  /** For logs, e.g. `ws`. */
  readonly name: string;
  /** @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port */
  listen(options: ListenOptions): Promise<Listener>;
}

/** Close codes of RFC 6455 section 7.4.1 that we use. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** A close frame that gave no code; never sent. */
  none: 1005,
  /** No close frame came; never sent. */
  lost: 1006,
  invalidText: 1007,
  tooBig: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

/** How long a peer may take to answer our close frame. */
export const CLOSE_MS_MAX = 2000;
