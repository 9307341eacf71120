import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import {
  decodeControl,
  encodeControl,
  type ControlMessages,
  type ControlName,
} from "./native-control.js";
import { fullMediaTime } from "./native-order.js";
import {
  codecIdOf,
  codecOfId,
  emptyNativeHeader,
  encodeRecord,
  readRecord,
  RECORD_TYPES,
  type NativeHeader,
  type RecordName,
} from "./native-v1.js";
import { isProtocolError } from "./protocol-error.js";

/** A vector of the specification: the bytes, and what they say or deserve. */
type Vector = { readonly bytes: Uint8Array; readonly says: Readonly<Record<string, unknown>> };

function vectorsOfSpecification(): Vector[] {
  const text = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const pairs = text.matchAll(/```hex\n([^`]*)```\s+```json\n([^`]*)```/g);
  return [...pairs].map(([, hex, json]) => ({
    bytes: new Uint8Array(Buffer.from(hex!.replace(/\s/g, ""), "hex")),
    says: JSON.parse(json!) as Record<string, unknown>,
  }));
}

const vectors = vectorsOfSpecification();
const good = vectors.filter(({ says }) => "record" in says);
const bad = vectors.filter(({ says }) => "error" in says);
const PAYLOAD_BYTES_MAX = 65_536;

/** Reads a message of one record. */
function read(bytes: Uint8Array): NativeHeader {
  const header = emptyNativeHeader();
  expect(readRecord(bytes, 0, header, PAYLOAD_BYTES_MAX)).toBe(bytes.length);
  return header;
}

function payloadOf(bytes: Uint8Array, header: NativeHeader): Uint8Array {
  return bytes.subarray(header.payloadOffset, header.payloadOffset + header.payloadBytes);
}

describe("the vectors of docs/protocol.md", () => {
  it("show every record type and several errors", () => {
    const shown = new Set(good.map(({ says }) => says["record"]));
    expect([...shown].sort()).toEqual(Object.keys(RECORD_TYPES).sort());
    expect(bad.length).toBeGreaterThanOrEqual(8);
  });

  for (const { bytes, says } of good) {
    const name = says["record"] as RecordName;
    it(`are read as ${name} with sequence ${String(says["sequence"])}`, () => {
      const header = read(bytes);
      const { streamId, sequence, utterance, mediaTime } = header;
      expect(header.type).toBe(RECORD_TYPES[name]);
      expect({ streamId, sequence, utterance, mediaTime }).toEqual({
        streamId: says["streamId"],
        sequence: says["sequence"],
        utterance: says["utterance"],
        mediaTime: says["mediaTime"],
      });
      if (name === "audio") {
        expect(codecOfId(header.codecId)).toBe(says["codec"]);
        expect(Buffer.from(payloadOf(bytes, header)).toString("hex")).toBe(says["payload"]);
      } else {
        expect(decodeControl(header.type, payloadOf(bytes, header))).toEqual({
          name,
          body: says["body"],
        });
      }
    });

    it(`are what ${name} with sequence ${String(says["sequence"])} is written as`, () => {
      const payload =
        name === "audio"
          ? new Uint8Array(Buffer.from(says["payload"] as string, "hex"))
          : encodeControl(name, says["body"] as ControlMessages[ControlName]);
      const header: NativeHeader = {
        ...emptyNativeHeader(),
        type: RECORD_TYPES[name],
        codecId: name === "audio" ? codecIdOf("l16") : 0,
        streamId: says["streamId"] as number,
        sequence: says["sequence"] as number,
        utterance: says["utterance"] as number,
        mediaTime: says["mediaTime"] as number,
      };
      expect(Buffer.from(encodeRecord(header, payload)).toString("hex")).toBe(
        Buffer.from(bytes).toString("hex"),
      );
    });
  }

  for (const { bytes, says } of bad) {
    it(`are refused with ${String(says["error"])}`, () => {
      const refuse = (): void => {
        const header = emptyNativeHeader();
        readRecord(bytes, 0, header, PAYLOAD_BYTES_MAX);
        decodeControl(header.type, payloadOf(bytes, header));
      };
      expect(refuse).toThrowError(expect.objectContaining({ code: says["error"] }) as Error);
    });
  }
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u32OrMore = fc.integer({ min: 1, max: 0xffff_ffff });

describe("a native record", () => {
  it("comes back as it was written, wherever it lies in a message", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            codecId: fc.integer({ min: 1, max: 3 }),
            streamId: u32OrMore,
            sequence: u32,
            utterance: u32,
            mediaTime: u32,
            payload: fc.uint8Array({ maxLength: 700 }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        (records) => {
          const parts = records.map(({ payload, ...fields }) =>
            encodeRecord({ ...emptyNativeHeader(), type: 1, ...fields }, payload),
          );
          const message = new Uint8Array(Buffer.concat(parts));
          const header = emptyNativeHeader();
          let offset = 0;
          for (const { payload, ...fields } of records) {
            offset = readRecord(message, offset, header, PAYLOAD_BYTES_MAX);
            expect(header).toMatchObject({ type: 1, flags: 0, ...fields });
            expect(payloadOf(message, header)).toEqual(payload);
          }
          expect(offset).toBe(message.length);
        },
      ),
    );
  });

  it("is refused, at whichever byte its message ends", () => {
    const whole = good[0]!.bytes;
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: "PROTOCOL_TRUNCATED" }) as Error,
      );
    }
  });

  it("never makes a reader fail otherwise than by a protocol error, nor read outside", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, isOurs) => {
        if (isOurs && bytes.length > 0) bytes[0] = 1;
        const header = emptyNativeHeader();
        try {
          for (let offset = 0; offset < bytes.length;) {
            offset = readRecord(bytes, offset, header, 1000);
            expect(offset).toBeLessThanOrEqual(bytes.length);
            expect(payloadOf(bytes, header).length).toBe(header.payloadBytes);
          }
        } catch (error) {
          expect(isProtocolError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a control message", () => {
  const types = Object.entries(RECORD_TYPES).flatMap(([name, type]) =>
    name === "audio" ? [] : [type],
  );

  it("of any bytes is understood or refused with a protocol error", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 80 }), (type, payload) => {
        try {
          decodeControl(type, payload);
        } catch (error) {
          expect(isProtocolError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("of any map is understood or refused with the name of a field", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.dictionary(
          fc.constantFrom("callId", "token", "format", "name", "limits", "versions", "digit", "id"),
          fc.anything({ maxDepth: 2 }),
        ),
        (type, body) => {
          let payload: Uint8Array;
          try {
            payload = encodeControl("clear", body as Record<string, never>);
          } catch {
            return; // A value that msgpack has no form for cannot come in either.
          }
          try {
            decodeControl(type, payload);
          } catch (error) {
            expect(isProtocolError(error), String(error)).toBe(true);
          }
        },
      ),
    );
  });

  it("survives nesting as deep as its payload allows", () => {
    const deep = new Uint8Array(8192).fill(0x91);
    expect(() => decodeControl(RECORD_TYPES.mark, deep)).toThrowError(/not msgpack/);
    deep[deep.length - 1] = 0x80;
    expect(() => decodeControl(RECORD_TYPES.mark, deep)).toThrowError("a map is right");
  });

  it("keeps secrets and keys out of its errors", () => {
    const token = "top-secret".repeat(200);
    const start = encodeControl("start", { token, callId: "c" } as ControlMessages["start"]);
    expect(() => decodeControl(RECORD_TYPES.start, start)).toThrowError(
      "start.token is a text of 2000 characters, a text of 1 to 1024 characters is right",
    );
    const dtmf = encodeControl("dtmf", { digit: "4711" });
    expect(() => decodeControl(RECORD_TYPES.dtmf, dtmf)).toThrowError(
      "dtmf.digit is a text of 4 characters, one of 0-9 * # A-D is right",
    );
  });

  it("ignores fields of later versions and refuses inherited names", () => {
    const mark = encodeControl("mark", { name: "m", later: 1 } as ControlMessages["mark"]);
    expect(decodeControl(RECORD_TYPES.mark, mark).body).toEqual({ name: "m" });
    const hello = encodeControl("hello", {} as ControlMessages["hello"]);
    expect(() => decodeControl(RECORD_TYPES.hello, hello)).toThrowError("hello.limits is missing");
  });
});

describe("media time", () => {
  it("unfolds from 32 bits over any number of wraps and refuses any step back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (endSamples, step) => {
          const at = endSamples + step;
          fc.pre(at >= 0);
          const header = { ...emptyNativeHeader(), type: 1, mediaTime: at % 2 ** 32 };
          const unfold = (): number => fullMediaTime(header, endSamples, 8000);
          if (step >= 0) expect(unfold()).toBe(at);
          else expect(unfold).toThrowError(/or up to 600 s later is right/);
        },
      ),
    );
  });
});
