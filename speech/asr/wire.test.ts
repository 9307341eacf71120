import fc from "fast-check";
import { expect, test } from "vitest";
import { RecognitionError } from "./recognizer.js";
import {
  decodeAudio,
  decodeValue,
  encodeAudio,
  encodeMessage,
  headerBytes,
  MessageReader,
  payloadBytesMax,
  type Message,
} from "./wire.js";

test("a message is length, type, stream and msgpack, little-endian", () => {
  const bytes = encodeMessage(1, 0x01020304, { rateHz: 8000 });
  const header = "0b000000" + "01" + "04030201";
  expect(Buffer.from(bytes).toString("hex")).toBe(header + "81a672617465487acd1f40");
});

test("messages arrive whole and in order, however the bytes are split", () => {
  const message = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    streamId: fc.integer({ min: 0, max: 0xffff_ffff }),
    value: fc.oneof(fc.string(), fc.integer(), fc.constant(undefined)),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (messages, sizes) => {
        const bytes = Buffer.concat(
          messages.map(({ type, streamId, value }) => encodeMessage(type, streamId, value)),
        );
        const reader = new MessageReader();
        const seen: { type: number; streamId: number; value: unknown }[] = [];
        const receive = ({ type, streamId, payload }: Message): void => {
          const value = payload.length === 0 ? undefined : decodeValue(payload);
          seen.push({ type, streamId, value });
        };
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          reader.read(bytes.subarray(at, at + size), receive);
          at += size;
        }
        expect(seen).toEqual(messages);
      },
    ),
  );
});

test("samples survive, also from an odd offset of a larger buffer", () => {
  fc.assert(
    fc.property(fc.int16Array(), fc.integer({ min: 0, max: 3 }), (samples, offset) => {
      const message = encodeAudio(5, samples);
      const shifted = Buffer.alloc(offset + message.length);
      shifted.set(message, offset);
      const payload = shifted.subarray(offset + headerBytes);
      expect(decodeAudio(payload)).toEqual(samples);
    }),
  );
});

test("a length over the limit is refused before anything is kept", () => {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(payloadBytesMax + 1, 0);
  expect(() => new MessageReader().read(header, () => undefined)).toThrow(
    /payload of 1048577 bytes, at most 1048576/,
  );
});

test("half a sample and broken msgpack are protocol errors", () => {
  expect(() => decodeAudio(new Uint8Array(3))).toThrow(RecognitionError);
  expect(() => decodeValue(Uint8Array.of(0xc1))).toThrow(RecognitionError);
  expect(() => decodeValue(new Uint8Array(0))).toThrow(RecognitionError);
});

test("random bytes end in a protocol error or in nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        new MessageReader().read(bytes, ({ payload }) => void decodeValue(payload));
      } catch (error) {
        expect((error as RecognitionError).code).toBe("RECOGNITION_PROTOCOL");
      }
    }),
    { numRuns: 1000 },
  );
});
