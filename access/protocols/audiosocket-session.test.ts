import { describe, expect, it } from "vitest";
import {
  audioSocketAudio,
  audioSocketHangup,
  audioSocketId,
  audioSocketKey,
  AudioSocketSplitter,
} from "../../codecs/wire/audiosocket.js";
import { connectBinaryClient } from "../client/binary-client.js";
import { audioSocketPeer } from "../client/switch-peers.js";
import { virtualTime } from "../../base/virtual-time.js";
import { memoryLink } from "./memory-link.js";
import { audioSocketProtocol } from "./audiosocket-session.js";
import { openedSession } from "./opened-session.js";

const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
const l16 = (rateHz: 8000 | 16000) => ({ codec: "l16", rateHz }) as const;
const hex = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("the AudioSocket protocol", () => {
  it.each([
    ["a packet that is cut", hex("10 01 40 00"), "PROTOCOL_TRUNCATED"],
    ["a kind that is none", hex("20 00 00"), "PROTOCOL_TYPE"],
    ["a rate that is not ours", hex("15 00 00"), "PROTOCOL_FORMAT"],
    ["a second id", audioSocketId(uuid), "PROTOCOL_ORDER"],
    ["a key that is none", audioSocketKey("E"), "PROTOCOL_FIELD"],
    ["a text", "hello", "PROTOCOL_MESSAGE_KIND"],
  ] as const)("refuses %s, and takes nothing more", (_what, message, code) => {
    const { session, send, told } = opened();
    send(8000);
    expect(() => session.receive(message)).toThrowError(expect.objectContaining({ code }));
    send(8000);
    session.closed(1002);
    expect(told.map(([kind, reason]) => [kind, reason]).slice(1)).toEqual([
      ["ended", "protocolError"],
    ]);
  });

  it("speaks with Asterisk's end of it", () => {
    const time = virtualTime();
    const heard: unknown[] = [];
    const keys: string[] = [];
    const link = memoryLink(
      audioSocketProtocol(),
      {
        started: () => undefined,
        frame: () => heard.push("frame"),
        dtmf: (_id, digit) => keys.push(digit),
        markReached: () => undefined,
        ended: (_id, reason) => heard.push(reason),
      },
      time,
    );
    const far: unknown[] = [];
    const client = connectBinaryClient(
      {
        url: "tcp://memory",
        callId: "",
        token: "",
        socket: link.open,
        time,
        listener: {
          frame: ({ payload }) => far.push(payload[0]),
          hangup: () => far.push("hangup"),
        },
      },
      audioSocketPeer(uuid),
    );
    time.settle();
    client.sendFrame(new Uint8Array(640));
    client.sendDtmf("#");
    time.settle();
    link.session().sendFrame(1, new Uint8Array(640).fill(9), 1);
    link.session().hangup(1, "done");
    time.advance(100);
    expect([heard, keys, far]).toEqual([["frame"], ["#"], [9, "hangup"]]);
  });

  function opened() {
    const one = openedSession(audioSocketProtocol());
    one.session.receive(audioSocketId(uuid));
    const send = (rateHz: 8000 | 16000, value = 0): void =>
      one.session.receive(audioSocketAudio(l16(rateHz), new Uint8Array(rateHz / 25).fill(value)));
    return { ...one, send };
  }

  it("starts with the first audio, in its rate, by the ticket it was given", () => {
    const { starts, send, told } = opened();
    expect(starts).toEqual([]);
    send(16000, 7);
    expect(starts).toMatchObject([{ ticket: uuid, format: l16(16000), frameMs: 20 }]);
    expect(starts[0]).not.toHaveProperty("token");
    expect(told).toEqual([["frame", new Uint8Array(640).fill(7), 0]]);
  });

  it("sends silence at once, and whenever a second went by without a word", () => {
    const { sent, send, session, later } = opened();
    expect(sent).toEqual([audioSocketAudio(l16(8000), new Uint8Array(320))]);
    send(16000);
    later(1000);
    expect(sent[1]).toEqual(audioSocketAudio(l16(16000), new Uint8Array(640)));
    session.sendFrame(1, new Uint8Array(640).fill(1), 1);
    later(999);
    expect(sent).toHaveLength(3);
    later(1);
    expect(sent).toHaveLength(4);
    session.hangup(1, "done");
    later(5000);
    expect(sent[4]).toEqual(hex("00 00 00"));
    expect(sent).toHaveLength(5);
  });

  it("returns a mark when the time of its audio is over, and none that was cleared", () => {
    const { session, send, told, later } = opened();
    send(8000);
    told.length = 0;
    for (let index = 0; index < 5; index++) session.sendFrame(1, new Uint8Array(320), 1);
    session.sendMark(1, "u1");
    later(119);
    expect(told).toEqual([]);
    later(1);
    expect(told).toEqual([["mark", "u1", "played"]]);
    session.sendFrame(1, new Uint8Array(320), 2);
    session.sendMark(1, "u2");
    session.sendClear(1, 2);
    later(1000);
    expect(told).toHaveLength(1);
  });

  it("hears keys, a hang-up and an error", () => {
    const { session, send, told } = opened();
    send(8000);
    session.receive(audioSocketKey("5"));
    session.receive(audioSocketHangup());
    expect(told.slice(1)).toEqual([
      ["dtmf", "5"],
      ["ended", "hangup"],
    ]);
    const broken = opened();
    broken.send(8000);
    broken.session.receive(hex("ff 00 01 02"));
    expect(broken.told.at(-1)).toEqual(["ended", "connectionLost"]);
  });

  it("refuses audio before its id, another rate in the middle, and what is broken", () => {
    const fresh = openedSession(audioSocketProtocol());
    expect(() => fresh.session.receive(hex("10 00 00"))).toThrowError("audio came before id");
    const { send } = opened();
    send(8000);
    expect(() => send(16000)).toThrowError("audio is at 16000 Hz, 8000 as before is right");
  });

  it("puts packets together again, however the network cut them", () => {
    const packets = [
      audioSocketId(uuid),
      audioSocketAudio(l16(8000), new Uint8Array(320).fill(3)),
      audioSocketKey("#"),
      audioSocketHangup(),
    ];
    const stream = new Uint8Array(Buffer.concat(packets));
    for (let size = 1; size < 400; size++) {
      const splitter = new AudioSocketSplitter();
      const got: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size) {
        splitter.take(stream.subarray(at, at + size), (packet) => got.push(packet.slice()));
      }
      expect(got).toEqual(packets);
    }
  });
});
