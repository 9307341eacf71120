import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProtocolError } from "../../codecs/wire/protocol-error.js";
import { connectBinaryClient, type BinaryPeer } from "../client/binary-client.js";
import { jambonzPeer, vonagePeer } from "../client/binary-peers.js";
import { audioStreamPeer } from "../client/switch-peers.js";
import {
  audioForkProtocol,
  audioStreamProtocol,
  jambonzProtocol,
  vonageProtocol,
} from "./fork-sessions.js";
import type { MediaProtocol } from "./media-protocol.js";
import { openedSession } from "./opened-session.js";
import { protocolConformance } from "./protocol-conformance.js";

const call = { callId: "c", token: "t" };
const peers: readonly [string, MediaProtocol, BinaryPeer][] = [
  ["vonage", vonageProtocol(), vonagePeer],
  ["jambonz", jambonzProtocol(), jambonzPeer],
  ["audio-fork", audioForkProtocol(), { ...jambonzPeer, subprotocol: "audio.drachtio.org" }],
];

describe.each(peers)("the protocol of %s", (name, protocol, peer) => {
  const cases = protocolConformance({
    protocol,
    connect: (options) =>
      connectBinaryClient({ url: `ws://memory/media/${name}`, ...options }, peer),
    broken: [
      { name: "no JSON", message: '{"event":', code: "PROTOCOL_JSON" },
      { name: "a second start", message: peer.start(call), code: "PROTOCOL_ORDER" },
      {
        name: "a key that no telephone has",
        message: peer.dtmf("E"),
        code: "PROTOCOL_FIELD",
      },
    ],
  });
  it.each(cases)("$name", ({ run }) => run());

  it("takes call and token from the URL where it says nothing of them", () => {
    const { session, starts } = openedSession(protocol, "callId=u&token=v");
    session.receive(String(peer.start(call)).replace(/,"callId":"c","token":"t"/, ""));
    expect(starts[0]).toMatchObject({ callId: "u", token: "v", format: peer.format });
  });

  it("answers any mutation of its messages with its own errors only", () => {
    const valid = [peer.start(call), peer.dtmf("5"), peer.mark!("u1")].map(String);
    const edit = fc.tuple(
      fc.nat(valid.length - 1),
      fc.nat(200),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
        const { session } = openedSession(protocol);
        for (const [which, at, character] of edits) {
          const text = valid[which]!;
          const mutated = [text.slice(0, at) + character + text.slice(at + 1), text.slice(0, at)];
          for (const message of [...mutated, new Uint8Array(at)]) {
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

describe("a Vonage session", () => {
  it.each([
    { event: "websocket:dtmf", digit: "5", duration: 260 },
    { event: "websocket:dtmf", dtmf: { digit: "5" } },
    { event: "websocket:dtmf", dtmf: "5" },
  ])("takes a key in each of its spellings: %j", (message) => {
    const { session, told } = openedSession(vonageProtocol());
    session.receive(vonagePeer.start(call));
    session.receive(JSON.stringify(message));
    expect(told).toEqual([["dtmf", "5"]]);
  });

  it("names the format it was offered and those that are right", () => {
    const start = String(vonagePeer.start(call)).replace("rate=16000", "rate=44100");
    expect(() => openedSession(vonageProtocol()).session.receive(start)).toThrowError(
      'message.content-type is "audio/l16;rate=44100", audio/l16;rate= and one of 8000',
    );
  });

  it("ignores a word about a clear, however late it comes", () => {
    const { session, told } = openedSession(vonageProtocol());
    session.receive(vonagePeer.start(call));
    session.receive('{"event":"websocket:cleared"}');
    session.receive('{"event":"websocket:notify","payload":{"theirs":1}}');
    expect(told).toEqual([]);
  });
});

describe("a jambonz session", () => {
  it("takes frames of any length, and refuses two channels", () => {
    const { session, told } = openedSession(jambonzProtocol());
    session.receive(jambonzPeer.start(call));
    session.receive(new Uint8Array(641));
    session.receive(new Uint8Array(319));
    expect(
      told.map(([kind, payload, samples]) => [kind, (payload as Uint8Array).length, samples]),
    ).toEqual([
      ["frame", 320, 0],
      ["frame", 320, 160],
      ["frame", 320, 320],
    ]);
    const stereo = String(jambonzPeer.start(call)).replace('"mono"', '"stereo"');
    expect(() => openedSession(jambonzProtocol()).session.receive(stereo)).toThrowError(
      'message.sampleRate is "stereo/8000", mono at 8000',
    );
  });
});

describe("a session with mod_audio_stream", () => {
  const connectedTo = (playback: "binary" | "file") =>
    protocolConformance({
      protocol: audioStreamProtocol(),
      connect: (options) =>
        connectBinaryClient(
          { url: "ws://memory/media/audio-stream", ...options },
          audioStreamPeer(playback),
        ),
      broken: [
        {
          name: "a key that is none",
          message: '{"event":"dtmf","digit":"E"}',
          code: "PROTOCOL_FIELD",
        },
      ],
    }).filter(({ name }) => !/nothing more after a broken/.test(name));
  it.each(connectedTo("binary"))("$name (binary)", ({ run }) => run());
  // What it plays from files comes in pieces of 400 ms.
  it.each(
    connectedTo("file").filter(
      ({ name }) => !/ear|copies|drops frames|not before|clears/.test(name),
    ),
  )("$name (files)", ({ run }) => run());

  it("says what to play in pieces, the last one filled up, and returns marks by the clock", () => {
    const { session, sent, told, later } = openedSession(audioStreamProtocol());
    session.receive(audioStreamPeer("file").start(call));
    for (let index = 0; index < 25; index++) session.sendFrame(1, new Uint8Array(640), 1);
    session.sendMark(1, "u1");
    const lengths = sent.map((text) => {
      const { data } = JSON.parse(String(text)) as { data: { audioData: string } };
      return Buffer.from(data.audioData, "base64").length;
    });
    expect(lengths).toEqual([12_800, 12_800]);
    expect(session.latencyMs!(1)).toBe(380);
    later(819);
    expect(told).toEqual([]);
    later(1);
    expect(told).toEqual([["mark", "u1", "played"]]);
  });

  it("takes all from the URL when it is given no metadata, and texts of others for nothing", () => {
    const query = "callId=c&token=t&rate=16000&playback=binary";
    const { session, starts, told, sent } = openedSession(audioStreamProtocol(), query);
    session.receive("not for us");
    session.receive(new Uint8Array(640));
    session.receive('{"whatever":"later"}');
    session.sendFrame(1, new Uint8Array(640), 1);
    expect(starts).toMatchObject([{ ...call, format: { codec: "l16", rateHz: 16000 } }]);
    expect([told.length, sent.length]).toEqual([1, 1]);
  });
});
