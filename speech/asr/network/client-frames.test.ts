import fc from "fast-check";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ClientFrames } from "./client-frames.js";

type ServerEnd = WebSocket & {
  setSocket(socket: Duplex, head: Buffer, options: object): void;
};
/** What `WebSocketServer` makes of a connection, without one. */
const ServerEnd = WebSocket as unknown as new (
  address: null,
  protocols: [],
  options: object,
) => ServerEnd;

/** The server's end of a connection as `ws` has it, fed by hand. */
function server() {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const ws = new ServerEnd(null, [], { autoPong: true });
  const plain = Object.assign(socket, { setTimeout: () => socket, setNoDelay: () => socket });
  ws.setSocket(plain, Buffer.alloc(0), { maxPayload: 2 ** 20, skipUTF8Validation: false });
  return {
    async hear(frame: Buffer): Promise<{ data: Buffer; isBinary: boolean }> {
      const heard = once(ws, "message") as Promise<[Buffer, boolean]>;
      socket.push(Buffer.from(frame));
      const [data, isBinary] = await heard;
      return { data, isBinary };
    },
  };
}

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.nat(3000).map((length) => Uint8Array.from({ length }, (_, index) => index * 7)),
);

describe("messages of a client", () => {
  it("are read by a server as they were meant, whatever their length", async () => {
    const frames = new ClientFrames();
    const peer = server();
    await fc.assert(
      fc.asyncProperty(payloads, fc.nat(9), fc.nat(9), async (payload, before, after) => {
        const [head, tail] = [Buffer.alloc(before, "{"), Buffer.alloc(after, "}")];
        const text = await peer.hear(frames.base64(head, payload, tail));
        const base64 = Buffer.from(payload).toString("base64");
        expect(text.isBinary).toBe(false);
        expect(text.data.toString()).toBe(`${head.toString()}${base64}${tail.toString()}`);
        const binary = await peer.hear(frames.binary(payload));
        expect(binary.isBinary).toBe(true);
        expect([...binary.data]).toEqual([...payload]);
      }),
      { numRuns: 200 },
    );
  });

  it.each([65_535, 65_536, 200_000])("may have %d bytes", async (length) => {
    const payload = Uint8Array.from({ length }, (_, index) => index * 13);
    const { data } = await server().hear(new ClientFrames().binary(payload));
    expect(data.equals(payload)).toBe(true);
  });

  it("leave what is still needed where it is", () => {
    const frames = new ClientFrames();
    const first = frames.binary(Uint8Array.of(1, 2, 3));
    const copy = Buffer.from(first);
    frames.renew();
    frames.binary(Uint8Array.of(4, 5, 6, 7, 8));
    expect(first.equals(copy)).toBe(true);
  });

  it("have another key each", () => {
    const frames = new ClientFrames();
    const keys = new Set(
      Array.from({ length: 3000 }, () => frames.binary(Uint8Array.of(0)).readUInt32BE(2)),
    );
    expect(keys.size).toBeGreaterThan(2990);
  });
});
