import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import type { Connection } from "../transport.js";
import { createLeanTransport } from "./lean-transport.js";
import { SharedReads } from "./shared-reads.js";

test("the connections of a listener read into one buffer", async () => {
  const buffers = new Set<ArrayBufferLike>();
  const listener = await createLeanTransport().listen({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: 1024,
    bufferedBytesMax: 65_536,
    handshakeMsMax: 5000,
    idleMsMax: 60_000,
    time: nodeTime(),
    accept: () => ({ ok: true }),
    connected(connection: Connection) {
      connection.listen({
        message(data) {
          buffers.add((data as Uint8Array).buffer);
          connection.send(Uint8Array.from(data as Uint8Array));
        },
        closed: () => undefined,
      });
    },
  });
  const echoes = await Promise.all([1, 2, 3].map((value) => echo(listener.port, value)));
  await listener.close();
  expect(echoes).toEqual([1, 2, 3]);
  expect(buffers.size).toBe(1);
});

/** Sends 200 bytes of a value; resolves with the value of those that come back. */
function echo(port: number, value: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    client.once("open", () => client.send(new Uint8Array(200).fill(value)));
    client.once("message", (data: Buffer) => resolve(data[199]!));
    client.once("error", reject);
  });
}

test("a socket that is no plain one of Node's stays where it is", () => {
  const socket = new Duplex({ read: () => undefined });
  const reads = new SharedReads().move(socket);
  const taken: number[] = [];
  reads.listen((chunk, bytes) => taken.push(chunk.length, bytes));
  expect(reads.socket).toBe(socket);
  socket.emit("data", Buffer.alloc(7));
  expect(taken).toEqual([7, 7]);
});
