/**
 * The connections of one thread to one vendor: at most so many in use, some open ahead of their
 * need, and those that can take another utterance kept for it.
 *
 *     connecting ──▶ warm ──take──▶ in use ──give──▶ resting ──▶ warm
 *          ▲                          │ cannot be used again: closed
 *          └── one is taken: another is opened ahead
 */
import type { Rng, Time, Timer } from "../../../base/ports.js";
import { backoffMs } from "./backoff.js";
import { VendorSocket, type SocketHandler } from "./vendor-socket.js";
import type { Target, Vendor } from "./vendor.js";

/** A connection that still talks of its last utterance is not given the next one. */
const restMs = 100;

export type PoolOptions = {
  readonly time: Time;
  readonly rng: Rng;
  readonly connectMsMax: number;
  /** In use at once. */
  readonly streamsMax: number;
  /** Open ahead of their need. */
  readonly warmCount: number;
  /** After so long without an utterance a connection is closed; 0: none is kept or opened ahead. */
  readonly idleMsMax: number;
  readonly keepAlive?: Vendor["keepAlive"] | undefined;
  readonly ca?: string | undefined;
};

type Idle = {
  readonly socket: VendorSocket;
  readonly freeAtMs: number;
  readonly expiry: Timer;
  keepAlive: Timer | undefined;
};

export class SocketPool {
  readonly #options: PoolOptions;
  #idle: Idle[] = [];
  readonly #inUse = new Set<VendorSocket>();
  #ahead = new Map<VendorSocket, Target>();
  /** Connections that were lost before anybody used them, in a row. */
  #failures = 0;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get inUseCount(): number {
    return this.#inUse.size;
  }

  /** Connections that are open and wait. */
  get idleCount(): number {
    return this.#idle.length;
  }

  get isFull(): boolean {
    return this.#inUse.size >= this.#options.streamsMax;
  }

  /**
   * A connection for one utterance, to be given back; it may still be connecting. Undefined when
   * all are in use.
   *
   * @throws {SyntaxError} when the URL is none
   */
  take(target: Target, handler: SocketHandler): VendorSocket | undefined {
    if (this.isFull || this.#isClosed) return undefined;
    const socket = this.#takeIdle(target.key);
    if (socket !== undefined) socket.listen(this.#watched(() => socket, handler));
    const taken = socket ?? this.#connectNow(target, handler);
    this.#inUse.add(taken);
    if (target.isSingular !== true) this.#openAhead(target);
    return taken;
  }

  /** The utterance is over. `isReusable`: it left the connection as if nothing had been said. */
  give(socket: VendorSocket, isReusable: boolean): void {
    if (!this.#inUse.delete(socket)) return;
    if (isReusable && socket.isOpen && this.#options.idleMsMax > 0) this.#keep(socket, restMs);
    else this.#drop(socket);
  }

  /** Opens connections before the first utterance. */
  warmUp(target: Target): void {
    this.#openAhead(target);
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    for (const idle of [...this.#idle]) {
      this.#forget(idle);
      this.#drop(idle.socket);
    }
    for (const socket of [...this.#ahead.keys(), ...this.#inUse]) socket.close();
  }

  #takeIdle(key: string): VendorSocket | undefined {
    const nowMs = this.#options.time.nowMs();
    const idle = this.#idle.find(
      ({ socket, freeAtMs }) => socket.target.key === key && freeAtMs <= nowMs && socket.isOpen,
    );
    if (idle !== undefined) {
      this.#forget(idle);
      this.#failures = 0;
    }
    return idle?.socket;
  }

  /** Vendors count connections, those that only wait as well: the oldest of them makes room. */
  #connectNow(target: Target, handler: SocketHandler): VendorSocket {
    const [oldest] = this.#idle;
    if (oldest !== undefined && this.#room <= 0) {
      this.#forget(oldest);
      this.#drop(oldest.socket);
    }
    return this.#connect(target, handler);
  }

  /** How many connections more there may be. */
  get #room(): number {
    return this.#options.streamsMax - this.#inUse.size - this.#idle.length - this.#ahead.size;
  }

  #connect(target: Target, handler: SocketHandler): VendorSocket {
    const { time, connectMsMax, ca } = this.#options;
    const holder: { socket?: VendorSocket } = {};
    const watched = this.#watched(() => holder.socket!, handler);
    holder.socket = new VendorSocket({ target, time, connectMsMax, ca }, watched);
    return holder.socket;
  }

  /** A lost connection leaves the pool before its owner hears of it. */
  #watched(socket: () => VendorSocket, handler: SocketHandler): SocketHandler {
    return {
      opened: () => handler.opened(),
      message: (message) => handler.message(message),
      closed: (error) => {
        this.#inUse.delete(socket());
        handler.closed(error);
      },
    };
  }

  /** What comes while it waits belongs to nobody: such a connection cannot be trusted. */
  #keep(socket: VendorSocket, afterMs: number): void {
    const { time, idleMsMax } = this.#options;
    const giveUp = (): void => {
      this.#forget(idle);
      this.#drop(socket);
    };
    const expiry = time.after(idleMsMax, () => {
      giveUp();
      // One that waited in vain makes way for one that is sure to be alive.
      this.#openAhead(socket.target);
    });
    const idle: Idle = { socket, freeAtMs: time.nowMs() + afterMs, expiry, keepAlive: undefined };
    const closed = (): void => {
      this.#forget(idle);
      this.#openLater(socket.target);
    };
    socket.listen({ opened: () => undefined, message: giveUp, closed });
    this.#idle.push(idle);
    this.#keepAlive(idle);
  }

  #keepAlive(idle: Idle): void {
    const { time, keepAlive } = this.#options;
    if (keepAlive === undefined) return;
    idle.keepAlive = time.after(keepAlive.everyMs, () => {
      idle.socket.send(keepAlive.message);
      this.#keepAlive(idle);
    });
  }

  #forget(idle: Idle): void {
    idle.expiry.cancel();
    idle.keepAlive?.cancel();
    this.#idle = this.#idle.filter((other) => other !== idle);
  }

  #drop(socket: VendorSocket): void {
    socket.listen({ opened: () => undefined, message: () => undefined, closed: () => undefined });
    socket.close();
  }

  #openAhead(target: Target): void {
    const { warmCount, idleMsMax } = this.#options;
    if (idleMsMax === 0 || this.#retry !== undefined || this.#isClosed) return;
    const ready = this.#idle.filter(({ socket }) => socket.target.key === target.key).length;
    const ahead = [...this.#ahead.values()].filter(({ key }) => key === target.key).length;
    const missing = Math.min(warmCount - ready - ahead, this.#room);
    for (let count = 0; count < missing; count += 1) this.#openOneAhead(target);
  }

  #openLater(target: Target): void {
    const { time, rng, warmCount } = this.#options;
    if (this.#isClosed || this.#retry !== undefined || warmCount === 0) return;
    this.#failures += 1;
    this.#retry = time.after(backoffMs(this.#failures, rng), () => {
      this.#retry = undefined;
      this.#openAhead(target);
    });
  }

  #openOneAhead(target: Target): void {
    const { time, connectMsMax, ca } = this.#options;
    const socket: VendorSocket = new VendorSocket(
      { target, time, connectMsMax, ca },
      {
        opened: () => {
          this.#ahead.delete(socket);
          this.#keep(socket, 0);
        },
        message: () => undefined,
        closed: () => {
          this.#ahead.delete(socket);
          this.#openLater(target);
        },
      },
    );
    this.#ahead.set(socket, target);
  }
}
