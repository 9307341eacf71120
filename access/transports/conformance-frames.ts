/** What every driver must make of frames, right and wrong, by the clauses of RFC 6455. */
import assert from "node:assert/strict";
import { OPCODE, RawClient, rawFrame } from "./raw-client.js";
import {
  assertEchoes,
  MESSAGE_BYTES_MAX,
  type Cases,
  type TransportBench,
} from "./transport-bench.js";

const text = (payload: string | Uint8Array, isFinal = true): Buffer =>
  rawFrame({ opcode: OPCODE.text, payload, isFinal });
const continued = (payload: string | Uint8Array, isFinal = true): Buffer =>
  rawFrame({ opcode: OPCODE.continuation, payload, isFinal });
const closing = (code: number, reason: string | Uint8Array = ""): Buffer =>
  rawFrame({
    opcode: OPCODE.close,
    payload: Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]),
  });

/** Every stream ends its connection with the code beside it, and is nobody else's affair. */
async function assertCloses(
  bench: TransportBench,
  streams: readonly (readonly [name: string, bytes: Buffer, code: number])[],
): Promise<void> {
  const other = await bench.client();
  for (const [name, bytes, code] of streams) {
    const client = await bench.client();
    client.write(bytes);
    assert.equal(await client.readCloseCode(), code, name);
    client.destroy();
    assert.equal((await bench.closed(bench.connections.at(-1)!.id)).code, code, name);
  }
  await assertEchoes(other);
}

export const frameCases: Cases = {
  "closes with 1002 on control frames that are too long or in parts": (bench) =>
    assertCloses(bench, [
      ["ping of 126", rawFrame({ opcode: OPCODE.ping, payload: "x".repeat(126) }), 1002],
      ["pong in parts", rawFrame({ opcode: OPCODE.pong, isFinal: false }), 1002],
      ["close in parts", rawFrame({ opcode: OPCODE.close, isFinal: false }), 1002],
      ["opcode 11", rawFrame({ opcode: 0x0b }), 1002],
    ]),

  "closes with 1002 on compressed and otherwise reserved bits, also when it was asked to compress":
    async (bench) => {
      const { client, head } = await RawClient.upgrade(bench.listener.port, "/", [
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
      ]);
      assert.doesNotMatch(head, /Sec-WebSocket-Extensions/i);
      client.write(rawFrame({ opcode: 0x41, payload: "compressed" }));
      assert.equal(await client.readCloseCode(), 1002);
      client.destroy();
      await assertCloses(bench, [
        ["reserved bit 2", rawFrame({ opcode: 0x21 }), 1002],
        ["reserved bit 3", rawFrame({ opcode: 0x12 }), 1002],
        ["reserved bit of a ping", rawFrame({ opcode: 0x49 }), 1002],
      ]);
    },

  "closes with 1002 on a message that begins within another": (bench) =>
    assertCloses(bench, [
      ["text in text", Buffer.concat([text("a", false), text("b")]), 1002],
      [
        "continuation after the end",
        Buffer.concat([text("a", false), continued("b"), continued("c")]),
        1002,
      ],
    ]),

  "closes with 1002 on close codes that nobody may send, and answers those that are right": (
    bench,
  ) =>
    assertCloses(bench, [
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].map(
        (code) => [`code ${code}`, closing(code), 1002] as const,
      ),
      ["half a code", rawFrame({ opcode: OPCODE.close, payload: Buffer.of(3) }), 1002],
      ["a reason that is no text", closing(1000, Buffer.of(0xff)), 1007],
      ...[1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999].map(
        (code) => [`code ${code}`, closing(code, "grüße"), code] as const,
      ),
      ["no code", rawFrame({ opcode: OPCODE.close }), 1005],
    ]),

  "closes with 1009 on lengths that no memory has": (bench) =>
    assertCloses(
      bench,
      [0x80, 0x7f, 0x00].map((first) => {
        const head = Buffer.of(
          0x82,
          0xff,
          first,
          0xff,
          0xff,
          0xff,
          0xff,
          0xff,
          0xff,
          0xff,
          1,
          2,
          3,
          4,
        );
        return [`2^63 and the like (${first})`, head, 1009] as const;
      }),
    ),

  "takes every text that is UTF-8, also when a part ends within a character": async (bench) => {
    const client = await bench.client();
    const words = ["\ufffd", "\u0000", "߿ࠀ", "\ud7ff\ue000", "\u{10000}\u{10ffff}", "\ufeffmark"];
    for (const word of words) await assertEchoes(client, word);
    for (const byte of Buffer.from("aé你👋")) {
      client.write(
        byte === 0x61 ? text(Buffer.of(byte), false) : continued(Buffer.of(byte), false),
      );
    }
    client.write(continued(""));
    assert.equal((await client.readFrame())?.payload.toString(), "aé你👋");
  },

  "closes with 1007 on every kind of broken UTF-8": (bench) =>
    assertCloses(
      bench,
      [
        ["a lone continuation byte", [0x80]],
        ["two bytes where one does", [0xc0, 0xaf]],
        ["three bytes where two do", [0xe0, 0x9f, 0xbf]],
        ["a surrogate", [0xed, 0xa0, 0x80]],
        ["beyond the last character", [0xf4, 0x90, 0x80, 0x80]],
        ["a byte that never occurs", [0xfe]],
        ["a character that is cut off", [0x61, 0xe4, 0xbd]],
      ].map(([name, bytes]) => [name, text(Buffer.from(bytes as number[])), 1007] as never),
    ),

  "reads what was sent along with the upgrade request": async (bench) => {
    const client = await RawClient.connect(bench.listener.port);
    const request = [
      "GET /early HTTP/1.1",
      "Host: x",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "\r\n",
    ].join("\r\n");
    client.write(Buffer.concat([Buffer.from(request), text("early")]));
    assert.match(await client.readHead(), /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    assert.equal((await client.readFrame())?.payload.toString(), "early");
    client.destroy();
  },

  "answers many messages of one read in their order, pings where they stand": async (bench) => {
    const client = await bench.client();
    const count = 3000;
    const frames = Array.from({ length: count }, (_, index) =>
      index % 7 === 0
        ? rawFrame({ opcode: OPCODE.ping, payload: String(index) })
        : text(String(index)),
    );
    client.write(Buffer.concat(frames));
    for (let index = 0; index < count; index++) {
      const frame = await client.readFrame();
      assert.equal(frame?.opcode, index % 7 === 0 ? OPCODE.pong : OPCODE.text);
      assert.equal(frame.payload.toString(), String(index));
    }
  },

  "takes pongs nobody asked for, and nothing after a close frame": async (bench) => {
    const client = await bench.client();
    const heard: unknown[] = [];
    bench.onMessage = (_connection, data) => void heard.push(data);
    client.write(
      Buffer.concat([
        rawFrame({ opcode: OPCODE.pong, payload: "unasked" }),
        text("before"),
        closing(1000, "over"),
        text("after"),
        closing(1001, "twice"),
      ]),
    );
    assert.equal(await client.readCloseCode(), 1000);
    client.destroy();
    assert.deepEqual(await bench.closed(1), { id: 1, code: 1000, reason: "over" });
    assert.deepEqual(heard, ["before"]);
  },

  "ends its side of TCP after the close handshake, so that the peer need not wait": async (
    bench,
  ) => {
    const client = await bench.client();
    client.write(closing(1000));
    const close = await client.readFrame();
    assert.equal(close?.opcode, OPCODE.close);
    assert.equal(await client.readFrame(), undefined);
    assert.equal((await bench.closed(1)).code, 1000);
  },

  "says 1006 when TCP ends or is reset in the middle of a message": async (bench) => {
    const half = rawFrame({ opcode: OPCODE.binary, payload: new Uint8Array(400) }).subarray(0, 99);
    const ends: readonly ((client: RawClient) => void)[] = [
      (client) => client.socket.end(),
      (client) => client.socket.resetAndDestroy(),
    ];
    for (const [index, end] of ends.entries()) {
      const client = await bench.client();
      client.write(half);
      await assertEchoes(await bench.client());
      end(client);
      assert.equal((await bench.closed(2 * index + 1)).code, 1006);
    }
  },

  "does not mix up the memory of what it sends, to slow readers and quick ones": async (bench) => {
    const slow = await bench.client();
    const quick = await bench.client();
    slow.stopReading();
    const [toSlow] = bench.connections;
    // Far more than the system takes, in pieces of all sizes that say which they are.
    const sizes = [5, 125, 126, 320, 700, 5000, 16_000, 17_000, MESSAGE_BYTES_MAX];
    const sent: Buffer[] = [];
    while (toSlow!.bufferedBytes < 2 * MESSAGE_BYTES_MAX) {
      const piece = Buffer.alloc(sizes[sent.length % sizes.length]!, `${sent.length} `);
      sent.push(piece);
      toSlow!.send(new Uint8Array(piece));
      if (sent.length % 5 === 0) await assertEchoes(quick, `in between ${sent.length}`);
    }
    slow.socket.resume();
    for (const [index, piece] of sent.entries()) {
      const frame = await slow.readFrame();
      assert.ok(frame !== undefined && frame.payload.equals(piece), `message ${index}`);
    }
  },

  "refuses what is no WebSocket handshake, with what would be right": async (bench) => {
    const right = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const wrong: readonly [string, Record<string, string>, RegExp][] = [
      ["POST", {}, /^HTTP\/1\.1 405 /],
      ["GET", { Upgrade: "h2c" }, /^HTTP\/1\.1 400 /],
      ["GET", { "Sec-WebSocket-Version": "8" }, /^HTTP\/1\.1 426 [\s\S]*Sec-WebSocket-Version: 13/],
      ["GET", { "Sec-WebSocket-Key": "short" }, /^HTTP\/1\.1 400 /],
    ];
    for (const [method, change, answer] of wrong) {
      const client = await RawClient.connect(bench.listener.port);
      const headers = Object.entries({ Host: "x", ...right, ...change });
      const lines = headers.map(([name, value]) => `${name}: ${value}`);
      client.write([`${method} / HTTP/1.1`, ...lines, "\r\n"].join("\r\n"));
      assert.match(await client.readToEnd(), answer);
    }
    assert.equal(bench.connections.length, 0);
  },
};
