/**
 * What every transport driver must do, as a list of cases that need no test framework: a driver's
 * test runs them all. The clients are raw TCP, so that a case can break any rule of RFC 6455.
 */
import assert from "node:assert/strict";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { frameCases } from "./conformance-frames.js";
import { hostileCases } from "./conformance-hostile.js";
import { OPCODE, RawClient, rawFrame } from "./raw-client.js";
import {
  assertEchoes,
  breathe,
  BUFFERED_BYTES_MAX,
  HANDSHAKE_MS_MAX,
  IDLE_MS_MAX,
  MESSAGE_BYTES_MAX,
  TransportBench,
  type Cases,
} from "./transport-bench.js";
import { CLOSE, type Transport } from "./transport.js";

/** One rule and the run that tries to break it; rejects when it is broken. */
export type ConformanceCase = { readonly name: string; readonly run: () => Promise<void> };

/** The cases, each on a listener of its own. */
export function transportConformance(createTransport: () => Transport): ConformanceCase[] {
  const cases = Object.entries({ ...connectionCases, ...frameCases, ...hostileCases });
  return cases.map(([name, run]) => ({
    name,
    run: async () => {
      const bench = await TransportBench.open(createTransport());
      try {
        await run(bench);
      } finally {
        await bench.close();
      }
    },
  }));
}

const connectionCases: Cases = {
  "carries text and binary messages both ways, unchanged and in order": async (bench) => {
    const client = await bench.client();
    const binary = Uint8Array.from({ length: 700 }, (_, index) => index & 0xff);
    const messages = ["", "héllo, 你好", binary, new Uint8Array(0), "last"];
    for (const payload of messages) {
      client.sendFrame({ opcode: typeof payload === "string" ? 1 : 2, payload });
    }
    for (const payload of messages) {
      const frame = await client.readFrame();
      assert.equal(frame?.opcode, typeof payload === "string" ? 1 : 2);
      assert.deepEqual(frame.payload, Buffer.from(payload));
    }
  },

  "sends what was held in order at its release, and all else at once": async (bench) => {
    const client = await bench.client();
    const other = await bench.client();
    const [connection, otherConnection] = bench.connections;
    connection!.hold();
    connection!.send("one");
    connection!.send(Uint8Array.of(2));
    // Another one in between is not kept waiting.
    otherConnection!.send("other");
    connection!.send("three");
    connection!.release();
    connection!.send("four");
    assert.equal((await other.readFrame())?.payload.toString(), "other");
    for (const payload of ["one", "\u0002", "three", "four"]) {
      assert.equal((await client.readFrame())?.payload.toString(), payload);
    }
    connection!.hold();
    connection!.close(CLOSE.normal, "held");
    connection!.send("after the close");
    connection!.release();
    assert.equal((await client.readFrame())?.opcode, OPCODE.close);
  },

  "joins fragments, also when the bytes come one by one and a ping lies between": async (bench) => {
    const client = await bench.client();
    const bytes = Buffer.concat([
      rawFrame({ opcode: OPCODE.text, payload: "one ", isFinal: false }),
      rawFrame({ opcode: OPCODE.ping, payload: "p" }),
      rawFrame({ opcode: OPCODE.continuation, payload: "two ", isFinal: false }),
      rawFrame({ opcode: OPCODE.continuation, payload: "three" }),
    ]);
    for (const byte of bytes) {
      client.write(Uint8Array.of(byte));
      await breathe();
    }
    const pong = await client.readFrame();
    assert.equal(pong?.opcode, OPCODE.pong);
    assert.equal(pong.payload.toString(), "p");
    const echo = await client.readFrame();
    assert.equal(echo?.payload.toString(), "one two three");
  },

  "takes a message of exactly the limit and closes with 1009 beyond it": async (bench) => {
    const client = await bench.client();
    client.sendFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MESSAGE_BYTES_MAX) });
    assert.equal((await client.readFrame())?.payload.length, MESSAGE_BYTES_MAX);
    client.sendFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MESSAGE_BYTES_MAX + 1) });
    assert.equal(await client.readCloseCode(), 1009);
    client.destroy();
    assert.equal((await bench.closed(1)).code, 1009);
  },

  "counts all fragments of a message against the limit": async (bench) => {
    const client = await bench.client();
    const payload = new Uint8Array(MESSAGE_BYTES_MAX / 2 + 1);
    client.sendFrame({ opcode: OPCODE.binary, payload, isFinal: false });
    client.sendFrame({ opcode: OPCODE.continuation, payload });
    assert.equal(await client.readCloseCode(), 1009);
  },

  "closes with 1002 on a frame that is not masked": async (bench) => {
    const client = await bench.client();
    client.sendFrame({ opcode: OPCODE.text, payload: "bare", isMasked: false });
    assert.equal(await client.readCloseCode(), 1002);
    client.destroy();
    assert.equal((await bench.closed(1)).code, 1002);
  },

  "closes with 1002 on reserved bits and opcodes, with 1007 on broken UTF-8": async (bench) => {
    const wrong: readonly [Buffer, number][] = [
      [rawFrame({ opcode: 0x42, payload: "rsv1" }), 1002],
      [rawFrame({ opcode: 0x03, payload: "opcode 3" }), 1002],
      [rawFrame({ opcode: OPCODE.continuation, payload: "of nothing" }), 1002],
      [rawFrame({ opcode: OPCODE.ping, payload: "x", isFinal: false }), 1002],
      [rawFrame({ opcode: OPCODE.text, payload: Uint8Array.of(0xc3, 0x28) }), 1007],
    ];
    for (const [bytes, code] of wrong) {
      const client = await bench.client();
      client.write(bytes);
      assert.equal(await client.readCloseCode(), code);
      client.destroy();
    }
  },

  "closes a client that never reads with 1013, while others go on": async (bench) => {
    const other = await bench.client();
    const deaf = await bench.client();
    deaf.stopReading();
    const [, connection] = bench.connections;
    const message = new Uint8Array(32 * 1024);
    let sentBytes = 0;
    while (connection!.bufferedBytes <= BUFFERED_BYTES_MAX && sentBytes < 64 * 1024 * 1024) {
      connection!.send(message.slice());
      sentBytes += message.length;
      await breathe();
    }
    const heldBytes = connection!.bufferedBytes;
    for (let round = 0; round < 100; round++) connection!.send(message.slice());
    assert.ok(connection!.bufferedBytes <= heldBytes + 1024, "nothing is queued once it closes");
    await assertEchoes(other);
    bench.time.advance(2000);
    const closed = await bench.closed(2);
    assert.equal(closed.code, 1013);
    assert.match(closed.reason, /bytes wait to be read, at most 262144 is right/);
    await assertEchoes(other);
  },

  "bounds the pongs it owes a client that pings and never reads": async (bench) => {
    const client = await bench.client();
    client.stopReading();
    const pings = Buffer.concat(
      Array.from({ length: 4000 }, () =>
        rawFrame({ opcode: OPCODE.ping, payload: "x".repeat(125) }),
      ),
    );
    let isOver = false;
    const closed = bench.closed(1).then((end) => ((isOver = true), end));
    while (!isOver) {
      if (client.socket.writableLength < 1024 * 1024) client.write(pings);
      assert.ok(bench.connections[0]!.bufferedBytes <= BUFFERED_BYTES_MAX + 1024);
      bench.time.advance(100);
      await breathe();
    }
    assert.equal((await closed).code, 1013);
  },

  "pings a quiet connection and finds the half-open one": async (bench) => {
    const alive = await bench.client();
    const gone = await bench.client();
    bench.time.advance(IDLE_MS_MAX / 2);
    for (const client of [alive, gone]) {
      assert.equal((await client.readFrame())?.opcode, OPCODE.ping);
    }
    alive.sendFrame({ opcode: OPCODE.pong });
    await assertEchoes(alive);
    bench.time.advance(IDLE_MS_MAX / 2);
    const closed = await bench.closed(2);
    assert.equal(closed.code, 1006);
    assert.match(closed.reason, /nothing heard for 20000 ms/);
    assert.equal(bench.closedCount(1), 0);
  },

  "keeps a connection that only ever sends": async (bench) => {
    const client = await bench.client();
    for (let round = 0; round < 8; round++) {
      bench.time.advance(IDLE_MS_MAX / 2 - 1);
      await assertEchoes(client, `round ${round}`);
    }
    assert.equal(bench.closedCount(1), 0);
  },

  "drops a client that does not finish its handshake in time": async (bench) => {
    const silent = await RawClient.connect(bench.listener.port);
    const slow = await RawClient.connect(bench.listener.port);
    slow.write("GET /echo HTTP/1.1\r\nHost: x\r\n");
    const open = await bench.client();
    bench.time.advance(HANDSHAKE_MS_MAX);
    assert.equal(await silent.readToEnd(), "");
    await slow.readToEnd();
    await assertEchoes(open);
  },

  "refuses an upgrade with a status, a reason and the time to come again": async (bench) => {
    bench.accept = () => ({
      ok: false,
      status: 503,
      reason: "20 of 20 calls are taken",
      retryAfterSeconds: 2.1,
    });
    const { head, body } = await RawClient.upgrade(bench.listener.port);
    assert.match(head, /^HTTP\/1\.1 503 Service Unavailable/);
    assert.match(head, /Retry-After: 3/);
    assert.match(body, /20 of 20 calls are taken/);
    assert.equal(bench.connections.length, 0);
  },

  "refuses many upgrades at once and keeps nothing of them": async (bench) => {
    const open = await bench.client();
    bench.accept = () => ({ ok: false, status: 404, reason: "no such path" });
    const refusals = await Promise.all(
      Array.from({ length: 300 }, () => RawClient.upgrade(bench.listener.port)),
    );
    for (const { head } of refusals) assert.match(head, /^HTTP\/1\.1 404 /);
    await assertEchoes(open);
    assert.equal(bench.listener.connectionCount, 1);
  },

  "shows the request to its judge and lets nobody in when the judge throws": async (bench) => {
    const seen: unknown[] = [];
    bench.accept = (request) => {
      seen.push([request.path, request.query, request.subprotocols, request.headers["x-key"]]);
      throw new Error("bug");
    };
    const { head } = await RawClient.upgrade(bench.listener.port, "/a/b?c=d&e", [
      "Sec-WebSocket-Protocol: one, two",
      "X-Key: value",
    ]);
    assert.match(head, /^HTTP\/1\.1 500 /);
    assert.deepEqual(seen, [["/a/b", "c=d&e", ["one", "two"], "value"]]);
  },

  "names the subprotocol that was chosen, and none otherwise": async (bench) => {
    const offer = ["Sec-WebSocket-Protocol: one, two"];
    bench.accept = () => ({ ok: true, subprotocol: "two" });
    const chosen = await RawClient.upgrade(bench.listener.port, "/", offer);
    assert.match(chosen.head, /Sec-WebSocket-Protocol: two/i);
    bench.accept = () => ({ ok: true });
    const none = await RawClient.upgrade(bench.listener.port, "/", offer);
    assert.doesNotMatch(none.head, /Sec-WebSocket-Protocol/i);
    for (const { client } of [chosen, none]) client.destroy();
  },

  "answers what is no upgrade with an HTTP error": async (bench) => {
    for (const [request, status] of [
      ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 426 /],
      ["\u0016\u0003\u0001 not http\r\n\r\n", /^HTTP\/1\.1 400 /],
    ] as const) {
      const client = await RawClient.connect(bench.listener.port);
      client.write(request);
      assert.match(await client.readToEnd(), status);
    }
  },

  "hands on the code and reason of a peer that closes, once": async (bench) => {
    const client = await bench.client();
    const payload = Buffer.concat([Buffer.of(0x0f, 0xa1), Buffer.from("bye")]);
    client.sendFrame({ opcode: OPCODE.close, payload });
    assert.equal(await client.readCloseCode(), 4001);
    client.destroy();
    assert.deepEqual(await bench.closed(1), { id: 1, code: 4001, reason: "bye" });
    await assertEchoes(await bench.client());
    assert.equal(bench.closedCount(1), 1);
  },

  "says 1006 when a connection is lost without a close frame": async (bench) => {
    const client = await bench.client();
    client.destroy();
    assert.equal((await bench.closed(1)).code, 1006);
  },

  "delivers what was sent before closing, takes nothing after it": async (bench) => {
    const client = await bench.client();
    const heard: unknown[] = [];
    bench.onMessage = (connection, data) => {
      heard.push(data);
      connection.send("last words");
      connection.close(1000, "ä".repeat(100));
      connection.send("never");
      connection.close(1011, "twice");
    };
    client.sendFrame({ opcode: OPCODE.text, payload: "a" });
    client.sendFrame({ opcode: OPCODE.text, payload: "b" });
    assert.equal((await client.readFrame())?.payload.toString(), "last words");
    const close = await client.readFrame();
    assert.equal(close?.payload.readUInt16BE(0), 1000);
    assert.equal(close.payload.subarray(2).toString(), "ä".repeat(61));
    client.sendFrame({ opcode: OPCODE.close, payload: Buffer.of(0x03, 0xe8) });
    assert.equal((await bench.closed(1)).code, 1000);
    assert.deepEqual(heard, ["a"]);
  },

  "cuts off a peer that does not answer a close": async (bench) => {
    const client = await bench.client();
    bench.connections[0]!.close(1000, "done");
    assert.equal(await client.readCloseCode(), 1000);
    bench.time.advance(2000);
    assert.equal((await bench.closed(1)).code, 1000);
  },

  "closes with 1002 and the words of a protocol error": async (bench) => {
    const client = await bench.client();
    bench.onMessage = () => {
      throw new ProtocolError("PROTOCOL_FIELD", "start.format.rateHz is 11025");
    };
    client.sendFrame({ opcode: OPCODE.text, payload: "x" });
    const close = await client.readFrame();
    assert.equal(close?.payload.readUInt16BE(0), 1002);
    assert.equal(close.payload.subarray(2).toString(), "start.format.rateHz is 11025");
    assert.equal(bench.failures.length, 0);
  },

  "survives a handler that throws: 1011 for that connection only": async (bench) => {
    const other = await bench.client();
    const client = await bench.client();
    const echo = bench.onMessage;
    bench.onMessage = () => {
      throw new Error("a bug of ours");
    };
    client.sendFrame({ opcode: OPCODE.text, payload: "x" });
    assert.equal(await client.readCloseCode(), 1011);
    assert.equal(bench.failures.length, 1);
    bench.onMessage = echo;
    await assertEchoes(other);
  },

  "closes every connection when it is closed itself, and takes no new one": async (bench) => {
    const client = await bench.client();
    const half = await RawClient.connect(bench.listener.port);
    const closing = bench.listener.close(1001, "moving house");
    assert.equal(await client.readCloseCode(), 1001);
    client.sendFrame({ opcode: OPCODE.close, payload: Buffer.of(0x03, 0xe9) });
    await half.readToEnd();
    await closing;
    assert.equal(bench.listener.connectionCount, 0);
    await assert.rejects(RawClient.connect(bench.listener.port));
  },

  "names host and port when it cannot listen": async (bench) => {
    await assert.rejects(
      bench.listen(bench.listener.port),
      (error: Error & { code?: string }) =>
        error.code === "TRANSPORT_LISTEN_FAILED" && /127\.0\.0\.1 port \d+/.test(error.message),
    );
  },
};
