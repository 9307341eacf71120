import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { isProtocolError } from "./protocol-error.js";
import { decodePayload } from "./json-stream.js";
import { emptyTwilioMediaScan, parseTwilio, twilioScanner, twilioWriter } from "./twilio.js";

const SID = "MZ18ad3ab5a668481ce02b83e7395059f0";
const usual =
  `{"event":"media","sequenceNumber":"2","streamSid":"${SID}","media":{"track":"inbound",` +
  `"chunk":"1","timestamp":"20","payload":"//////8="}}`;

const scanner = twilioScanner(SID);

type Media = { isInbound: boolean; timestampMs: number; payload: string };

function scanned(text: string): Media | undefined {
  const scan = emptyTwilioMediaScan();
  if (!scanner(text, scan)) return undefined;
  const { timestampMs, payloadStart, payloadEnd } = scan;
  return { isInbound: true, timestampMs, payload: text.slice(payloadStart, payloadEnd) };
}

function parsed(text: string): Media | undefined {
  const message = parseTwilio(text);
  if (message.event !== "media" || message.streamId !== SID) return undefined;
  const { isInbound, timestampMs, payload } = message;
  return { isInbound, timestampMs, payload };
}

const digits = fc.oneof(
  { weight: 20, arbitrary: fc.nat(100_000).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("", "007", "12x", "99999999999999999999", "-1") },
);
const base64 = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b).toString("base64"));

/** Usual pairs, also in other orders and with some left out; now and then a strange one. */
function pairs(
  usual: readonly fc.Arbitrary<string>[],
  strange: readonly string[],
): fc.Arbitrary<string> {
  const some = fc.oneof(
    { weight: 2, arbitrary: fc.constant([...usual]) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...usual], { minLength: 1 }) },
  );
  const shuffled = some.chain((chosen) => fc.tuple(...chosen));
  const odd = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...strange) },
  );
  const comma = fc.oneof(
    { weight: 8, arbitrary: fc.constant(",") },
    { weight: 1, arbitrary: fc.constantFrom(", ", " ,\n", "") },
  );
  return fc
    .tuple(shuffled, odd, fc.nat(4), comma)
    .map(([some, one, at, separator]) =>
      (one === undefined ? some : some.toSpliced(at, 0, one)).join(separator),
    );
}

const mediaPairs = pairs(
  [
    fc.constantFrom('"track":"inbound"', '"track":"inbound"', '"track":"outbound"'),
    digits.map((text) => `"chunk":"${text}"`),
    digits.map((text) => `"timestamp":"${text}"`),
    base64.map((text) => `"payload":"${text}"`),
  ],
  [
    '"track":null',
    '"track": "inbound"',
    '"timestamp":40',
    '"payload":"\\/\\/8="',
    '"payload":"DDDD"',
    '"later":{"payload":"AAAA"}',
    '"later":"\\"payload\\":\\"AAAA\\""',
  ],
);
const outerPairs = mediaPairs.chain((media) => {
  const sequence = digits.map((text) => `"sequenceNumber":"${text}"`);
  const sid = fc.constant(`"streamSid":"${SID}"`);
  const inner = fc.constant(`"media":{${media}}`);
  const strange = [
    `"streamSid":"${SID}"`,
    `"streamSid":"${SID}x"`,
    '"streamSid":"MZ"',
    '"event":"mark"',
    '"extra":"}}"',
    '"payload":"BBBB"',
    '"media":{"payload":"CCCC"}',
    '"media":null',
    '"extra":[{}]',
  ];
  return fc.oneof(pairs([sequence, sid, inner], strange), pairs([sequence, inner, sid], strange));
});
/** Media messages, most of them usual, some strange, some broken. */
const messages = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('{"event":"media",') },
      { weight: 1, arbitrary: fc.constantFrom('{ "event":"media",', '{"event": "media",', "{") },
    ),
    outerPairs,
    fc.oneof(
      { weight: 8, arbitrary: fc.constant("}") },
      { weight: 1, arbitrary: fc.constantFrom("} ", "", "}}", "},") },
    ),
  )
  .map((parts) => parts.join(""));

describe("scanning a media message", () => {
  it("finds what JSON.parse finds in the shapes that Twilio sends", () => {
    const other =
      `{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"2",` +
      `"timestamp":"5","payload":"no+JhoaJ"},"streamSid":"${SID}"}`;
    for (const text of [usual, other]) {
      expect(scanned(text)).toBeDefined();
      expect(scanned(text)).toEqual(parsed(text));
    }
  });

  it("never finds anything else than JSON.parse, in whatever order, spacing or repetition", () => {
    let scannedCount = 0;
    let parsedCount = 0;
    fc.assert(
      fc.property(messages, (text) => {
        const fast = scanned(text);
        parsedCount += fast === undefined ? 1 : 0;
        if (fast === undefined) return;
        scannedCount += 1;
        expect(fast).toEqual(parsed(text));
      }),
      { numRuns: 10_000 },
    );
    // The generator must reach both sides, or this proves nothing.
    expect(scannedCount).toBeGreaterThan(1000);
    expect(parsedCount).toBeGreaterThan(1000);
  });

  it("leaves everything but the stream's own media to the parser", () => {
    for (const text of [
      "",
      "{",
      '{"event":"media",',
      '{"event":"media",}',
      usual.slice(0, -1),
      usual.replace('"media":{', '"media":['),
      usual.replace("//////8=", "\\/\\/\\/\\/\\/\\/8="),
      usual.replace(SID, "MZother"),
      usual.replace('"event":"media"', '"event":"mark"'),
      `{"event":"start","streamSid":"${SID}","start":{"customParameters":{"payload":"AAAA"}}}`,
    ]) {
      expect(scanned(text)).toBeUndefined();
    }
  });
});

describe("decoding a payload", () => {
  const into = Buffer.alloc(300);
  const decode = (text: string): Uint8Array =>
    Uint8Array.from(into.subarray(0, decodePayload(`<${text}>`, 1, text.length + 1, into)));

  it("gives the bytes that were encoded, of any length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decode(Buffer.from(bytes).toString("base64"))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it("refuses what is not base64, wherever the wrong character is", () => {
    const right = Buffer.alloc(30, 0x5a).toString("base64");
    for (const wrong of ["*", " ", "\n", "é", "=", "{"]) {
      for (let at = 0; at < right.length; at++) {
        const text = right.slice(0, at) + wrong + right.slice(at + 1);
        if (text === right) continue;
        // One "=" at the very end is padding, and so the text may be base64 of fewer bytes.
        if (wrong === "=" && at === right.length - 1) continue;
        expect(() => decode(text)).toThrowError("not base64");
      }
    }
    expect(() => decode("AAA")).toThrowError("media.payload has 3 characters");
    expect(() => decode("====")).toThrowError("not base64");
  });

  it("says how much is right when it is too much", () => {
    expect(() => decode("A".repeat(404))).toThrowError("has 404 characters, at most 400 is right");
  });
});

describe("Twilio's other messages", () => {
  it("are read whatever the spacing and order", () => {
    const dtmf = { event: "dtmf", streamSid: SID, dtmf: { track: "inbound_track", digit: "1" } };
    expect(parseTwilio(JSON.stringify(dtmf, null, 2))).toEqual({
      event: "dtmf",
      streamId: SID,
      digit: "1",
    });
    const mark = { mark: { name: "ü\n" }, streamSid: SID, event: "mark" };
    expect(parseTwilio(JSON.stringify(mark))).toEqual({
      event: "mark",
      streamId: SID,
      name: "ü\n",
    });
    expect(parseTwilio('{"event":"connected","protocol":"Call"}')).toEqual({ event: "ignored" });
    expect(parseTwilio('{"event":"later"}')).toEqual({ event: "ignored" });
  });

  it("are refused without a word of what a person dialled or was given as a secret", () => {
    const digit = `{"event":"dtmf","streamSid":"${SID}","dtmf":{"digit":"4711"}}`;
    expect(() => parseTwilio(digit)).toThrowError(
      "message.dtmf.digit is a text of 4 characters, one of 0-9 * # A-D is right",
    );
    expect(() => parseTwilio('{"event":"dtmf","dtmf":{"digit":"47"')).toThrowError(
      "message of 36 characters is not JSON",
    );
  });

  it("are understood or refused with a protocol error, whatever comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), messages), (text) => {
        try {
          parseTwilio(text);
        } catch (error) {
          expect(isProtocolError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("our messages to Twilio", () => {
  it("are the JSON that Twilio expects, whatever the names hold", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uint8Array(), (streamSid, name, payload) => {
        const writer = twilioWriter(streamSid);
        expect(JSON.parse(writer.media(payload))).toEqual({
          event: "media",
          streamSid,
          media: { payload: Buffer.from(payload).toString("base64") },
        });
        expect(JSON.parse(writer.mark(name))).toEqual({ event: "mark", streamSid, mark: { name } });
        expect(JSON.parse(writer.clear())).toEqual({ event: "clear", streamSid });
      }),
    );
  });
});
