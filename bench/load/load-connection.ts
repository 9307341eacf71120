/**
 * The connection of one call: a socket, and when that is lost another one, for as long as the
 * engine waits. It goes by the same rules as our client (`access/client/retry.ts`).
 */
import type { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import { browserChance } from "../../access/client/browser-chance.js";
import { isWorthRetrying, retryDelayMs } from "../../access/client/retry.js";
import type { Line, Wire } from "./line.js";
import { LoadSocket, type LoadSocketOptions } from "./load-socket.js";

export type LoadConnectionOptions = Pick<
  LoadSocketOptions,
  "host" | "port" | "path" | "subprotocol"
> & {
  /** Whether a lost socket is followed by another one, where the engine offers that. */
  readonly isResuming: boolean;
  /** Its first socket is open. */
  readonly opened: () => void;
  /** Told once: there is no socket, and no other one comes. */
  readonly closed: (reason: string) => void;
};

export class LoadConnection implements Wire {
  readonly #options: LoadConnectionOptions;
  #line!: Line;
  #socket: LoadSocket | undefined;
  #blockedCount = 0;
  #wasOpened = false;
  #lostAtMs: number | undefined;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadConnectionOptions) {
    this.#options = options;
  }

  /** Connects on behalf of a line. */
  begin(line: Line): void {
    this.#line = line;
    this.#open();
  }

  settled(): number {
    const nowMs = performance.now();
    const awayMs = nowMs - (this.#lostAtMs ?? nowMs);
    this.#lostAtMs = undefined;
    this.#attempt = 0;
    return awayMs;
  }

  /** Frames that did not fit into a socket's buffer and waited in this process. */
  get blockedCount(): number {
    return this.#blockedCount + (this.#socket?.blockedCount ?? 0);
  }

  resetBlocked(): void {
    this.#blockedCount = 0;
    if (this.#socket !== undefined) this.#socket.blockedCount = 0;
  }

  send(bytes: Buffer, length: number): void {
    this.#socket?.send(bytes, length);
  }

  /** Ends it for good. */
  close(): void {
    if (this.#socket !== undefined) return this.#socket.close();
    clearTimeout(this.#timer);
    this.#options.closed("closed by us");
  }

  /** Cuts the socket off, as a network does that is gone. */
  cut(): void {
    this.#socket?.cut();
  }

  #open(): void {
    this.#socket = new LoadSocket({
      ...this.#options,
      opened: () => {
        this.#line.open();
        if (!this.#wasOpened) this.#options.opened();
        this.#wasOpened = true;
      },
      message: (opcode, bytes, start, end) => this.#line.receive(opcode, bytes, start, end),
      closed: (reason, code) => this.#closed(reason, code),
    });
  }

  #closed(reason: string, code: number): void {
    this.#blockedCount += this.#socket?.blockedCount ?? 0;
    this.#socket = undefined;
    const { isResuming, closed } = this.#options;
    const nowMs = performance.now();
    const lostAtMs = (this.#lostAtMs ??= nowMs);
    const isAwaited = nowMs - lostAtMs < this.#line.resumeMs;
    if (!isResuming || !isAwaited || !isWorthRetrying(code)) return closed(reason);
    this.#line.lost();
    this.#timer = setTimeout(() => this.#open(), retryDelayMs(this.#attempt, browserChance));
    this.#attempt += 1;
  }
}
