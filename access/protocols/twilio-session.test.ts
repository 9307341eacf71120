import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import { connectTwilioClient } from "../client/index.js";
import type { MediaSink, StreamStart } from "./media-protocol.js";
import { protocolConformance } from "./protocol-conformance.js";
import { twilioProtocol } from "./twilio-session.js";

const URL = "ws://memory/media/twilio";
const SID = "MZcall-7";
const media = (payload: string, timestamp: string, sid = SID): string =>
  JSON.stringify({ event: "media", streamSid: sid, media: { timestamp, payload } });
const start = (mediaFormat: object = {}, sid = SID): string =>
  JSON.stringify({
    event: "start",
    streamSid: sid,
    start: {
      callSid: "CA1",
      accountSid: "AC1",
      customParameters: { callId: "c", token: "t", job: "42" },
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1, ...mediaFormat },
    },
  });

describe("the Twilio protocol", () => {
  const cases = protocolConformance({
    protocol: twilioProtocol(),
    connect: (options) => connectTwilioClient({ url: URL, ...options }),
    broken: [
      { name: "binary", message: Uint8Array.of(1, 2), code: "PROTOCOL_MESSAGE_KIND" },
      { name: "no JSON", message: '{"event":', code: "PROTOCOL_JSON" },
      { name: "JSON that is no object", message: "[1]", code: "PROTOCOL_FIELD" },
      { name: "no event", message: "{}", code: "PROTOCOL_FIELD" },
      { name: "a second start", message: start(), code: "PROTOCOL_ORDER" },
      {
        name: "audio of another stream",
        message: media("AAAA", "0", "MZ2"),
        code: "PROTOCOL_STREAM",
      },
      {
        name: "a payload that is not base64",
        message: media("*AAA", "0"),
        code: "PROTOCOL_PAYLOAD",
      },
      { name: "a payload without padding", message: media("AAA", "0"), code: "PROTOCOL_PAYLOAD" },
      {
        name: "a payload of more than two seconds",
        message: media(Buffer.alloc(16_001).toString("base64"), "0"),
        code: "PROTOCOL_OVERSIZE",
      },
      {
        name: "a key that no telephone has",
        message: `{"event":"dtmf","streamSid":"${SID}","dtmf":{"digit":"E"}}`,
        code: "PROTOCOL_FIELD",
      },
      {
        name: "a mark without a name",
        message: `{"event":"mark","streamSid":"${SID}","mark":{}}`,
        code: "PROTOCOL_FIELD",
      },
    ],
  });
  for (const { name, run } of cases) it(name, run);
});

/** A session with its sink's record. */
function open(): {
  receive: (message: string) => void;
  starts: StreamStart[];
  frames: [number, Uint8Array][];
} {
  const starts: StreamStart[] = [];
  const frames: [number, Uint8Array][] = [];
  const sink: MediaSink = {
    started: (event) => void starts.push(event),
    frame: (_streamId, payload, samples) => void frames.push([samples, payload.slice()]),
    dtmf: () => undefined,
    markReached: () => undefined,
    ended: () => undefined,
  };
  const session = twilioProtocol().open(
    () => undefined,
    sink,
    () => undefined,
    { query: "", nowMs: () => 0, after: () => ({ cancel: () => undefined }) },
  );
  return { receive: (message) => session.receive(message), starts, frames };
}

describe("a Twilio session", () => {
  it("names the format it was offered and the one that is right", () => {
    expect(() => open().receive(start({ sampleRate: 16000 }))).toThrowError(
      "message.start.mediaFormat.sampleRate is 16000, 8000 is right",
    );
    expect(() => open().receive(start({ encoding: "audio/x-l16" }))).toThrowError(
      'message.start.mediaFormat.encoding is "audio/x-l16", audio/x-mulaw is right',
    );
    expect(() => open().receive(start({ channels: 2 }))).toThrowError("channels is 2, 1 is right");
  });

  it("refuses audio before start", () => {
    expect(() => open().receive(media("AAAA", "0"))).toThrowError("media came before start");
  });

  it("keeps the custom parameters apart from call id and token", () => {
    const { receive, starts } = open();
    receive(start());
    expect(starts[0]).toMatchObject({
      callId: "c",
      token: "t",
      parameters: { job: "42" },
      peerIds: { streamSid: SID, callSid: "CA1", accountSid: "AC1" },
    });
  });

  it("ignores events it does not know and audio of our own track", () => {
    const { receive, frames } = open();
    receive('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    receive(start());
    receive('{"event":"sneeze"}');
    const payload = Buffer.alloc(160).toString("base64");
    receive(
      JSON.stringify({ event: "media", streamSid: SID, media: { track: "outbound", payload } }),
    );
    expect(frames).toHaveLength(0);
  });

  it("cuts payloads of any lengths into the same whole frames", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 }), (lengths) => {
        const { receive, frames } = open();
        receive(start());
        const audio = Uint8Array.from({ length: lengths.reduce((a, b) => a + b, 0) }, (_, i) => i);
        let offset = 0;
        for (const length of lengths) {
          const payload = Buffer.from(audio.subarray(offset, offset + length)).toString("base64");
          receive(media(payload, String(Math.floor(offset / 8))));
          offset += length;
        }
        const whole = Math.floor(audio.length / 160);
        expect(frames).toEqual(
          Array.from({ length: whole }, (_, index) => [
            index * 160,
            audio.slice(index * 160, index * 160 + 160),
          ]),
        );
      }),
    );
  });

  it("follows a gap in Twilio's timestamps, but not a clock that jumps by a day", () => {
    const { receive, frames } = open();
    receive(start());
    const payload = Buffer.alloc(160).toString("base64");
    for (const timestamp of ["78", "97", "118", "1138", "1158", "86400000", "86400020"]) {
      receive(media(payload, timestamp));
    }
    expect(frames.map(([samples]) => samples)).toEqual([0, 160, 320, 8480, 8640, 8800, 8960]);
  });

  it("answers any mutation of its messages with its own errors only", () => {
    const payload = Buffer.alloc(160, 0x7f).toString("base64");
    const valid = [start(), media(payload, "20"), `{"event":"stop","streamSid":"${SID}"}`];
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(2),
            fc.nat(400),
            fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
          ),
          { maxLength: 20 },
        ),
        (edits) => {
          const { receive } = open();
          for (const [which, at, character] of edits) {
            const text = valid[which]!;
            expectOnlyProtocolErrors(() => receive(text));
            expectOnlyProtocolErrors(() =>
              receive(text.slice(0, at) + character + text.slice(at + 1)),
            );
            expectOnlyProtocolErrors(() => receive(text.slice(0, at)));
          }
        },
      ),
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
