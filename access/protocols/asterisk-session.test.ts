import { describe, expect, it } from "vitest";
import { connectBinaryClient } from "../client/binary-client.js";
import { asteriskPeer } from "../client/binary-peers.js";
import { asteriskProtocol } from "./asterisk-session.js";
import { openedSession } from "./opened-session.js";
import { protocolConformance } from "./protocol-conformance.js";

const URL = "ws://memory/media/asterisk";
const start = (more: object = {}): string =>
  JSON.stringify({
    event: "MEDIA_START",
    connection_id: "media",
    channel: "WebSocket/media/0x7f",
    channel_id: "media-7",
    format: "slin16",
    optimal_frame_size: 640,
    ptime: 20,
    channel_variables: { CALL_ID: "c" },
    ...more,
  });

const broken = [
  { name: "no JSON", message: '{"event":', code: "PROTOCOL_JSON" },
  { name: "no event", message: "{}", code: "PROTOCOL_FIELD" },
  { name: "a second start", message: start(), code: "PROTOCOL_ORDER" },
  {
    name: "a key that no telephone has",
    message: '{"event":"DTMF_END","digit":"E"}',
    code: "PROTOCOL_FIELD",
  },
];

describe.each(["json", "plain"] as const)("the Asterisk protocol in %s", (style) => {
  it.each(["ulaw", "slin16"] as const)("conforms with %s", (format) => {
    const cases = protocolConformance({
      protocol: asteriskProtocol(),
      connect: (options) =>
        connectBinaryClient({ url: URL, ...options }, asteriskPeer(style, format)),
      broken,
    });
    const failed = cases.flatMap(({ name, run }) => {
      try {
        run();
        return [];
      } catch (error) {
        return [`${name}: ${String(error)}`];
      }
    });
    expect(failed).toEqual([]);
    expect(cases.length).toBeGreaterThan(15);
  });
});

describe("a session with Asterisk", () => {
  const open = (query = "callId=c%2F1&token=t&job=42") => openedSession(asteriskProtocol(), query);

  it("takes call and token from the URL, and names what Asterisk calls the channel", () => {
    const { session, starts } = open();
    session.receive(start());
    expect(starts).toEqual([
      {
        streamId: 1,
        format: { codec: "l16", rateHz: 16000 },
        frameMs: 20,
        callId: "c/1",
        token: "t",
        parameters: { CALL_ID: "c", job: "42" },
        peerIds: { channelId: "media-7" },
      },
    ]);
  });

  it("refuses a format it does not take, naming those it does", () => {
    const { session } = open();
    expect(() => session.receive(start({ format: "g729" }))).toThrowError(
      'message.format is "g729", one of ulaw, alaw, slin, slin16, slin24, slin48 is right',
    );
  });

  it("drops audio that comes before MEDIA_START, and cuts what is not 20 ms", () => {
    const { session, told } = open();
    session.receive(new Uint8Array(640));
    session.receive(start());
    session.receive(new Uint8Array(96));
    session.receive(new Uint8Array(640));
    session.receive(new Uint8Array(1280 + 544));
    const lengths = told.map(([kind, payload, samples]) => [
      kind,
      (payload as Uint8Array).length,
      samples,
    ]);
    expect(lengths).toEqual([
      ["frame", 640, 0],
      ["frame", 640, 320],
      ["frame", 640, 640],
      ["frame", 640, 960],
    ]);
  });

  it("jumps in media time over a pause, but not over late frames that come in a burst", () => {
    const { session, told, later } = open();
    session.receive(start());
    session.receive(new Uint8Array(640));
    later(180);
    for (let index = 0; index < 9; index++) session.receive(new Uint8Array(640));
    later(1020);
    session.receive(new Uint8Array(640));
    expect(told.map(([, , samples]) => samples)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => index * 320),
      3200 + 50 * 320,
    ]);
  });

  it("says that there is no room while Asterisk's queue is full, and when there is again", () => {
    const { session, told } = open();
    session.receive(start());
    session.receive("MEDIA_XOFF");
    expect(session.isFull).toBe(true);
    session.receive("MEDIA_XON");
    session.receive("MEDIA_XON");
    expect(session.isFull).toBe(false);
    expect(told).toEqual([["room"]]);
  });

  it("stops sending while Asterisk's queue is full; a clear opens it again", () => {
    const { session, sent } = open();
    session.receive(start());
    const frame = new Uint8Array(640);
    session.receive('{"event":"MEDIA_XOFF","channel_id":"media-7"}');
    session.sendFrame(1, frame, 1);
    expect(sent).toEqual([]);
    session.receive('{"event":"MEDIA_XON","channel_id":"media-7"}');
    session.sendFrame(1, frame, 1);
    expect(sent).toEqual([frame]);
    session.receive('{"event":"MEDIA_XOFF","channel_id":"media-7"}');
    session.sendClear(1, 1);
    session.sendFrame(1, frame, 2);
    expect(sent.slice(1)).toEqual([
      '{"command":"REPORT_QUEUE_DRAINED"}',
      '{"command":"FLUSH_MEDIA"}',
      '{"command":"CONTINUE_MEDIA"}',
      frame,
    ]);
  });

  it("writes marks and hang-up in the style that Asterisk speaks", () => {
    const json = open();
    json.session.receive(start());
    json.session.sendMark(1, "u7");
    json.session.hangup(1, "done");
    expect(json.sent).toEqual([
      '{"command":"MARK_MEDIA","correlation_id":"u7"}',
      '{"command":"HANGUP"}',
    ]);
    expect(json.closes).toEqual([{ code: 1000, reason: "done" }]);
    const plain = open();
    plain.session.receive("MEDIA_START channel_id:media-7 format:ulaw optimal_frame_size:160");
    plain.session.sendMark(1, "u7");
    plain.session.receive("MEDIA_MARK_PROCESSED u7");
    plain.session.receive("DTMF_END digit:5 channel_id:media-7");
    plain.session.hangup(1, "done");
    expect(plain.sent).toEqual(["MARK_MEDIA u7", "HANGUP"]);
    expect(plain.told).toEqual([
      ["mark", "u7", "played"],
      ["dtmf", "5"],
    ]);
  });

  it("tells a hang-up, which is a close, from a lost connection", () => {
    for (const [code, reason] of [
      [1000, "hangup"],
      [1001, "hangup"],
      [1006, "connectionLost"],
    ] as const) {
      const { session, told } = open();
      session.receive(start());
      session.closed(code);
      expect(told).toEqual([["ended", reason]]);
    }
  });

  it("ignores events and fields it does not know, and errors about single commands", () => {
    const { session, told } = open();
    session.receive(start({ unbuffered: false }));
    session.receive('{"event":"STATUS","queue_length":3}');
    session.receive('{"event":"ERROR","error_text":"no"}');
    session.receive("SOMETHING new:1");
    expect(told).toEqual([]);
  });
});
