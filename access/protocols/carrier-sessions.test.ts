import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeMulaw } from "../../codecs/audio/g711.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import { TELNYX_FORMATS, type TelnyxCodec } from "../../codecs/wire/telnyx.js";
import {
  connectCarrierClient,
  type CarrierDialect,
  type CarrierStream,
} from "../client/carrier-client.js";
import {
  exotelDialect,
  plivoDialect,
  telnyxDialect,
  telnyxDialectIn,
} from "../client/carrier-dialects.js";
import { exotelProtocol, plivoProtocol, telnyxProtocol } from "./carrier-sessions.js";
import type { MediaProtocol } from "./media-protocol.js";
import { openedSession } from "./opened-session.js";
import { protocolConformance } from "./protocol-conformance.js";

const stream = (): CarrierStream => ({
  streamId: "MZcall-7",
  callId: "call-7",
  token: "secret-token",
  parameters: { job: "42" },
  sequence: 1,
});

const carriers: readonly [name: string, MediaProtocol, CarrierDialect][] = [
  ["telnyx", telnyxProtocol(), telnyxDialect],
  ["plivo", plivoProtocol(), plivoDialect],
  ["exotel", exotelProtocol(), exotelDialect],
];

function open(protocol: MediaProtocol, query = "callId=from-url&token=from-url") {
  const opened = openedSession(protocol, query);
  const receive = (fields: object): void => opened.session.receive(JSON.stringify(fields));
  return { ...opened, receive };
}

describe.each(carriers)("the protocol of %s", (name, protocol, dialect) => {
  const cases = protocolConformance({
    protocol,
    connect: (options) =>
      connectCarrierClient({ url: `ws://memory/media/${name}`, ...options }, dialect),
    broken: [
      { name: "binary", message: Uint8Array.of(1), code: "PROTOCOL_MESSAGE_KIND" },
      { name: "no JSON", message: '{"event":', code: "PROTOCOL_JSON" },
      { name: "no event", message: "{}", code: "PROTOCOL_FIELD" },
      {
        name: "a second start",
        message: JSON.stringify(dialect.start(stream())),
        code: "PROTOCOL_ORDER",
      },
      {
        name: "audio of another stream",
        message: JSON.stringify(
          dialect.media(
            { ...stream(), streamId: "other" },
            { chunk: 1, timestampMs: 0, payload: "" },
          ),
        ),
        code: "PROTOCOL_STREAM",
      },
      {
        name: "a payload that is not base64",
        message: JSON.stringify(
          dialect.media(stream(), { chunk: 1, timestampMs: 0, payload: "*AAA" }),
        ),
        code: "PROTOCOL_PAYLOAD",
      },
      {
        name: "a key that no telephone has",
        message: JSON.stringify(dialect.dtmf(stream(), "E")),
        code: "PROTOCOL_FIELD",
      },
    ],
  });
  // Exotel plays nothing under 100 ms: its audio waits for more, or for a mark.
  const isWhole = protocol.name !== "exotel";
  it.each(
    cases.filter(
      ({ name: one }) => isWhole || !/ear|copies|drops frames|not before|clears/.test(one),
    ),
  )("$name", ({ run }) => run());

  it("names call and token by its own parameters, before those of the URL", () => {
    const { starts, receive } = open(protocol);
    receive(dialect.start(stream()));
    expect(starts[0]).toMatchObject({
      callId: "call-7",
      token: "secret-token",
      format: dialect.format,
    });
  });

  it("takes call and token from the URL where its parameters have none", () => {
    const { starts, receive } = open(protocol);
    const text = JSON.stringify(dialect.start(stream()));
    const without = text.replace(/"callId":"call-7","token":"secret-token"/, "");
    receive(
      JSON.parse(
        without.replace("callId=call-7;token=secret-token", "").replace(",}", "}"),
      ) as object,
    );
    expect(starts[0]).toMatchObject({ callId: "from-url", token: "from-url" });
  });

  it("answers any mutation of its messages with its own errors only", () => {
    const payload = Buffer.alloc(160, 0x7f).toString("base64");
    const valid = [
      dialect.start(stream()),
      dialect.media(stream(), { chunk: 1, timestampMs: 0, payload }),
      dialect.mark(stream(), "u1"),
      dialect.dtmf(stream(), "5"),
    ].map((fields) => JSON.stringify(fields));
    const edit = fc.tuple(
      fc.nat(valid.length - 1),
      fc.nat(400),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
        const { session } = open(protocol);
        for (const [which, at, character] of edits) {
          const text = valid[which]!;
          for (const message of [
            text.slice(0, at) + character + text.slice(at + 1),
            text.slice(0, at),
          ]) {
            try {
              session.receive(message);
            } catch (error) {
              expect(isProtocolError(error), String(error)).toBe(true);
            }
          }
        }
      }),
    );
  });
});

describe("a Telnyx session", () => {
  const media = (chunk: number) => {
    const payload = Buffer.alloc(160, chunk).toString("base64");
    return telnyxDialect.media(stream(), { chunk, timestampMs: (chunk - 1) * 20, payload });
  };
  const heard = (chunks: readonly number[]): unknown[] => {
    const { receive, told } = open(telnyxProtocol());
    receive(telnyxDialect.start(stream()));
    for (const chunk of chunks) receive(media(chunk));
    return told.map(([, payload]) => (payload as Uint8Array)[0]);
  };

  it("puts media back into order, and takes each chunk once", () => {
    expect(heard([1, 3, 2, 2, 4, 6, 5, 1])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("waits for a chunk that is lost no longer than five others take", () => {
    expect(heard([1, 3, 4, 5, 6, 7])).toEqual([1]);
    expect(heard([1, 3, 4, 5, 6, 7, 8, 2, 9])).toEqual([1, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("tells what became of chunks out of order, and how long it waits for one", () => {
    const { session, receive } = open(telnyxProtocol());
    expect(session.figures?.(1)).toBeUndefined();
    receive(telnyxDialect.start(stream()));
    for (const chunk of [1, 3, 2, 2, 5, 6, 7, 8, 9, 10, 4]) receive(media(chunk));
    const order = { early: 7, reordered: 1, duplicated: 1, lost: 1, late: 1, delayMs: 120 };
    expect(session.figures?.(1)).toEqual({ order });
  });

  it("goes on when Telnyx refuses something of ours", () => {
    const { receive, told } = open(telnyxProtocol());
    receive(telnyxDialect.start(stream()));
    receive({ event: "error", payload: { code: 100004, title: "rate limit" } });
    receive(media(1));
    expect(told).toEqual([["frame", new Uint8Array(160).fill(1), 0]]);
  });

  it("names the formats that are right when it is offered another", () => {
    const { receive } = open(telnyxProtocol());
    const start = JSON.stringify(telnyxDialect.start(stream())).replace("PCMA", "AMR-WB");
    expect(() => receive(JSON.parse(start) as object)).toThrowError(
      'message.start.media_format is "AMR-WB/8000/1", PCMU or PCMA at 8000 Hz, L16',
    );
  });
});

describe("a Telnyx session in the codec of its call", () => {
  /** A tone of 400 Hz, 20 ms of it. */
  const tone = (index: number, rateHz: number): Int16Array =>
    Int16Array.from({ length: rateHz / 50 }, (_, at) => {
      return 8000 * Math.sin((2 * Math.PI * 400 * (index * (rateHz / 50) + at)) / rateHz);
    });
  const bytesOf = (samples: Int16Array): Uint8Array => new Uint8Array(samples.buffer);
  const loudness = (frame: Uint8Array): number => {
    const samples = new Int16Array(frame.slice().buffer);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  };
  const asked = (codec: TelnyxCodec) => open(telnyxProtocol(openOpus), `codec=${codec}`);
  const start = (codec: TelnyxCodec) => telnyxDialectIn(codec).start(stream());
  const mediaOf = (index: number, payload: Uint8Array) =>
    telnyxDialect.media(stream(), {
      chunk: index + 1,
      timestampMs: index * 20,
      payload: Buffer.from(payload).toString("base64"),
    });
  const sentPayload = (text: unknown): Buffer =>
    Buffer.from(
      (JSON.parse(text as string) as { media: { payload: string } }).media.payload,
      "base64",
    );

  it.each(["pcmu", "pcma", "l16"] as const)("takes and sends %s as it is", (codec) => {
    const { session, receive, starts, told, sent } = asked(codec);
    receive(start(codec));
    expect(starts[0]?.format).toEqual(TELNYX_FORMATS[codec]);
    const frame = new Uint8Array(codec === "l16" ? 640 : 160).fill(9);
    receive(mediaOf(0, frame));
    expect(told).toEqual([["frame", frame, 0]]);
    session.sendFrame(1, frame, 1);
    expect(new Uint8Array(sentPayload(sent[0]))).toEqual(frame);
  });

  it("takes and sends Opus packets; behind it are samples", () => {
    const { session, receive, starts, told, sent } = asked("opus");
    receive(start("opus"));
    expect(starts[0]?.format).toEqual({ codec: "l16", rateHz: 16000 });
    const far = openOpus({ codec: "l16", rateHz: 16000 }, 20)!;
    for (let index = 0; index < 25; index += 1) {
      receive(mediaOf(index, far.encode(bytesOf(tone(index, 16000)))));
      session.sendFrame(1, bytesOf(tone(index, 16000)), 1);
    }
    expect(told.map(([, , samples]) => samples)).toEqual(
      Array.from({ length: 25 }, (_, index) => index * 320),
    );
    for (const [, frame] of told.slice(5))
      expect(loudness(frame as Uint8Array)).toBeGreaterThan(3000);
    const packets = sent.map(sentPayload);
    expect(Math.max(...packets.map(({ length }) => length))).toBeLessThan(120);
    const heard = packets.map((packet) => far.decode(packet).slice());
    for (const frame of heard.slice(5)) expect(loudness(frame)).toBeGreaterThan(3000);
  });

  it("brings what comes in another codec than was asked for to that of its call", () => {
    const { session, receive, starts, told, sent } = asked("opus");
    // The callee's network has G.711, and Telnyx transcodes only our direction.
    receive(start("pcmu"));
    expect(starts[0]?.format).toEqual({ codec: "l16", rateHz: 16000 });
    const mulaw = new Uint8Array(160);
    for (let index = 0; index < 25; index += 1) {
      encodeMulaw(tone(index, 8000), mulaw);
      receive(mediaOf(index, mulaw));
    }
    expect(told.length).toBeGreaterThanOrEqual(24);
    for (const [, frame] of told.slice(2)) {
      expect((frame as Uint8Array).length).toBe(640);
      expect(loudness(frame as Uint8Array)).toBeGreaterThan(5000);
    }
    session.sendFrame(1, bytesOf(tone(0, 16000)), 1);
    expect(sentPayload(sent[0]).length).toBeLessThan(120);
  });

  it("refuses what is no packet, and Opus where there is none", () => {
    const { receive } = asked("opus");
    receive(start("opus"));
    expect(() => receive(mediaOf(0, new Uint8Array(40).fill(255)))).toThrowError("no Opus packet");
    const { receive: without } = open(telnyxProtocol());
    expect(() => without(start("opus"))).toThrowError("Opus, which is not to be had here");
  });
});

describe("a Plivo session", () => {
  it("takes the mark that older documentation calls played", () => {
    const { session, receive, told } = open(plivoProtocol());
    receive(plivoDialect.start(stream()));
    session.sendMark(1, "u1");
    receive({ event: "played", name: "u1" });
    expect(told).toEqual([["mark", "u1", "played"]]);
  });
});

describe("an Exotel session", () => {
  it("sends pieces of 100 ms, and fills the last one up before a mark", () => {
    const { session, receive, sent } = open(exotelProtocol());
    receive(exotelDialect.start(stream()));
    const frame = new Uint8Array(320).fill(7);
    for (let index = 0; index < 23; index++) session.sendFrame(1, frame, 1);
    session.sendMark(1, "u1");
    const pieces = sent.map(
      (text) => JSON.parse(text as string) as { media?: { payload: string } },
    );
    const bytes = pieces.map(({ media }) => Buffer.from(media?.payload ?? "", "base64"));
    expect(bytes.map(({ length }) => length)).toEqual([3200, 3200, 3200, 0]);
    expect([bytes[2]![959], bytes[2]![960], bytes[2]![3199]]).toEqual([7, 0, 0]);
  });

  it("forgets what waits when it is cleared", () => {
    const { session, receive, sent } = open(exotelProtocol());
    receive(exotelDialect.start(stream()));
    session.sendFrame(1, new Uint8Array(320), 1);
    session.sendClear(1, 1);
    session.sendMark(1, "u2");
    expect(sent.map((text) => (JSON.parse(text as string) as { event: string }).event)).toEqual([
      "clear",
      "mark",
    ]);
  });
});
