import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { clientFrame, masked, OPCODE, ServerFrames } from "./client-frames.js";

/** RFC 6455 section 5.2, the server's side: unmasked. */
function serverFrame(opcode: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const head =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), payload]);
}

const ramp = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, at) => at));

describe("frames of a client", () => {
  test.each([0, 1, 125, 126, 184, 5000])("carry %i bytes under their mask", (length) => {
    const payload = ramp(length);
    const frame = clientFrame(OPCODE.binary, payload);
    const headBytes = length < 126 ? 6 : 8;
    expect(frame[0]).toBe(0x82);
    expect(frame[1]).toBe(0x80 | Math.min(length, 126));
    expect(frame.length).toBe(headBytes + length);
    const key = frame.subarray(headBytes - 4, headBytes);
    const body = frame.subarray(headBytes).map((byte, at) => byte ^ key[at & 3]!);
    expect(Buffer.from(body)).toEqual(payload);
    expect([...key]).not.toEqual([0, 0, 0, 0]);
  });

  test("masking twice gives back what was masked", () => {
    expect(Buffer.from(masked(masked(ramp(160))))).toEqual(ramp(160));
  });
});

describe("frames of a server", () => {
  const payloads = [0, 5, 125, 126, 300, 66_000].map(ramp);
  const wire = Buffer.concat(payloads.map((payload) => serverFrame(OPCODE.binary, payload)));

  test.each([3, 7, 1000, wire.length])("are found in pieces of %i bytes", (pieceBytes) => {
    const found: Buffer[] = [];
    const opcodes = new Set<number>();
    const frames = new ServerFrames((opcode, bytes, start, end) => {
      opcodes.add(opcode);
      found.push(Buffer.from(bytes.subarray(start, end)));
    });
    const shared = Buffer.alloc(pieceBytes);
    for (let at = 0; at < wire.length; at += pieceBytes) {
      frames.push(shared, wire.copy(shared, 0, at, at + pieceBytes));
    }
    expect(Buffer.concat(found).equals(Buffer.concat(payloads))).toBe(true);
    expect(found.map(({ length }) => length)).toEqual(payloads.map(({ length }) => length));
    expect([...opcodes]).toEqual([OPCODE.binary]);
  });
});
