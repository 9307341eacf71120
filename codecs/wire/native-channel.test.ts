import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_NATIVE_LIMITS,
  NativeChannel,
  newNativeStream,
  type NativePacking,
  type NativeReceiver,
} from "./native-channel.js";
import { isProtocolError } from "./protocol-error.js";

const format = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;
const frame = new Uint8Array(160).fill(7);
const recordBytes = 24 + 160;

/** A channel that packs, what it sent, and how often it asked to be flushed. */
function sender(limits = DEFAULT_NATIVE_LIMITS, isDrained = true) {
  const sent: Uint8Array[] = [];
  const state = { asked: 0 };
  const packing: NativePacking = { packed: () => (state.asked += 1), isDrained: () => isDrained };
  const send = (message: Uint8Array): void => void sent.push(new Uint8Array(message));
  const channel = new NativeChannel({ send, limits, agent: "test", packing });
  return { channel, sent, state };
}

/** A channel that knows these streams, and what it was told. */
function receiver(streamIds: readonly number[], streamBroke?: NativeReceiver["streamBroke"]) {
  const told: string[] = [];
  const channel = new NativeChannel({
    send: () => undefined,
    limits: DEFAULT_NATIVE_LIMITS,
    agent: "test",
  });
  for (const id of streamIds) channel.streams.set(id, newNativeStream(id, format));
  const sink: NativeReceiver = {
    audio: (stream, header, message) =>
      void told.push(`audio ${stream.id} ${message[header.payloadOffset]}`),
    control: ({ name }, { streamId }) => void told.push(`${name} ${streamId}`),
    ...(streamBroke === undefined ? {} : { streamBroke }),
  };
  return { channel, told, take: (message: Uint8Array) => channel.receive(message, sink) };
}

/** Both ends have said hello. */
function pair(streamIds: readonly number[], streamBroke?: NativeReceiver["streamBroke"]) {
  const from = sender();
  const to = receiver(streamIds, streamBroke);
  const streams = streamIds.map((id) => newNativeStream(id, format));
  from.channel.sendHello();
  to.take(from.sent[0]!);
  const noOne: NativeReceiver = { audio: () => undefined, control: () => undefined };
  from.channel.receive(from.sent[0]!, noOne);
  from.sent.length = 0;
  return { from, to, streams };
}

describe("packing", () => {
  it("sends the frames of many streams as one message, and asks once to be flushed", () => {
    const { from, to, streams } = pair([1, 2, 3]);
    from.state.asked = 0;
    for (const stream of streams) from.channel.sendAudio(stream, frame, 1, 0);
    expect([from.sent.length, from.state.asked]).toEqual([0, 1]);
    from.channel.flush();
    from.channel.flush();
    expect(from.sent.map(({ length }) => length)).toEqual([3 * recordBytes]);
    to.take(from.sent[0]!);
    expect(to.told).toEqual(["hello 0", "audio 1 7", "audio 2 7", "audio 3 7"]);
  });

  it("sends a control record at once, behind what is packed", () => {
    const { from, to, streams } = pair([1]);
    from.channel.sendAudio(streams[0]!, frame, 1, 0);
    from.channel.sendControl("mark", streams[0], { name: "u1" }, { utterance: 1 });
    expect(from.sent).toHaveLength(1);
    to.take(from.sent[0]!);
    expect(to.told.slice(1)).toEqual(["audio 1 7", "mark 1"]);
  });

  it("keeps each message within what the peer takes, and within 1024 bytes before its hello", () => {
    const silent = sender();
    const stream = newNativeStream(1, format);
    for (let index = 0; index < 40; index += 1) silent.channel.sendAudio(stream, frame, 1, 0);
    silent.channel.flush();
    expect(Math.max(...silent.sent.map(({ length }) => length))).toBe(5 * recordBytes);
    const { from, streams } = pair([1]);
    for (let index = 0; index < 1000; index += 1) from.channel.sendAudio(streams[0]!, frame, 1, 0);
    from.channel.flush();
    const lengths = from.sent.map(({ length }) => length);
    expect(Math.max(...lengths)).toBe(Math.floor(65_536 / recordBytes) * recordBytes);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(1000 * recordBytes);
  });

  it("uses the memory of a message again only when the system has it", () => {
    for (const isDrained of [true, false]) {
      const buffers = new Set<ArrayBufferLike>();
      const channel = new NativeChannel({
        send: ({ buffer }) => void buffers.add(buffer),
        limits: DEFAULT_NATIVE_LIMITS,
        agent: "test",
        packing: { packed: () => undefined, isDrained: () => isDrained },
      });
      const stream = newNativeStream(1, format);
      for (let index = 0; index < 5; index += 1) {
        channel.sendAudio(stream, frame, 1, 0);
        channel.flush();
      }
      expect(buffers.size).toBe(isDrained ? 1 : 5);
    }
  });
});

describe("a packed message with faults in it", () => {
  /** Two frames of stream 1, two of stream 2, in turns. */
  const packed = (from: ReturnType<typeof sender>, ids: ReturnType<typeof pair>["streams"]) => {
    for (let index = 0; index < 2; index += 1) {
      for (const stream of ids) from.channel.sendAudio(stream, frame, 1, index * 160);
    }
    from.channel.flush();
    return from.sent.pop()!;
  };

  it("costs the stream whose record is wrong, and no other, wherever it is told apart", () => {
    const broken: number[] = [];
    const { from, to, streams } = pair([1, 2], ({ streamId }) => broken.push(streamId) > 0);
    const message = packed(from, streams);
    // The sequence number of the first record, which is of stream 1.
    message[8] = 99;
    to.take(message);
    expect(broken).toContain(1);
    expect(broken).not.toContain(2);
    expect(to.told.filter((one) => one.startsWith("audio 2"))).toHaveLength(2);
  });

  it("is understood or refused with an error of the protocol, whatever its bytes are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(735), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(736),
        fc.boolean(),
        (edits, length, isTrunk) => {
          const { from, to, streams } = pair([1, 2], isTrunk ? () => true : undefined);
          const message = packed(from, streams);
          for (const [at, value] of edits) message[at] = value;
          try {
            to.take(message.subarray(0, length));
          } catch (error) {
            expect(isProtocolError(error), String(error)).toBe(true);
          }
          // No fault makes more of it than was sent.
          expect(to.told.length).toBeLessThanOrEqual(1 + 4 + 736 / 24);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
