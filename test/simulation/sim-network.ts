/**
 * The network between callees and the gateway: connections with a delay, in order as TCP is, which
 * may stand still, be refused or be cut. What goes to the callee is handed over when it is sent:
 * the ear knows the delay of its way.
 */
import {
  CLOSE,
  type Connection,
  type ConnectionHandler,
  type Listener,
  type ListenOptions,
  type Transport,
  type UpgradeRequest,
} from "../../access/transports/transport.js";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import type { SimLoop, ThreadTime } from "./sim-loop.js";

/** The callee's end. */
export type ClientHandler = {
  opened(): void;
  /** Sent now; it arrives `delayMs` later. */
  message(data: Uint8Array | string): void;
  /** The connection is gone, or never came to be. */
  closed(reason: string): void;
};

export type ClientOptions = {
  readonly path: string;
  readonly delayMs: number;
  readonly handler: ClientHandler;
};

/** What a callee's end is told when the connection breaks. */
export const connectionLost = "connection lost";
/** A peer that does not answer to a close is cut off. */
const closeMsMax = 2000;

export class SimNetwork {
  readonly #loop: SimLoop;
  #listener: SimListener | undefined;

  constructor(loop: SimLoop) {
    this.#loop = loop;
  }

  /** The network as a gateway thread sees it. */
  transport(time: ThreadTime): Transport {
    return {
      name: "simulated",
      listen: (options) => {
        const listener = new SimListener(this.#loop, time, options);
        this.#listener = listener;
        return Promise.resolve(listener);
      },
    };
  }

  /** A gateway thread is gone, and its sockets with it. */
  lost(time: ThreadTime): void {
    if (this.#listener?.time !== time) return;
    this.#listener.lost();
    this.#listener = undefined;
  }

  get connectionCount(): number {
    return this.#listener?.connectionCount ?? 0;
  }

  connect(options: ClientOptions): SimConnection {
    const connection = new SimConnection(this.#loop, options);
    this.#loop.world.after(2 * options.delayMs, () => {
      const listener = this.#listener;
      if (listener === undefined) return connection.refused("nobody listens");
      listener.time.soon(() => listener.take(connection));
    });
    return connection;
  }
}

class SimListener implements Listener {
  readonly port = 8080;
  readonly time: ThreadTime;
  readonly #loop: SimLoop;
  readonly #options: ListenOptions;
  readonly #connections = new Set<SimConnection>();
  #lastId = 0;
  #isClosed = false;
  #whenEmpty: (() => void) | undefined;

  constructor(loop: SimLoop, time: ThreadTime, options: ListenOptions) {
    this.#loop = loop;
    this.time = time;
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  take(connection: SimConnection): void {
    if (this.#isClosed) return connection.refused("nobody listens");
    if (connection.isOver) return;
    const answer = this.#options.accept(connection.request);
    if (!answer.ok) return connection.refused(`${answer.status} ${answer.reason}`);
    this.#connections.add(connection);
    connection.id = this.#lastId += 1;
    connection.accepted(this.#options, this.time, () => {
      this.#connections.delete(connection);
      if (this.#connections.size > 0) return;
      this.#whenEmpty?.();
      this.#loop.flush();
    });
    this.#options.connected(connection);
    connection.open();
  }

  lost(): void {
    this.#isClosed = true;
    for (const connection of [...this.#connections]) connection.cut();
  }

  close(code = CLOSE.normal as number, reason = ""): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close(code, reason);
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#whenEmpty = resolve));
  }
}

export class SimConnection implements Connection {
  id = 0;
  readonly request: UpgradeRequest;
  readonly bufferedBytes = 0;
  readonly #loop: SimLoop;
  readonly #client: ClientHandler;
  readonly #delayMs: number;
  #time: ThreadTime | undefined;
  #listen: ListenOptions | undefined;
  #handler: ConnectionHandler | undefined;
  #forget: () => void = () => undefined;
  #lastArrivalMs = 0;
  /** The way stands still until then; what is sent meanwhile comes all at once. */
  #heldUntilMs = 0;
  #isClosing = false;
  /** Nothing goes either way any more. */
  #isCut = false;
  #isServerTold = false;
  #isClientTold = false;

  constructor(loop: SimLoop, { path, delayMs, handler }: ClientOptions) {
    this.#loop = loop;
    this.#client = handler;
    this.#delayMs = delayMs;
    const remoteAddress = "127.0.0.1";
    this.request = { path, query: "", headers: {}, subprotocols: [], remoteAddress };
  }

  get isOver(): boolean {
    return this.#isCut || this.#isClientTold;
  }

  refused(reason: string): void {
    this.#loop.world.after(this.#delayMs, () => this.#tellClient(reason));
  }

  accepted(listen: ListenOptions, time: ThreadTime, forget: () => void): void {
    this.#listen = listen;
    this.#time = time;
    this.#forget = forget;
  }

  open(): void {
    this.#loop.world.after(this.#delayMs, () => {
      if (!this.isOver) this.#client.opened();
    });
  }

  listen(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  send(message: Uint8Array | string): void {
    if (!this.#isClosing && !this.#isCut) this.#client.message(message);
  }

  /** Every message goes at once: there is no system call to be spared. */
  hold(): void {}

  release(): void {}

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#isCut) return;
    this.#isClosing = true;
    const { world } = this.#loop;
    world.after(this.#delayMs, () => this.#tellClient(reason));
    this.#tellServer(Math.min(closeMsMax, 2 * this.#delayMs), code, reason);
  }

  /** From the callee. */
  sendToServer(message: Uint8Array | string): void {
    this.#toServer(() => {
      if (this.#isClosing || this.#isServerTold) return;
      try {
        this.#handler?.message(message, this.#time!.nowMs());
      } catch (error) {
        if (isProtocolError(error)) this.close(CLOSE.protocolError, error.message);
        else {
          this.#listen?.failed?.(error, this);
          this.close(CLOSE.internalError, "failed");
        }
      }
    });
  }

  /** The callee closes, as a phone does that hangs up. */
  closeByClient(): void {
    this.#isClientTold = true;
    this.#toServer(() => this.#tellServer(0, CLOSE.normal, "closed by the client"));
  }

  /** What is sent within the next `durationMs` arrives after that. */
  standStill(durationMs: number): void {
    this.#heldUntilMs = this.#loop.world.nowMs() + durationMs;
  }

  /** It breaks. @param noticedMs until the server learns of it */
  cut(noticedMs = 0): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#tellClient(connectionLost);
    this.#tellServer(noticedMs, CLOSE.lost, "");
  }

  #toServer(arrive: () => void): void {
    if (this.#isCut || this.#time === undefined) return;
    const time = this.#time;
    const { world } = this.#loop;
    const nowMs = world.nowMs();
    const earliestMs = Math.max(nowMs, this.#heldUntilMs) + this.#delayMs;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, earliestMs);
    world.after(this.#lastArrivalMs - nowMs, () => {
      if (!this.#isCut) time.soon(arrive);
    });
  }

  #tellServer(inMs: number, code: number, reason: string): void {
    const time = this.#time;
    if (time === undefined) return;
    this.#loop.world.after(inMs, () =>
      time.soon(() => {
        if (this.#isServerTold) return;
        this.#isServerTold = true;
        this.#isClosing = true;
        this.#handler?.closed(code, reason);
        this.#forget();
      }),
    );
  }

  #tellClient(reason: string): void {
    if (this.#isClientTold) return;
    this.#isClientTold = true;
    this.#client.closed(reason);
  }
}
