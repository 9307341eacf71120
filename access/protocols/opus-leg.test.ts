import { describe, expect, it } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { connectMediaClient } from "../client/index.js";
import { AdaptiveRate } from "./adaptive-rate.js";
import type { MediaSink, StreamStart } from "./media-protocol.js";
import { memoryLink } from "./memory-link.js";
import { nativeProtocol } from "./native-session.js";
import type { OpusChange } from "./opus-leg.js";
import { protocolConformance } from "./protocol-conformance.js";

const format = { codec: "l16", rateHz: 16000 } as const;
const frameBytes = 640;

/** A tone that both ends can tell from silence. */
function tone(index: number, hz = 400): Uint8Array {
  const samples = Int16Array.from(
    { length: 320 },
    (_, at) => 8000 * Math.sin((2 * Math.PI * hz * (index * 320 + at)) / 16000),
  );
  return new Uint8Array(samples.buffer);
}

function loudness(frame: Uint8Array): number {
  const samples = new Int16Array(frame.buffer, frame.byteOffset, frame.length / 2);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

function call(engineHasOpus: boolean, clientHasOpus: boolean) {
  const time = virtualTime();
  const heard: Uint8Array[] = [];
  const changes: OpusChange[] = [];
  const starts: StreamStart[] = [];
  const far: Uint8Array[] = [];
  const wire = { engineBytes: 0, clientBytes: 0, queued: 0 };
  const sink: MediaSink = {
    started: (start) => void starts.push(start),
    frame: (_id, payload) => void heard.push(payload.slice()),
    dtmf: () => undefined,
    markReached: () => undefined,
    rateChanged: (_id, change) => void changes.push(change),
    ended: () => undefined,
  };
  const protocol = nativeProtocol(engineHasOpus ? { opus: openOpus } : {});
  const counted = {
    ...protocol,
    open: (...[send, one, close, peer]: Parameters<typeof protocol.open>) =>
      protocol.open(
        (message) => {
          wire.engineBytes += message.length;
          send(message);
        },
        one,
        close,
        { ...peer, queuedBytes: () => wire.queued },
      ),
  };
  const link = memoryLink(counted, sink, time);
  const client = connectMediaClient({
    url: "ws://memory/media/native/v1",
    callId: "c",
    token: "t",
    format,
    ...(clientHasOpus ? { opus: openOpus } : {}),
    socket: (url, protocols) => {
      const socket = link.open(url, protocols);
      const send = socket.send.bind(socket);
      socket.send = (message) => {
        wire.clientBytes += message.length;
        send(message);
      };
      return socket;
    },
    listener: { frame: ({ payload }) => void far.push(payload) },
    time,
  });
  time.settle();
  link.session().ready(1);
  time.settle();
  const session = link.session();
  return { time, heard, changes, starts, far, wire, client, session };
}

describe("a native call in Opus", () => {
  it("carries speech both ways, in a fraction of the bytes; the engine still sees frames", () => {
    const { time, heard, far, wire, client, session, starts } = call(true, true);
    [wire.engineBytes, wire.clientBytes] = [0, 0];
    for (let index = 0; index < 50; index++) {
      client.sendFrame(tone(index));
      session.sendFrame(1, tone(index), 1);
      time.advance(20);
    }
    expect(starts[0]?.format).toEqual(format);
    for (const frames of [heard, far]) {
      expect(frames).toHaveLength(50);
      expect(frames.every(({ length }) => length === frameBytes)).toBe(true);
      expect(frames.slice(10).every((frame) => loudness(frame) > 3000)).toBe(true);
    }
    // Raw it would be 32 000; with their headers, reports and all.
    expect(wire.engineBytes).toBeLessThan(6000);
    expect(wire.clientBytes).toBeLessThan(6000);
  });

  it.each([
    [true, false],
    [false, true],
  ])("is in plain samples where one side has none (engine %s, client %s)", (engine, client) => {
    const one = call(engine, client);
    one.client.sendFrame(tone(0));
    one.session.sendFrame(1, tone(0), 1);
    one.time.advance(20);
    expect(one.heard).toEqual([tone(0)]);
    expect(one.far).toEqual([tone(0)]);
  });

  it("sends less when frames come late, and more again once the link is good", () => {
    const { time, changes, session, far } = call(true, true);
    let index = 0;
    const play = (seconds: number, pause: (at: number) => number): void => {
      for (let end = index + seconds * 50; index < end; index++) {
        session.sendFrame(1, tone(index, 5000), 1);
        time.advance(pause(index));
      }
    };
    play(3, () => 20);
    expect(changes).toEqual([]);
    // Every tenth frame a tenth of a second late.
    play(4, (at) => (at % 10 === 0 ? 120 : 10));
    expect(changes.map(({ level, why }) => [level, why])).toEqual([
      [1, "lateFrames"],
      [2, "lateFrames"],
    ]);
    expect(changes[1]).toMatchObject({ bitsPerSecond: 9000, audioRateHz: 8000 });
    const degraded = far.length;
    play(1, () => 20);
    // Of a tone of 5 kHz nothing is left at 8 kHz.
    expect(Math.max(...far.slice(degraded + 25).map(loudness))).toBeLessThan(400);
    play(14, () => 20);
    expect(changes.slice(2).map(({ level, why }) => [level, why])).toEqual([
      [1, "recovered"],
      [0, "recovered"],
    ]);
    expect(loudness(far.at(-1)!)).toBeGreaterThan(2000);
  });

  it("sends less when what it sends stays behind", () => {
    const { time, changes, session, wire } = call(true, true);
    wire.queued = 4000;
    for (let index = 0; index < 50; index++) {
      session.sendFrame(1, tone(index), 1);
      time.advance(20);
    }
    expect(changes).toMatchObject([{ level: 1, why: "sendQueue", bitsPerSecond: 14_000 }]);
  });

  it("refuses a packet that is none, by the words of its stream", () => {
    const line = openOpus(format, 20)!;
    for (const bytes of [0, 1, 5, 2000]) {
      expect(() => line.decode(new Uint8Array(bytes).fill(255))).toThrowError("no Opus packet");
    }
    expect(openOpus({ codec: "pcmu", rateHz: 8000 }, 20)).toBeUndefined();
  });

  it.each(
    protocolConformance({
      protocol: nativeProtocol({ opus: openOpus }),
      connect: (options) =>
        connectMediaClient({ url: "ws://memory", format, opus: openOpus, ...options }),
      broken: [],
      // What a lossy codec makes of a frame is not the frame.
    }).filter(
      ({ name }) => /ends once|marks?|silent|key|hung up/.test(name) && !/clears/.test(name),
    ),
  )("$name", ({ run }) => run());
});

describe("the rate that follows a link", () => {
  it("waits longer before it tries again what did not hold", () => {
    const rate = new AdaptiveRate(3);
    const good = { lateShare: 0, queuedMs: 0 };
    const bad = { lateShare: 0.5, queuedMs: 0 };
    const secondsTo = (level: number): number => {
      for (let seconds = 1; seconds < 200; seconds++) {
        if (rate.second(good)?.level === level) return seconds;
      }
      return Infinity;
    };
    expect(rate.second(bad)?.level).toBe(1);
    const waits = Array.from({ length: 5 }, () => {
      const seconds = secondsTo(0);
      rate.second(bad);
      return seconds;
    });
    expect(waits).toEqual([5, 10, 20, 40, 60]);
    expect([rate.second(bad)?.level, rate.second(bad)]).toEqual([2, undefined]);
  });
});
