import { describe, expect, it } from "vitest";
import { connectBinaryClient } from "../client/binary-client.js";
import { audioHookPeer } from "../client/switch-peers.js";
import { audioHookProtocol } from "./audiohook-session.js";
import { openedSession } from "./opened-session.js";
import { protocolConformance } from "./protocol-conformance.js";

const call = { callId: "c", token: "t" };
/** Genesys wants pieces of 200 ms: what is shorter waits for more, or for a mark. */
const waitsForMore = /ear|copies|drops frames|not before|clears/;

describe.each([[["external"]], [["external", "internal"]]])("AudioHook with %s", (channels) => {
  const cases = protocolConformance({
    protocol: audioHookProtocol(),
    connect: (options) =>
      connectBinaryClient(
        { url: "ws://memory/media/audiohook", ...options },
        audioHookPeer(channels),
      ),
    broken: [
      { name: "no JSON", message: '{"version":', code: "PROTOCOL_JSON" },
      { name: "another version", message: '{"version":"3"}', code: "PROTOCOL_FIELD" },
      {
        name: "a repeated number",
        message: audioHookPeer().start(call),
        code: "PROTOCOL_SEQUENCE",
      },
    ],
  });
  it.each(
    cases.filter(({ name }) => !waitsForMore.test(name) && !/pause of the caller/.test(name)),
  )("$name", ({ run }) => run());
});

describe("an AudioHook session", () => {
  function opened(channels?: readonly string[]) {
    const peer = audioHookPeer(channels);
    const one = openedSession(audioHookProtocol());
    one.session.receive(peer.start(call));
    type Text = { type: string; seq: number; parameters: Record<string, unknown> };
    const texts = (): Text[] =>
      one.sent.flatMap((text) => (typeof text === "string" ? [JSON.parse(text) as Text] : []));
    const say = (seq: number, type: string, parameters: object = {}): void =>
      one.session.receive(
        JSON.stringify({ version: "2", id: "s-1", type, seq, serverseq: 0, parameters }),
      );
    return { ...one, peer, texts, say };
  }

  it("opens with the first offer that it speaks, once the call was taken", () => {
    const { session, starts, texts } = opened();
    expect(starts[0]).toMatchObject({
      callId: "c",
      token: "t",
      peerIds: { conversationId: "c-1" },
    });
    expect(texts()).toEqual([]);
    session.ready(1);
    expect(texts()[0]).toMatchObject({
      type: "opened",
      seq: 1,
      clientseq: 1,
      parameters: {
        media: [{ type: "audio", format: "PCMU", channels: ["external"], rate: 8000 }],
      },
    });
  });

  it("answers a ping, and jumps in media time over audio that was not sent", () => {
    const { session, texts, told, say } = opened();
    session.ready(1);
    say(2, "ping");
    session.receive(new Uint8Array(160));
    say(3, "discarded", { start: "PT0.02S", discarded: "PT1.5S" });
    session.receive(new Uint8Array(160));
    expect(texts().map(({ type }) => type)).toEqual(["opened", "pong"]);
    expect(told.map(([, , samples]) => samples)).toEqual([0, 160 + 12_000]);
  });

  it("returns a mark when playback is completed and its audio has had the time to sound", () => {
    const { session, told, say, later, sent } = opened();
    session.ready(1);
    for (let index = 0; index < 15; index++) session.sendFrame(1, new Uint8Array(160), 1);
    session.sendMark(1, "u1");
    expect(sent.flatMap((one) => (typeof one === "string" ? [] : [one.length]))).toEqual([
      1600, 1600,
    ]);
    later(20);
    say(2, "playback_completed");
    expect(told).toEqual([]);
    later(380);
    say(3, "playback_completed");
    expect(told).toEqual([["mark", "u1", "played"]]);
  });

  it("says that it was interrupted, and forgets the marks before", () => {
    const { session, told, say, later, texts } = opened();
    session.ready(1);
    session.sendMark(1, "u1");
    session.sendClear(1, 1);
    later(1000);
    say(2, "playback_completed");
    expect(told).toEqual([]);
    expect(texts().at(-1)).toMatchObject({
      type: "event",
      parameters: { entities: [{ type: "barge_in" }] },
    });
  });

  it("opens a probe by itself and starts no call for it", () => {
    const { session, starts, sent } = openedSession(audioHookProtocol());
    const text = String(audioHookPeer().start(call));
    session.receive(text.replace('"c-1"', '"00000000-0000-0000-0000-000000000000"'));
    expect(starts).toEqual([]);
    expect(JSON.parse(String(sent[0]))).toMatchObject({ type: "opened" });
  });

  it("names what it can open when it is offered something else", () => {
    const { session } = openedSession(audioHookProtocol());
    const text = String(audioHookPeer().start(call)).replaceAll("PCMU", "OPUS");
    expect(() => session.receive(text)).toThrowError("PCMU or L16 at 8000 Hz");
  });

  it("gives a peer that never says goodbye two seconds", () => {
    const { session, closes, later } = opened();
    session.ready(1);
    session.hangup(1, "done");
    later(1999);
    expect(closes).toEqual([]);
    later(1);
    expect(closes).toEqual([{ code: 1000, reason: "disconnect" }]);
  });
});
