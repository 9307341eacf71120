import { describe, expect, it } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { connectMediaClient } from "../client/index.js";
import type { NativeCallOptions } from "../client/native-call.js";
import type { OpusRate } from "../../codecs/audio/opus-line.js";
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

function call(
  engineHasOpus: boolean,
  clientHasOpus: boolean,
  more: Pick<NativeCallOptions, "packetMs" | "frameMs"> = {},
) {
  const time = virtualTime();
  const heard: Uint8Array[] = [];
  const changes: OpusChange[] = [];
  const starts: StreamStart[] = [];
  const far: Uint8Array[] = [];
  const asked: OpusRate[] = [];
  const times: { engine: number[]; client: number[] } = { engine: [], client: [] };
  /** `delayMs`: how long messages of the client take. */
  const wire = {
    engineBytes: 0,
    clientBytes: 0,
    clientMessages: 0,
    queued: 0,
    delayMs: 0,
    atMs: 0,
  };
  const sink: MediaSink = {
    started: (start) => void starts.push(start),
    frame: (_id, payload, samples) => {
      heard.push(payload.slice());
      times.engine.push(samples);
    },
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
        wire.clientMessages += 1;
        const copy = typeof message === "string" ? message : message.slice();
        if (wire.delayMs === 0) return send(message);
        wire.atMs = Math.max(wire.atMs, time.nowMs() + wire.delayMs);
        time.after(wire.atMs - time.nowMs(), () => send(copy));
      };
      return socket;
    },
    ...more,
    listener: {
      frame: ({ payload, mediaSamples }) => {
        far.push(payload);
        times.client.push(mediaSamples);
      },
      rateAsked: (rate) => void asked.push(rate),
    },
    time,
  });
  time.settle();
  link.session().ready(1);
  time.settle();
  const session = link.session();
  return { time, heard, changes, asked, starts, far, times, wire, client, session };
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

  it.each([
    [20, 40],
    [20, 60],
    [10, 20],
    [10, 60],
  ] as const)("packs frames of %i ms into packets of %i ms, both ways", (frameMs, packetMs) => {
    const { time, heard, far, times, wire, client, session, starts } = call(true, true, {
      frameMs,
      packetMs,
    });
    [wire.engineBytes, wire.clientMessages] = [0, 0];
    const frame = (index: number): Uint8Array => {
      const offset = (index % (20 / frameMs)) * client.frameBytes;
      return tone(Math.floor((index * frameMs) / 20)).subarray(offset, offset + client.frameBytes);
    };
    const count = 600 / frameMs;
    for (let index = 0; index < count; index++) {
      client.sendFrame(frame(index));
      session.sendFrame(1, frame(index), 1);
      time.advance(frameMs);
    }
    expect(starts[0]?.frameMs).toBe(frameMs);
    expect(wire.clientMessages).toBe(600 / packetMs);
    const samples = Array.from({ length: count }, (_, index) => index * frameMs * 16);
    expect(times).toEqual({ engine: samples, client: samples });
    for (const frames of [heard, far]) {
      expect(frames.every(({ length }) => length === client.frameBytes)).toBe(true);
      expect(frames.slice(100 / frameMs).every((one) => loudness(one) > 3000)).toBe(true);
    }
  });

  it("lets nothing wait for a packet to be full: not before a mark, a pause, a goodbye", () => {
    const { time, heard, far, client, session } = call(true, true, { packetMs: 60 });
    session.sendFrame(1, tone(0), 1);
    session.sendMark(1, "m");
    time.settle();
    expect(far).toHaveLength(1);
    for (const index of [1, 2]) session.sendFrame(1, tone(index), 2);
    session.sendFrame(1, tone(3), 3);
    time.settle();
    expect(far).toHaveLength(3);
    time.advance(60);
    expect(far).toHaveLength(4);
    // What a clear overtakes is not sent, what comes behind it is.
    session.sendFrame(1, tone(4), 4);
    session.sendClear(1, 4);
    for (const index of [5, 6, 7]) session.sendFrame(1, tone(index), 5);
    time.settle();
    expect(far).toHaveLength(7);
    client.sendFrame(tone(0));
    time.advance(60);
    expect(heard).toHaveLength(1);
    client.sendFrame(tone(1));
    client.sendDtmf("1");
    time.settle();
    expect(heard).toHaveLength(2);
    client.sendFrame(tone(2));
    client.hangup();
    time.settle();
    expect(heard).toHaveLength(3);
    time.advance(5000);
    expect(time.pendingCount).toBe(0);
  });

  it("says how much later what it sends sounds", () => {
    const { time, session } = call(true, true, { packetMs: 60 });
    // As the wheel sends with a lead of 20 ms: two at once, then one every 20 ms.
    for (const waitMs of [0, 20, 20, 20, 20, 20]) {
      session.sendFrame(1, tone(0), 1);
      time.advance(waitMs);
    }
    expect(session.latencyMs!(1)).toBe(20);
    time.advance(1000);
    // With a lead of 40 a packet is full at once.
    for (let index = 0; index < 3; index++) session.sendFrame(1, tone(index), 2);
    expect(session.latencyMs!(1)).toBe(0);
  });

  it("asks the client for less when its frames come late, and for more once the link is good", () => {
    const { time, changes, asked, heard, wire, client, session } = call(true, true);
    let index = 0;
    const speak = (seconds: number, delayMs: (at: number) => number): void => {
      for (let end = index + seconds * 50; index < end; index++) {
        wire.delayMs = delayMs(index);
        client.sendFrame(tone(index, 5000));
        time.advance(20);
      }
    };
    speak(3, () => 30);
    expect(asked).toEqual([]);
    // A queue on the way that grows by 40 ms a second: no frame overtakes another.
    const from = index;
    speak(6, (at) => 30 + (at - from) * 0.8);
    expect(changes.map(({ level, why, direction }) => [level, why, direction])).toEqual([
      [1, "lateFrames", "in"],
      [2, "lateFrames", "in"],
    ]);
    expect(asked).toMatchObject([
      { bitsPerSecond: 14_000, audioRateHz: 16000, packetMs: 40 },
      { bitsPerSecond: 9000, audioRateHz: 8000, packetMs: 60 },
    ]);
    const rates = { outBitsPerSecond: 20_000, inBitsPerSecond: 9000, changes: 2 };
    expect(session.figures?.(1)).toEqual({ opus: rates });
    const degraded = heard.length;
    speak(2, () => 270);
    // Of a tone of 5 kHz nothing is left at 8 kHz, and the engine has every frame.
    expect(Math.max(...heard.slice(degraded + 25).map(loudness))).toBeLessThan(400);
    speak(16, () => 30);
    expect(changes.slice(2).map(({ level, why }) => [level, why])).toEqual([
      [1, "recovered"],
      [0, "recovered"],
    ]);
    speak(1, () => 30);
    expect(loudness(heard.at(-1)!)).toBeGreaterThan(2000);
    time.advance(100);
    expect(heard).toHaveLength(index);
  });

  it("takes a link that is slower for good, and clocks that drift, for what is usual", () => {
    const { time, changes, wire, client } = call(true, true);
    for (let index = 0; index < 30 * 50; index++) {
      wire.delayMs = index < 500 ? 20 : 50;
      client.sendFrame(tone(index), time.nowMs() - index * 0.004);
      time.advance(20.004);
    }
    expect(changes).toEqual([]);
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
