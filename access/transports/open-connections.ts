/** The open connections of a listener: numbered, swept for quiet ones, closed all together. */
import type { AddressInfo, Server } from "node:net";
import {
  introduce,
  listenError,
  sweep,
  type Place,
  type Sweep,
  type SweptConnection,
} from "./listening.js";
import { CLOSE, type ListenOptions, type UpgradeRequest } from "./transport.js";

export class OpenConnections {
  readonly #options: ListenOptions;
  readonly #open = new Set<SweptConnection>();
  #nextId = 1;
  #sweep: Sweep | undefined;
  #drained: () => void = () => undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * Listens, and looks after quiet connections from then on. @returns the port
   *
   * @param backlog what the system holds for us to accept
   * @throws {EngineError} `TRANSPORT_LISTEN_FAILED`, naming host and port
   */
  async bind(server: Server, backlog?: number): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void => reject(listenError(host, port, cause));
      server.once("error", failed);
      server.listen({ host, port, ...(backlog === undefined ? {} : { backlog }) }, resolve);
    });
    this.#sweep = sweep(this.#options, this.#open);
    return (server.address() as AddressInfo).port;
  }

  /** Where the next connection stands. */
  place(request: UpgradeRequest): Place {
    return {
      id: this.#nextId,
      request,
      failed: (error, connection) => this.#options.failed?.(error, connection),
      gone: (connection) => {
        this.#open.delete(connection);
        if (this.#open.size === 0) this.#drained();
      },
    };
  }

  /** A connection is open: whoever listens is told. */
  add(connection: SweptConnection): void {
    this.#nextId += 1;
    this.#open.add(connection);
    introduce(this.#options, connection);
  }

  /** Closes the server and all connections; resolves when they are gone. */
  async close(
    server: Server,
    code: number = CLOSE.goingAway,
    reason = "shutting down",
  ): Promise<void> {
    this.#sweep?.stop();
    const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
    const drained = new Promise<void>((resolve) => (this.#drained = resolve));
    for (const connection of [...this.#open]) connection.close(code, reason);
    if (this.#open.size > 0) await drained;
    await serverClosed;
  }
}
