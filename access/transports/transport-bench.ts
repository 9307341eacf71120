/**
 * The listener that the conformance cases of transports run against: it echoes, records how its
 * connections end, and lives in virtual time, so that no case waits for a real clock.
 */
import assert from "node:assert/strict";
import { nodeTime } from "../../base/node-ports.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";
import { OPCODE, RawClient } from "./raw-client.js";
import type { Connection, ListenOptions, Listener, Transport } from "./transport.js";

export const MESSAGE_BYTES_MAX = 64 * 1024;
export const BUFFERED_BYTES_MAX = 256 * 1024;
export const IDLE_MS_MAX = 20_000;
export const HANDSHAKE_MS_MAX = 5000;

/** How a connection ended on our side. */
export type Closed = { readonly id: number; readonly code: number; readonly reason: string };

/** A listener whose connections echo, and a record of how they ended. */
export class TransportBench {
  /** Stands still, but for what lets the sockets have their turn: those are real. */
  readonly time: VirtualTime = Object.assign(virtualTime(), {
    soon: (run: () => void) => nodeTime().soon(run),
  });
  readonly connections: Connection[] = [];
  readonly failures: unknown[] = [];
  readonly #ended: Closed[] = [];
  readonly #clients: RawClient[] = [];
  #wake: () => void = () => undefined;
  /** What a connection does with a message; the default is to send it back. */
  onMessage = (connection: Connection, data: Uint8Array | string): void =>
    // The view is valid during the call only, so an echo needs its own copy.
    connection.send(typeof data === "string" ? data : new Uint8Array(data));
  accept: ListenOptions["accept"] = () => ({ ok: true });
  listener!: Listener;

  readonly #transport: Transport;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  static async open(transport: Transport): Promise<TransportBench> {
    const bench = new TransportBench(transport);
    bench.listener = await bench.listen(0);
    return bench;
  }

  listen(port: number): Promise<Listener> {
    return this.#transport.listen(this.#options(port));
  }

  #options(port: number): ListenOptions {
    return {
      host: "127.0.0.1",
      port,
      messageBytesMax: MESSAGE_BYTES_MAX,
      bufferedBytesMax: BUFFERED_BYTES_MAX,
      handshakeMsMax: HANDSHAKE_MS_MAX,
      idleMsMax: IDLE_MS_MAX,
      time: this.time,
      accept: (request) => this.accept(request),
      failed: (error) => void this.failures.push(error),
      connected: (connection) => {
        this.connections.push(connection);
        connection.listen({
          message: (data) => this.onMessage(connection, data),
          closed: (code, reason) => {
            this.#ended.push({ id: connection.id, code, reason });
            this.#wake();
          },
        });
      },
    };
  }

  /** An open client. */
  async client(path = "/echo", headers: readonly string[] = []): Promise<RawClient> {
    const { client, head } = await RawClient.upgrade(this.listener.port, path, headers);
    assert.match(head, /^HTTP\/1\.1 101 /);
    this.#clients.push(client);
    return client;
  }

  /** How the connection ended on our side. */
  async closed(id: number): Promise<Closed> {
    for (;;) {
      const found = this.#ended.find((closed) => closed.id === id);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** How often the handler of this connection was told of its end. */
  closedCount(id: number): number {
    return this.#ended.filter((closed) => closed.id === id).length;
  }

  /** Lets go of everything that has ended, for long runs. */
  forgetEnded(): void {
    const ids = new Set(this.#ended.splice(0).map(({ id }) => id));
    const open = this.connections.filter(({ id }) => !ids.has(id));
    this.connections.splice(0, Infinity, ...open);
    const clients = this.#clients.filter(({ socket }) => !socket.destroyed);
    this.#clients.splice(0, Infinity, ...clients);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.listener.close();
  }
}

/** Lets the sockets of this process do what they can do now. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => nodeTime().soon(resolve));
}

/** Cases by their sentence. */
export type Cases = Readonly<Record<string, (bench: TransportBench) => Promise<void>>>;

/** The connection of this client is open and sends back what it gets. */
export async function assertEchoes(client: RawClient, word = "still here"): Promise<void> {
  client.sendFrame({ opcode: OPCODE.text, payload: word });
  const frame = await client.readFrame();
  assert.equal(frame?.opcode, OPCODE.text);
  assert.equal(frame.payload.toString(), word);
}
