/**
 * What every driver's listener does, whatever carries its bytes: it decides safely, introduces its
 * connections, and finds those that have gone quiet.
 */
import { EngineError } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import {
  CLOSE,
  type Connection,
  type ListenOptions,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "./transport.js";

/** What the listener needs of a driver's connection. */
export interface SweptConnection extends Connection {
  /** When something last came from the peer, monotonic. */
  readonly heardMs: number;
  /** Whether `listen` was called. */
  readonly isListenedTo: boolean;
  /** Asks the peer whether it is still there. */
  ping(): void;
  /** Cuts the connection without a word, for a peer that is not there any more. */
  cutOff(reason: string): void;
}

/** A connection's place in its listener. */
export type Place = {
  readonly id: number;
  readonly request: UpgradeRequest;
  /** An error that is ours, not the peer's. */
  failed(error: unknown, connection: Connection): void;
  /** The connection is gone; called after its handler was told. */
  gone(connection: SweptConnection): void;
};

/** Why a listener cannot be had. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): EngineError {
  const message =
    `cannot listen on ${host} port ${port}: ${cause.message}; ` +
    "a free port of an address of this machine is right";
  const detail = { host, port, errno: cause.code };
  return new EngineError("TRANSPORT_LISTEN_FAILED", message, detail, { cause });
}

/** A bug in the gateway's decision must not let anyone in, nor take the others down. */
export function acceptSafely(options: ListenOptions, request: UpgradeRequest): UpgradeAnswer {
  try {
    return options.accept(request);
  } catch {
    // The requester learns no more; the gateway's tests would.
    return { ok: false, status: 500, reason: "The request could not be judged." };
  }
}

/** Tells of an open connection; one that nobody listens to is closed. */
export function introduce(options: ListenOptions, connection: SweptConnection): void {
  try {
    options.connected(connection);
    if (connection.isListenedTo) return;
    throw new EngineError("TRANSPORT_NOT_LISTENED", "connected() returned without listen()");
  } catch (error) {
    connection.close(CLOSE.internalError, "internal error");
    options.failed?.(error, connection);
  }
}

export type Sweep = { stop(): void };

/** Four looks per idle period: quiet for half of it → ping, for all of it → gone. */
export function sweep(options: ListenOptions, connections: ReadonlySet<SweptConnection>): Sweep {
  const { time, idleMsMax } = options;
  let timer: Timer;
  const schedule = (): void => {
    timer = time.after(idleMsMax / 4, () => {
      const nowMs = time.nowMs();
      for (const connection of connections) {
        const quietMs = nowMs - connection.heardMs;
        if (quietMs >= idleMsMax) connection.cutOff(`nothing heard for ${Math.round(quietMs)} ms`);
        else if (quietMs >= idleMsMax / 2) connection.ping();
      }
      schedule();
    });
  };
  schedule();
  return { stop: () => timer.cancel() };
}
