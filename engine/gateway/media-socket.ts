/**
 * One media socket and the streams on it: what its protocol hears goes to the legs, what a leg
 * says goes out by its protocol. A client that breaks a rule loses its socket, the others go on.
 */
import { toErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type {
  MediaProtocol,
  MediaSession,
  MediaSink,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import { CLOSE, type Connection } from "../../access/transports/transport.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { isLoss } from "./leg-connection.js";
import type { Seat } from "./seat.js";
import { agreedSubprotocol } from "./upgrade-policy.js";

/** RFC 6455 section 7.4.1: the peer broke a rule that is ours, not the protocol's. */
export const POLICY_VIOLATION = 1008;
/** Application code (section 7.4.2): a newer connection has its calls. */
export const SUPERSEDED = 4001;
/** A trunk that has so many streams turned away in a row, and none let in, is closed. */
const refusalsMax = 256;
/** Said before a call was named: audio that comes first, a trunk's many starts. */
const unstartedBytesMax = 256 * 1024;
/** A peer may be this far ahead of real time, e.g. after a network stall; beyond it, it floods. */
const floodMs = 10_000;

/** Who decides about the streams of a socket. */
export type SocketOwner = {
  /** A stream wants to start. */
  started(socket: MediaSocket, start: StreamStart): void;
  /** Its client has read the stream's resume token. */
  confirmed(seat: Seat): void;
  /** The connection is gone without a goodbye: the stream may go on on another one. */
  lost(seat: Seat): void;
  /** More or less of a stream's sound is sent. */
  rateChanged(seat: Seat, change: object): void;
  /** It started no stream in its time, or said too much before. */
  neverStarted(socket: MediaSocket): void;
  /** Its peer has room for our audio again. */
  room(seat: Seat): void;
  /** A message was read: others may wait for their turn meanwhile. */
  heard(nowMs: number): void;
  /** Frames wait to be sent: see `MediaSession.flush`. */
  packed(session: MediaSession): void;
  /** A stream is over. */
  ended(seat: Seat, reason: string): void;
  /** The client broke its protocol; its connection closes. */
  broken(socket: MediaSocket, error: unknown): void;
};

export class MediaSocket {
  readonly connection: Connection;
  readonly session: MediaSession;
  /** Open streams by id. */
  readonly seats = new Map<number, Seat>();
  readonly #opened: MediaProtocol;
  /** Streams that want to start. */
  readonly #starting = new Set<number>();
  readonly #owner: SocketOwner;
  /** Closes a socket that starts no stream. */
  readonly #startTimer: Timer;
  #nowMs = 0;
  /** Why the connection closed, in words, once it has. */
  #closeReason = "";
  /** A stream was let in on it. */
  #hasStarted = false;
  #unstartedBytes = 0;
  /** Streams turned away since the last that was let in. */
  #refusals = 0;

  constructor(options: {
    readonly connection: Connection;
    readonly protocol: MediaProtocol;
    readonly owner: SocketOwner;
    readonly time: Time;
    /** From the open socket to its first stream. */
    readonly startMsMax: number;
  }) {
    const { connection, protocol, time, startMsMax } = options;
    this.connection = connection;
    this.#opened = protocol;
    this.#owner = options.owner;
    this.#startTimer = time.after(startMsMax, () => {
      if (this.seats.size > 0) return;
      this.#owner.neverStarted(this);
      connection.close(POLICY_VIOLATION, `no stream was started within ${startMsMax} ms`);
    });
    const subprotocol = agreedSubprotocol(protocol, connection.request);
    this.session = protocol.open(
      (message) => connection.send(message),
      this.#sink(),
      (code, reason) => connection.close(code, reason),
      {
        query: connection.request.query,
        ...(subprotocol === undefined ? {} : { subprotocol }),
        nowMs: () => time.nowMs(),
        after: (delayMs, run) => time.after(delayMs, run),
        queuedBytes: () => connection.bufferedBytes,
        packing: {
          packed: () => this.#owner.packed(this.session),
          isDrained: () => connection.bufferedBytes === 0,
        },
      },
    );
    connection.listen({
      message: (data, nowMs) => this.#message(data, nowMs),
      closed: (code, reason) => this.#closed(code, reason),
    });
  }

  /** What its peer speaks, as far as is known. */
  get protocol(): MediaProtocol {
    return this.session.protocol ?? this.#opened;
  }

  /** Whether the stream still waits to be let in. */
  isStarting(streamId: number): boolean {
    return this.#starting.has(streamId);
  }

  /** Takes a stream on. */
  seat(streamId: number, seat: Seat): void {
    this.#starting.delete(streamId);
    this.seats.set(streamId, seat);
    this.#hasStarted = true;
    this.#startTimer.cancel();
    this.#refusals = 0;
  }

  /** Turns a stream away. Other streams on the socket go on. */
  refuse(streamId: number, reason: string): void {
    this.#starting.delete(streamId);
    this.#refusals += 1;
    const isHopeless = this.#refusals > (this.session.isTrunk === true ? refusalsMax : 0);
    if (isHopeless && this.seats.size === 0) this.connection.close(POLICY_VIOLATION, reason);
    else this.session.hangup(streamId, reason);
  }

  /** A stream is over, or goes on elsewhere. */
  leave(streamId: number): void {
    this.seats.delete(streamId);
  }

  /** A stream goes on on another connection; with the last one goes the socket. */
  release(streamId: number, reason: string): void {
    this.session.release?.(streamId, reason);
    this.leave(streamId);
    this.#closeIfEmpty(SUPERSEDED, reason);
  }

  /** Nobody is left on it, and nobody will come: a trunk stays. */
  closeIfEmpty(reason: string): void {
    this.#closeIfEmpty(CLOSE.normal, reason);
  }

  #closeIfEmpty(code: number, reason: string): void {
    const { isTrunk, closesItself } = this.session;
    const isDone = this.seats.size === 0 && isTrunk !== true && closesItself !== true;
    if (isDone) this.connection.close(code, reason);
  }

  #message(data: Uint8Array | string, nowMs: number): void {
    this.#nowMs = nowMs;
    try {
      if (!this.#hasStarted) this.#checkUnstarted(data.length);
      this.session.receive(data);
    } catch (error) {
      this.#owner.broken(this, error);
      throw error;
    }
    this.#owner.heard(nowMs);
  }

  /** Whoever has not named its call yet is not listened to for long. */
  #checkUnstarted(bytes: number): void {
    this.#unstartedBytes += bytes;
    if (this.#unstartedBytes <= unstartedBytesMax) return;
    this.#owner.neverStarted(this);
    throw new ProtocolError(
      "PROTOCOL_OVERSIZE",
      `${this.#unstartedBytes} bytes came before a stream was let in, ${unstartedBytesMax} is right`,
      { unstartedBytesMax },
    );
  }

  #closed(code: number, reason: string): void {
    this.#startTimer.cancel();
    this.#starting.clear();
    this.#closeReason = reason;
    if (this.protocol.canResume && isLoss(code)) {
      for (const seat of [...this.seats.values()]) this.#owner.lost(seat);
    }
    this.session.closed(code);
    for (const seat of [...this.seats.values()]) {
      this.#owner.ended(seat, reason === "" ? `connection closed (${code})` : reason);
    }
  }

  #sink(): MediaSink {
    return {
      started: (start) => {
        this.#starting.add(start.streamId);
        this.#owner.started(this, start);
      },
      frame: (streamId, payload, mediaSamples) => this.#frame(streamId, payload, mediaSamples),
      dtmf: (streamId, digit) => this.seats.get(streamId)?.leg.keyReceived(digit),
      broken: (_streamId, error) => this.#owner.broken(this, error),
      rateChanged: (streamId, change) => {
        const seat = this.seats.get(streamId);
        if (seat !== undefined) this.#owner.rateChanged(seat, change);
      },
      room: (streamId) => {
        const seat = this.seats.get(streamId);
        if (seat !== undefined) this.#owner.room(seat);
      },
      confirmed: (streamId) => {
        const seat = this.seats.get(streamId);
        if (seat !== undefined) this.#owner.confirmed(seat);
      },
      markReached: (streamId, name) => this.seats.get(streamId)?.leg.markReached(name),
      ended: (streamId, reason) => {
        this.#starting.delete(streamId);
        const seat = this.seats.get(streamId);
        // The protocol knows the kind of end, the connection why.
        const why = this.#closeReason === "" ? reason : `${reason}: ${this.#closeReason}`;
        if (seat !== undefined) this.#owner.ended(seat, why);
        this.closeIfEmpty(reason);
      },
    };
  }

  #frame(streamId: number, payload: Uint8Array, mediaSamples: number): void {
    const seat = this.seats.get(streamId);
    if (seat === undefined) return;
    if (seat.leg.flood.isFlooding(mediaSamples, this.#nowMs, floodMs)) {
      throw new ProtocolError(
        "PROTOCOL_FLOOD",
        `more than ${floodMs} ms of audio ahead of real time; send at the pace of speech`,
        { floodMs },
      );
    }
    if (!seat.leg.receive(mediaSamples, this.#nowMs)) return;
    seat.route.write(payload, mediaSamples, this.#nowMs);
  }
}

/** What a broken protocol is in the log. */
export function brokenFields({ protocol }: MediaSocket, error: unknown): object {
  const { code, message } = toErrorData(error);
  return { protocol: protocol.name, code, message };
}
