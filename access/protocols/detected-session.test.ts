import { describe, expect, it } from "vitest";
import { encodeControl } from "../../codecs/wire/native-control.js";
import { emptyNativeHeader, encodeRecord, RECORD_TYPES } from "../../codecs/wire/native-v1.js";
import { asteriskPeer, jambonzPeer, vonagePeer } from "../client/binary-peers.js";
import { exotelDialect, plivoDialect, telnyxDialect } from "../client/carrier-dialects.js";
import { audioHookPeer, audioStreamPeer } from "../client/switch-peers.js";
import { twilioDialect } from "../client/twilio-client.js";
import { mediaProtocols, protocolOfPath } from "./media-protocols.js";
import { openedSession } from "./opened-session.js";

const call = { callId: "c", token: "t" };
const carrier = { ...call, streamId: "MZ1", parameters: {}, sequence: 1 };
const detected = () => protocolOfPath(mediaProtocols(), "/media")!;
const hello = encodeRecord(
  { ...emptyNativeHeader(), type: RECORD_TYPES.hello },
  encodeControl("hello", {
    versions: [1],
    limits: { messageBytesMax: 65_536, controlBytesMax: 8192, streamsMax: 1 },
  }),
);

describe("the path for every peer", () => {
  it.each<[string, (Uint8Array | string)[]]>([
    ["native-v1", [hello]],
    ["twilio", [twilioDialect.hello!, JSON.stringify(twilioDialect.start(carrier))]],
    ["telnyx", [telnyxDialect.hello!, JSON.stringify(telnyxDialect.start(carrier))]],
    ["plivo", [JSON.stringify(plivoDialect.start(carrier))]],
    ["exotel", [exotelDialect.hello!, JSON.stringify(exotelDialect.start(carrier))]],
    ["vonage", [vonagePeer.start(call)]],
    ["jambonz", [jambonzPeer.start(call)]],
    ["asterisk", [asteriskPeer("plain", "ulaw").start(call)]],
    ["asterisk", [asteriskPeer("json", "slin16").start(call)]],
    ["audio-stream", [audioStreamPeer("binary").start(call)]],
    ["audiohook", [audioHookPeer().start(call)]],
  ])("recognises %s by what it says first", (name, messages) => {
    const { session, starts } = openedSession(detected(), "callId=c&token=t");
    for (const message of messages) session.receive(message);
    expect(session.protocol?.name).toBe(name);
    if (name !== "native-v1") expect(starts).toMatchObject([call]);
  });

  it("takes audio for mod_audio_stream's where the URL names the call", () => {
    const { session, told } = openedSession(detected(), "callId=c&token=t&rate=16000");
    session.receive(new Uint8Array(640).fill(1));
    expect(told).toEqual([["frame", new Uint8Array(640).fill(1), 0]]);
  });

  it("goes by the subprotocol that was agreed on, before any message", () => {
    const protocol = detected();
    expect(protocol.subprotocols).toEqual(
      expect.arrayContaining(["voxtree.v1", "media", "audio.jambonz.org", "audio.drachtio.org"]),
    );
    const session = protocol.open(
      () => undefined,
      { started: () => undefined } as never,
      () => undefined,
      {
        query: "",
        subprotocol: "media",
        nowMs: () => 0,
        after: () => ({ cancel: () => undefined }),
      },
    );
    expect(session.protocol?.name).toBe("asterisk");
  });

  it("gives up on what no protocol begins with, naming those there are", () => {
    const { session } = openedSession(detected());
    for (let index = 0; index < 4; index++) session.receive("hello");
    expect(() => session.receive("hello")).toThrowError(/no protocol begins like this; .*twilio/);
    const large = openedSession(detected());
    expect(() => large.session.receive(new Uint8Array(70_000))).toThrowError("no protocol begins");
  });

  it("sends nothing and ends quietly while it does not know", () => {
    const { session, sent, told, closes } = openedSession(detected());
    session.sendFrame(1, new Uint8Array(160), 1);
    session.sendMark(1, "u1");
    session.sendClear(1, 1);
    session.hangup(1, "enough");
    session.closed(1006);
    expect([sent, told, closes]).toEqual([[], [], [{ code: 1000, reason: "enough" }]]);
  });
});
