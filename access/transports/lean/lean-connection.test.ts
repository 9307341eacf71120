/** What the lean driver promises beyond the port: fair reads, one write a pass, no mixed memory. */
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import * as ws from "ws";
import { virtualTime } from "../../../base/virtual-time.js";
import { seededRng } from "../../../test/simulation/seeded-rng.js";
import { OPCODE, rawFrame } from "../raw-client.js";
import { FrameSlab } from "./frame-slab.js";
import { LeanConnection } from "./lean-connection.js";
import { MessageViews } from "./message-views.js";
import { plain } from "./shared-reads.js";

/** A socket whose other end takes a write when it is told to, and looks at its memory only then. */
class SlowSocket extends Duplex {
  readonly writes: Buffer[] = [];
  isTaking = true;
  #waiting: (() => void)[] = [];

  override _read(): void {
    // Read data is pushed by the test.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.writes.push(Buffer.from(chunk));
      done();
    };
    if (this.isTaking) take();
    else this.#waiting.push(take);
  }

  /** Takes one write that waits. */
  takeOne(): void {
    this.#waiting.shift()?.();
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }
}

function open(slab = new FrameSlab()) {
  const time = virtualTime();
  const socket = new SlowSocket();
  const connection = new LeanConnection({
    id: 1,
    request: { path: "/", query: "", headers: {}, subprotocols: [], remoteAddress: "" },
    reads: plain(socket),
    slab,
    views: new MessageViews(),
    messageBytesMax: 65_536,
    bufferedBytesMax: 1 << 20,
    time,
    failed: (error) => {
      throw error;
    },
    gone: () => undefined,
  });
  return { time, socket, connection };
}

const frame = (payload: string): Buffer => rawFrame({ opcode: OPCODE.text, payload });

describe("a lean connection", () => {
  it("writes what it answers to one read at once, and the rest at once each", () => {
    const { socket, connection } = open();
    connection.listen({ message: (data) => connection.send(data), closed: () => undefined });
    socket.emit("data", Buffer.concat([frame("a"), frame("b"), frame("c")]));
    expect(socket.writes.map(String)).toEqual(
      ["\x81\x01a\x81\x01b\x81\x01c"].map((text) => Buffer.from(text, "latin1").toString()),
    );
    connection.send("d");
    connection.send("e");
    expect(socket.writes).toHaveLength(3);
  });

  it("lets the others read before it takes more from a peer that floods with small frames", () => {
    const { time, socket, connection } = open();
    let count = 0;
    connection.listen({ message: () => (count += 1), closed: () => undefined });
    socket.emit("data", Buffer.concat(Array.from({ length: 512 }, () => frame(""))));
    expect(socket.isPaused()).toBe(false);
    socket.emit("data", Buffer.concat(Array.from({ length: 513 }, () => frame(""))));
    expect(count).toBe(1025);
    expect(socket.isPaused()).toBe(true);
    time.settle();
    expect(socket.isPaused()).toBe(false);
  });

  it("holds another connection in the middle of a read without mixing the two up", () => {
    const slab = new FrameSlab();
    const [one, two] = [open(slab), open(slab)];
    one.connection.listen({
      message() {
        one.connection.send("to one");
        two.connection.hold();
        two.connection.send("to two");
        two.connection.send("to two");
        two.connection.release();
        one.connection.send("to one");
      },
      closed: () => undefined,
    });
    one.socket.emit("data", frame("x"));
    const said = (socket: SlowSocket) => Buffer.concat(socket.writes).toString("latin1");
    expect(said(one.socket)).toBe("\x81\x06to one\x81\x06to one");
    expect(said(two.socket)).toBe("\x81\x06to two\x81\x06to two");
    expect(two.socket.writes).toHaveLength(1);
  });

  it("answers through another connection without mixing the two up", () => {
    const slab = new FrameSlab();
    const [one, two] = [open(slab), open(slab)];
    one.connection.listen({
      message(data) {
        one.connection.send(`to one: ${String(data)}`);
        two.connection.send(`to two: ${String(data)}`);
      },
      closed: () => undefined,
    });
    one.socket.emit("data", Buffer.concat([frame("x"), frame("y")]));
    const said = (socket: SlowSocket) => Buffer.concat(socket.writes).toString("latin1");
    expect(said(one.socket)).toBe("\x81\x09to one: x\x81\x09to one: y");
    expect(said(two.socket)).toBe("\x81\x09to two: x\x81\x09to two: y");
  });
});

describe("the slab of frames going out", () => {
  it("keeps every message as it was, whoever is slow and however they come", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const rng = seededRng(seed);
      const slab = new FrameSlab();
      const ends = Array.from({ length: 3 }, () => {
        return { socket: new SlowSocket(), isBehind: false, sent: [] as Buffer[] };
      });
      for (let step = 0; step < 200; step++) {
        const end = rng.pick(ends);
        if (rng.chance(0.1)) end.socket.isTaking = !end.socket.isTaking;
        if (end.socket.isTaking || rng.chance(0.2)) {
          while (end.socket.waitingCount > 0) end.socket.takeOne();
        }
        const isHeld = rng.chance(0.3);
        if (isHeld) slab.hold(end);
        for (let times = rng.int(1, isHeld ? 6 : 1); times > 0; times--) {
          const to = rng.chance(0.9) ? end : rng.pick(ends);
          const length = rng.pick([0, 1, 100, 125, 126, 320, 5000, 16_000, 16_384, 40_000]);
          const payload = Buffer.alloc(length, String(step * 10 + times));
          to.sent.push(payload);
          if (rng.chance(0.5)) slab.send(to, OPCODE.text, payload.toString());
          else slab.send(to, OPCODE.binary, payload);
        }
        if (isHeld) slab.release();
      }
      for (const { socket, sent } of ends) {
        socket.isTaking = true;
        while (socket.waitingCount > 0) socket.takeOne();
        expect(readByReference(Buffer.concat(socket.writes)), `seed ${seed}`).toEqual(
          sent.map((payload) => payload.toString("latin1")),
        );
      }
    }
  });
});

/** The messages as `ws` reads them on the client's side. */
function readByReference(bytes: Buffer): string[] {
  const { Receiver } = ws as unknown as { Receiver: new (options: object) => Duplex };
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on("message", (data: Buffer) => void messages.push(data.toString("latin1")));
  receiver.write(bytes);
  return messages;
}
