/** Connections ahead of their need, used again, and given up, against a server in this process. */
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import type { Time } from "../../../base/ports.js";
import { virtualTime, type VirtualTime } from "../../../base/virtual-time.js";
import type { RecognitionError } from "../recognizer.js";
import { SocketPool, type PoolOptions } from "./socket-pool.js";
import type { VendorSocket } from "./vendor-socket.js";
import type { Target } from "./vendor.js";

describe("a pool of connections", () => {
  let server: WebSocketServer;
  let peers: WebSocket[];
  let said: string[];
  let pool: SocketPool;
  let target: Target;
  let clock: VirtualTime;

  beforeEach(async () => {
    peers = [];
    said = [];
    clock = virtualTime();
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (socket) => {
      peers.push(socket);
      socket.on("message", (data: Buffer) => said.push(data.toString()));
    });
    await new Promise<void>((resolve) => server.once("listening", () => resolve()));
    const { port } = server.address() as AddressInfo;
    target = { key: "a", url: `ws://127.0.0.1:${port}`, headers: {}, protocols: [] };
  });
  afterEach(async () => {
    pool.close();
    for (const peer of peers) peer.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(options: Partial<PoolOptions> = {}, time: Time = clock): void {
    pool = new SocketPool({
      time,
      rng: { next: () => 0.5 },
      connectMsMax: 1000,
      streamsMax: 3,
      warmCount: 0,
      idleMsMax: 60_000,
      ...options,
    });
  }

  function take(to: Target = target): { readonly socket: VendorSocket; opened: Promise<void> } {
    let socket: VendorSocket | undefined;
    const opened = new Promise<void>((resolve, reject) => {
      const closed = (error: RecognitionError | undefined): void => reject(error ?? new Error());
      socket = pool.take(to, { opened: resolve, message: () => undefined, closed });
    });
    opened.catch(() => undefined);
    return { socket: socket!, opened };
  }

  it("gives a connection that was used well to the next utterance, after a rest", async () => {
    open();
    const first = take();
    await first.opened;
    pool.give(first.socket, true);
    const tooSoon = take();
    expect(tooSoon.socket).not.toBe(first.socket);
    clock.advance(200);
    expect(take().socket).toBe(first.socket);
    // Another target needs another connection.
    expect(take({ ...target, key: "b" }).socket).not.toBe(first.socket);
    expect(pool.isFull).toBe(true);
    expect(pool.take(target, { opened() {}, message() {}, closed() {} })).toBeUndefined();
  });

  it("closes a connection that talks while nobody uses it", async () => {
    open();
    const { socket, opened } = take();
    await opened;
    pool.give(socket, true);
    expect(pool.idleCount).toBe(1);
    peers[0]!.send("late");
    await new Promise((resolve) => peers[0]!.once("close", resolve));
    expect(pool.idleCount).toBe(0);
  });

  it("opens connections before the first utterance, and others in their place", async () => {
    open({ warmCount: 2 });
    pool.warmUp(target);
    await expect.poll(() => pool.idleCount).toBe(2);
    const { socket } = take();
    expect(socket.isOpen).toBe(true);
    await expect.poll(() => pool.idleCount).toBe(2);
    expect(peers).toHaveLength(3);
  });

  it("opens no more of them than it may have streams", async () => {
    open({ warmCount: 10 });
    pool.warmUp(target);
    await expect.poll(() => pool.idleCount).toBe(3);
    clock.advance(5000);
    expect(peers).toHaveLength(3);
  });

  it("closes one that waits for another target rather than have more than it may", async () => {
    open({ streamsMax: 2, warmCount: 2 });
    pool.warmUp(target);
    await expect.poll(() => pool.idleCount).toBe(2);
    await take({ ...target, key: "b" }).opened;
    expect(pool.idleCount).toBe(1);
    await expect.poll(() => server.clients.size).toBe(2);
  });

  it("tries again, less and less often, where connections are closed at once", async () => {
    const waits: number[] = [];
    const after: Time["after"] = (delayMs, run) => {
      // Not the deadlines of connecting and of waiting.
      if (delayMs < 1000) waits.push(delayMs);
      return clock.after(delayMs, run);
    };
    open({ warmCount: 1 }, { ...clock, after });
    server.on("connection", (socket: WebSocket) => socket.terminate());
    pool.warmUp(target);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await expect.poll(() => waits.length).toBe(attempt);
      clock.advance(waits.at(-1)!);
    }
    expect(waits).toEqual([50, 100, 200, 400]);
  });

  it("keeps those alive that wait, and lets them go in the end", async () => {
    open({ keepAlive: { everyMs: 4000, message: "alive" }, idleMsMax: 10_000 });
    const { socket, opened } = take();
    await opened;
    pool.give(socket, true);
    clock.advance(9000);
    await expect.poll(() => said).toEqual(["alive", "alive"]);
    clock.advance(1000);
    expect(pool.idleCount).toBe(0);
  });

  it("gives up a connection that does not come about in time", async () => {
    open({ connectMsMax: 50 }, nodeTime());
    server.close();
    const { opened } = take({ ...target, url: "ws://192.0.2.1:9" });
    await expect(opened).rejects.toMatchObject({ code: "RECOGNITION_UNAVAILABLE" });
  });
});
