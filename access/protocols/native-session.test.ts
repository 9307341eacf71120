import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { DEFAULT_NATIVE_LIMITS } from "../../codecs/wire/native-channel.js";
import {
  decodeControl,
  encodeControl,
  type ControlMessage,
  type ControlMessages,
  type ControlName,
} from "../../codecs/wire/native-control.js";
import {
  emptyNativeHeader,
  encodeRecord,
  readRecord,
  RECORD_TYPES,
  type NativeHeader,
} from "../../codecs/wire/native-v1.js";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import { connectMediaClient } from "../client/index.js";
import type { MediaSink } from "./media-protocol.js";
import { nativeProtocol } from "./native-session.js";
import { protocolConformance } from "./protocol-conformance.js";

const FORMAT = { codec: "l16", rateHz: 16000 } as const;

function record(
  fields: Partial<NativeHeader>,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return encodeRecord({ ...emptyNativeHeader(), ...fields }, payload);
}

function control<Name extends ControlName>(
  name: Name,
  body: ControlMessages[Name],
  fields: Partial<NativeHeader> = {},
): Uint8Array {
  return record({ type: RECORD_TYPES[name], ...fields }, encodeControl(name, body));
}

/** Of a client that carries one call. */
const oneCall = { ...DEFAULT_NATIVE_LIMITS, streamsMax: 1 };
const hello = control("hello", { versions: [1], limits: oneCall });
const startBody = {
  callId: "c",
  token: "t",
  format: { ...FORMAT, frameMs: 20 as const },
  parameters: {},
};
const start = control("start", startBody, { streamId: 1 });
/** A frame of stream 1, right in everything unless told otherwise. */
const audio = (fields: Partial<NativeHeader> = {}, bytes = 640): Uint8Array =>
  record({ type: 1, codecId: 3, streamId: 1, sequence: 1, ...fields }, new Uint8Array(bytes));

describe("the native protocol", () => {
  const withVersion2 = audio();
  withVersion2[0] = 2;
  const cases = protocolConformance({
    protocol: nativeProtocol(),
    connect: (options) =>
      connectMediaClient({ url: "ws://memory/media/native/v1", format: FORMAT, ...options }),
    // The client has said hello and start: the next record of stream 1 has sequence 1.
    broken: [
      { name: "a text message", message: "hello", code: "PROTOCOL_MESSAGE_KIND" },
      { name: "an empty message", message: new Uint8Array(0), code: "PROTOCOL_TRUNCATED" },
      { name: "half a header", message: audio().subarray(0, 23), code: "PROTOCOL_TRUNCATED" },
      { name: "half a payload", message: audio().subarray(0, 600), code: "PROTOCOL_TRUNCATED" },
      { name: "another version", message: withVersion2, code: "PROTOCOL_VERSION" },
      { name: "reserved flags", message: audio({ flags: 1 }), code: "PROTOCOL_RESERVED" },
      { name: "an unknown codec id", message: audio({ codecId: 9 }), code: "PROTOCOL_CODEC" },
      {
        name: "the codec of another stream",
        message: audio({ codecId: 1 }),
        code: "PROTOCOL_CODEC",
      },
      {
        name: "a stream that is not open",
        message: audio({ streamId: 2 }),
        code: "PROTOCOL_STREAM",
      },
      { name: "a lost record", message: audio({ sequence: 2 }), code: "PROTOCOL_SEQUENCE" },
      { name: "a repeated record", message: audio({ sequence: 0 }), code: "PROTOCOL_SEQUENCE" },
      { name: "half a sample", message: audio({}, 639), code: "PROTOCOL_FRAME_SAMPLES" },
      { name: "the frame of another rate", message: audio({}, 320), code: "PROTOCOL_FRAME_LENGTH" },
      { name: "an empty frame", message: audio({}, 0), code: "PROTOCOL_FRAME_LENGTH" },
      {
        name: "a message beyond the limit",
        message: new Uint8Array(65_537),
        code: "PROTOCOL_OVERSIZE",
      },
      {
        name: "a control message beyond the limit",
        message: record({ type: 0x15, streamId: 1, sequence: 1 }, new Uint8Array(8193)),
        code: "PROTOCOL_OVERSIZE",
      },
      {
        name: "a control message that is not msgpack",
        message: record({ type: 0x15, streamId: 1, sequence: 1 }, Uint8Array.of(0xc1)),
        code: "PROTOCOL_CONTROL",
      },
      {
        name: "a key that no telephone has",
        message: control("dtmf", { digit: "E" }, { streamId: 1, sequence: 1 }),
        code: "PROTOCOL_FIELD",
      },
      {
        name: "a second hello",
        message: record({ type: 0x10, sequence: 1 }, hello.subarray(24)),
        code: "PROTOCOL_ORDER",
      },
      {
        name: "a start of an open stream",
        message: control("start", startBody, { streamId: 1, sequence: 1 }),
        code: "PROTOCOL_STREAM",
      },
      {
        name: "a record that only the engine sends",
        message: control("clear", {}, { streamId: 1, sequence: 1 }),
        code: "PROTOCOL_ORDER",
      },
      {
        name: "an unknown type that must be understood",
        message: record({ type: 0x7f, flags: 0x80, sequence: 1 }),
        code: "PROTOCOL_TYPE",
      },
    ],
  });
  for (const { name, run } of cases) it(name, run);
});

/** A session with everything it sent and told. */
function open(limits = {}): {
  receive: (...messages: Uint8Array[]) => void;
  sent: { header: NativeHeader; body: ControlMessage }[];
  told: unknown[][];
} {
  const told: unknown[][] = [];
  const sent: { header: NativeHeader; body: ControlMessage }[] = [];
  const sink: MediaSink = {
    started: ({ streamId }) => void told.push(["started", streamId]),
    frame: (streamId, _payload, samples) => void told.push(["frame", streamId, samples]),
    dtmf: (...event) => void told.push(["dtmf", ...event]),
    markReached: (...event) => void told.push(["mark", ...event]),
    ended: (...event) => void told.push(["ended", ...event]),
  };
  const session = nativeProtocol({ limits }).open(
    (message) => {
      const header = emptyNativeHeader();
      readRecord(message as Uint8Array, 0, header, 1e6);
      sent.push({ header, body: decodeControl(header.type, message.slice(24) as Uint8Array) });
    },
    sink,
    () => undefined,
    { query: "", nowMs: () => 0, after: () => ({ cancel: () => undefined }) },
  );
  return {
    receive: (...messages) => messages.forEach((message) => session.receive(message)),
    sent,
    told,
  };
}

describe("a native session", () => {
  it("answers hello with its own versions and limits, and ping with pong", () => {
    const { receive, sent } = open();
    receive(hello, control("ping", { id: 77 }, { sequence: 1 }));
    expect(sent.map(({ body }) => body)).toMatchObject([
      { name: "hello", body: { versions: [1], limits: DEFAULT_NATIVE_LIMITS } },
      { name: "pong", body: { id: 77 } },
    ]);
  });

  it("wants hello first, with a version it speaks", () => {
    expect(() => open().receive(start)).toThrowError("start record came before hello");
    const limits = DEFAULT_NATIVE_LIMITS;
    expect(() => open().receive(control("hello", { versions: [2, 3], limits }))).toThrowError(
      "hello.versions is 2, 3, a list with 1 is right",
    );
  });

  it("names the field of a start, its value and what is right", () => {
    const wrong = (body: object, message: string): void => {
      const { receive } = open();
      receive(hello);
      const broken = control("start", { ...startBody, ...body }, { streamId: 1 });
      expect(() => receive(broken)).toThrowError(message);
    };
    const format = { codec: "l16", rateHz: 11025, frameMs: 20 } as object;
    wrong({ format }, "start.format.rateHz is 11025, one of 8000, 16000, 24000, 48000 is right");
    wrong({ format: { ...format, codec: "opus" } }, 'start.format.codec is "opus", one of pcmu');
    wrong(
      { format: { ...format, rateHz: 8000, frameMs: 30 } },
      "start.format.frameMs is 30, one of 20, 10 is right",
    );
    wrong({ callId: 7 }, "start.callId is 7, a text of 1 to 128 characters is right");
    wrong({ callId: undefined }, "start.callId is missing");
    wrong({ token: "s".repeat(1025) }, "start.token is a text of 1025 characters");
    wrong({ parameters: { a: 1 } }, "start.parameters.a is of type number");
  });

  it("tells the peer what it did wrong before it gives up", () => {
    const { receive, sent } = open();
    receive(hello, start);
    expect(() => receive(audio({ sequence: 5 }))).toThrow();
    expect(sent.at(-1)?.body).toMatchObject({
      name: "error",
      body: { code: "PROTOCOL_SEQUENCE", detail: { sequence: 5, expected: 1 } },
    });
  });

  it("reads records packed into one message and skips unknown types by their length", () => {
    const { receive, told } = open();
    const unknown = (streamId: number, sequence: number): Uint8Array =>
      record({ type: 0x55, flags: 0x03, codecId: 200, streamId, sequence }, new Uint8Array(33));
    const parts = [
      hello,
      unknown(0, 1),
      start,
      unknown(1, 1),
      unknown(9, 1234),
      audio({ sequence: 2 }),
      audio({ sequence: 3, mediaTime: 320 }),
    ];
    receive(new Uint8Array(Buffer.concat(parts)));
    expect(told).toEqual([
      ["started", 1],
      ["frame", 1, 0],
      ["frame", 1, 320],
    ]);
  });

  it("carries several streams, each with its own order and end", () => {
    const { receive, told } = open({ streamsMax: 2 });
    receive(hello, start, control("start", startBody, { streamId: 9 }));
    receive(audio({ streamId: 9 }), audio(), audio({ streamId: 9, sequence: 2, mediaTime: 320 }));
    receive(control("hangup", { reason: "bye" }, { streamId: 1, sequence: 2 }));
    receive(audio({ streamId: 9, sequence: 3, mediaTime: 640 }));
    expect(told.map((event) => event.join(" "))).toEqual([
      "started 1",
      "started 9",
      "frame 9 0",
      "frame 1 0",
      "frame 9 320",
      "ended 1 bye",
      "frame 9 640",
    ]);
  });

  it("opens no more streams than its limit", () => {
    const { receive } = open({ streamsMax: 1 });
    receive(hello, start);
    expect(() => receive(control("start", startBody, { streamId: 2 }))).toThrowError(
      "start would open stream number 2, at most 1 is right",
    );
  });

  it("does not start a stream whose frames the peer says it cannot take", () => {
    const { receive } = open();
    const format = { codec: "l16", rateHz: 48000, frameMs: 20 } as const;
    const limits = { ...oneCall, messageBytesMax: 1024 };
    receive(control("hello", { versions: [1], limits }));
    expect(() => receive(control("start", { ...startBody, format }, { streamId: 1 }))).toThrowError(
      "frames of 1944 bytes with their header, but hello takes only 1024",
    );
  });

  it("unfolds media time over the wrap of 32 bits and refuses time that runs back", () => {
    const { receive, told } = open();
    receive(hello, start);
    const mediaTime = 0xffff_ffff - 100;
    receive(audio({ mediaTime }), audio({ sequence: 2, mediaTime: (mediaTime + 320) >>> 0 }));
    expect(told.slice(1)).toEqual([
      ["frame", 1, mediaTime],
      ["frame", 1, mediaTime + 320],
    ]);
    expect(() => receive(audio({ sequence: 3, mediaTime }))).toThrowError("has media time");
  });

  it("answers any mutation of its messages with its own errors only", () => {
    const valid = [hello, start, audio(), control("dtmf", { digit: "1" }, { streamId: 1 })];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(200), fc.nat(255)), { maxLength: 12 }),
        fc.uint8Array({ maxLength: 200 }),
        (edits, noise) => {
          const { receive } = open();
          expectOnlyProtocolErrors(() => receive(hello, start));
          for (const [which, at, value] of edits) {
            const bytes = valid[which]!.slice();
            bytes[at % bytes.length] = value;
            expectOnlyProtocolErrors(() => open().receive(hello, start, bytes));
            expectOnlyProtocolErrors(() => open().receive(bytes));
            expectOnlyProtocolErrors(() => receive(bytes));
          }
          expectOnlyProtocolErrors(() => open().receive(noise));
          expectOnlyProtocolErrors(() =>
            open().receive(hello, record({ type: 0x11, streamId: 1 }, noise)),
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});

function expectOnlyProtocolErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    expect(isProtocolError(error), String(error)).toBe(true);
  }
}
