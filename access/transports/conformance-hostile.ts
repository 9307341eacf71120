/** What every driver must survive, while everybody else goes on: clients that mean no call. */
import assert from "node:assert/strict";
import { OPCODE, RawClient, rawFrame } from "./raw-client.js";
import {
  assertEchoes,
  breathe,
  HANDSHAKE_MS_MAX,
  MESSAGE_BYTES_MAX,
  type Cases,
} from "./transport-bench.js";

/** More than a listener keeps handshakes for; as many as you like by the environment. */
const SILENT_COUNT = Number(process.env["VOXTREE_HALF_OPEN"] ?? 2400);

/** TCP connections that say nothing, opened as fast as the listener takes them. */
async function silentClients(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const some = Math.min(200, count - clients.length);
    clients.push(
      ...(await Promise.all(Array.from({ length: some }, () => RawClient.connect(port)))),
    );
  }
  return clients;
}

export const hostileCases: Cases = {
  "lets callers in while thousands of connections are half open, and drops the oldest": async (
    bench,
  ) => {
    const before = await bench.client();
    const silent = await silentClients(bench.listener.port, SILENT_COUNT);
    // The first ones had to go before their time.
    await silent[0]!.readToEnd();
    await assertEchoes(before);
    const caller = await bench.client();
    await assertEchoes(caller);
    assert.equal(bench.listener.connectionCount, 2);
    bench.time.advance(HANDSHAKE_MS_MAX);
    await Promise.all(silent.map((client) => client.readToEnd()));
    await assertEchoes(caller);
  },

  "keeps no memory for messages that are announced and never come": async (bench) => {
    const count = 300;
    const announced = rawFrame({
      opcode: OPCODE.binary,
      payload: new Uint8Array(MESSAGE_BYTES_MAX),
    }).subarray(0, 100);
    const clients: RawClient[] = [];
    for (let index = 0; index < count; index++) clients.push(await bench.client());
    const { arrayBuffers: before } = process.memoryUsage();
    for (const client of clients) client.write(announced);
    await assertEchoes(await bench.client());
    for (let pass = 0; pass < 10; pass++) await breathe();
    const grownBytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(grownBytes < (count * MESSAGE_BYTES_MAX) / 4, `${grownBytes} bytes`);
  },

  "takes a burst and goes on: seconds of audio at once, from many": async (bench) => {
    const frames = Buffer.concat(
      Array.from({ length: 250 }, (_, index) =>
        rawFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(184, index) }),
      ),
    );
    const clients = await Promise.all(Array.from({ length: 20 }, () => bench.client()));
    for (const client of clients) client.write(frames);
    for (const client of clients) {
      for (let index = 0; index < 250; index++) {
        const frame = await client.readFrame();
        assert.ok(frame?.payload.length === 184 && frame.payload[100] === index);
      }
    }
  },

  "answers a request that never ends with an error, and ends it": async (bench) => {
    const client = await RawClient.connect(bench.listener.port);
    client.write(`GET / HTTP/1.1\r\nX-Long: ${"x".repeat(128 * 1024)}`);
    assert.match(await client.readToEnd(), /^HTTP\/1\.1 4\d\d |^$/);
    await assertEchoes(await bench.client());
  },

  "outlives clients that come, break a rule and go, again and again": async (bench) => {
    const other = await bench.client();
    const streams = [
      Buffer.of(0xff, 0xff, 0xff, 0xff),
      rawFrame({ opcode: OPCODE.text, payload: "half" }).subarray(0, 7),
      rawFrame({ opcode: OPCODE.close, payload: Buffer.of(1) }),
      rawFrame({ opcode: OPCODE.binary, payload: "bare", isMasked: false }),
    ];
    for (let round = 0; round < 100; round++) {
      const client = await bench.client();
      client.write(streams[round % streams.length]!);
      if (round % 3 === 0) client.socket.resetAndDestroy();
      else client.destroy();
      await bench.closed(round + 2);
      assert.equal(bench.closedCount(round + 2), 1);
    }
    assert.equal(bench.listener.connectionCount, 1);
    assert.equal(bench.failures.length, 0);
    await assertEchoes(other);
  },
};
