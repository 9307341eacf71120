import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compiledEntry } from "./compiled-entry.js";
import { createFrameRing, FrameRingReader, FrameRingWriter, recordBytes } from "./frame-ring.js";

const head = (slot: number, sequence = 0) => ({
  slot,
  sequence,
  flags: 0,
  mediaSamples: sequence * 160,
  atMs: sequence / 2,
});

function ring(bytes = 1024) {
  const memory = createFrameRing({ bytes, incarnation: 7 });
  return { writer: new FrameRingWriter(memory), reader: new FrameRingReader(memory), memory };
}

test("gives back every frame in order, whole, whatever the sizes and however it wraps", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), fc.boolean()), { maxLength: 300 }), (script) => {
      const { writer, reader } = ring(2048);
      const expected: string[] = [];
      const seen: string[] = [];
      const take = () =>
        reader.drain((f) => seen.push(`${f.sequence}:${f.mediaSamples}:${f.payload.join()}`), 5);
      script.forEach(([size, drainNow], sequence) => {
        const payload = Uint8Array.from({ length: size }, (_, i) => (i * 31 + sequence) & 255);
        if (writer.write(head(1, sequence), payload)) {
          expected.push(`${sequence}:${sequence * 160}:${payload.join()}`);
        }
        if (drainNow) take();
      });
      while (take() > 0);
      expect(seen).toEqual(expected);
      expect(writer.counters()).toEqual({
        written: expected.length,
        dropped: script.length - expected.length,
      });
    }),
  );
});

test("touches no more of its memory than what waited at once, however much passes", () => {
  const { writer, reader, memory } = ring(1 << 20);
  const payload = new Uint8Array(160).fill(255);
  let seen = 0;
  for (let sequence = 0; sequence < 20_000; sequence += 1) {
    writer.write(head(1, sequence), payload);
    if (sequence % 10 === 9) reader.drain((frame) => (seen += frame.payload[159]! & 1), 100);
  }
  expect(seen).toBe(20_000);
  const touched = new Uint8Array(memory).findLastIndex((byte) => byte !== 0);
  expect(touched).toBeLessThan(80 * 1024);
});

test("a new reader finds what waits where the ring began anew", () => {
  const { writer, reader, memory } = ring(1 << 20);
  const payload = new Uint8Array(160);
  for (let sequence = 0; sequence < 1000; sequence += 1) {
    writer.write(head(1, sequence), payload);
    if (sequence < 998) reader.drain(() => undefined, 1);
  }
  const waiting: number[] = [];
  new FrameRingReader(memory).drain((frame) => waiting.push(frame.sequence), 10);
  expect(waiting).toEqual([998, 999]);
});

test("refuses and counts what does not fit, and keeps what was there", () => {
  const { writer, reader } = ring(1024);
  const payload = new Uint8Array(160);
  const fit = Math.floor(1024 / recordBytes(160));
  for (let i = 0; i < fit; i += 1) expect(writer.write(head(1, i), payload)).toBe(true);
  expect(writer.write(head(1, 99), payload)).toBe(false);
  expect(reader.droppedCount).toBe(1);
  const sequences: number[] = [];
  reader.drain((frame) => sequences.push(frame.sequence), 100);
  expect(sequences).toEqual(Array.from({ length: fit }, (_, i) => i));
});

test("frees a frame whose visitor throws, and goes on with the next", () => {
  const { writer, reader } = ring();
  writer.write(head(1, 1), new Uint8Array(8));
  writer.write(head(1, 2), new Uint8Array(8));
  expect(() =>
    reader.drain(() => {
      throw new Error("poison");
    }, 10),
  ).toThrow("poison");
  const sequences: number[] = [];
  reader.drain((frame) => sequences.push(frame.sequence), 10);
  expect(sequences).toEqual([2]);
});

test("rings the doorbell once per sleep, and never sleeps over a waiting frame", () => {
  const { writer, reader } = ring();
  expect(reader.sleep()).toBe(true);
  writer.write(head(1), new Uint8Array(8));
  expect(writer.takeDoorbell()).toBe(true);
  expect(writer.takeDoorbell()).toBe(false);
  expect(reader.sleep()).toBe(false);
  reader.drain(() => undefined, 10);
  expect(reader.sleep()).toBe(true);
});

test("goes on across the 32-bit wrap of its counters", () => {
  const { writer, reader, memory } = ring(1024);
  const control = new Int32Array(memory, 0, 8);
  control[0] = control[1] = -2048; // 2 KiB before the wrap, as unsigned
  for (let i = 0; i < 100; i += 1) {
    expect(writer.write(head(1, i), new Uint8Array(160).fill(i))).toBe(true);
    reader.drain((frame) => {
      expect(frame.sequence).toBe(i);
      expect(frame.payload[159]).toBe(i);
    }, 1);
  }
});

test("carries 200 000 frames between two threads without loss or tearing", async () => {
  const { memory, reader } = ring(1 << 16);
  const frames = 200_000;
  const ringUrl = compiledEntry("base/frame-ring.js").href;
  const source = `
    const { workerData } = require("node:worker_threads");
    import(${JSON.stringify(ringUrl)}).then(({ FrameRingWriter }) => {
      const writer = new FrameRingWriter(workerData);
      const payload = new Uint8Array(160);
      const head = { slot: 1, sequence: 0, flags: 0, mediaSamples: 0, atMs: 0 };
      for (let i = 0; i < ${frames}; i += 1) {
        payload.fill(i & 255); head.sequence = i;
        while (!writer.write(head, payload));
      }
    });`;
  const worker = new Worker(source, { eval: true, workerData: memory });
  let next = 0;
  let torn = 0;
  while (next < frames) {
    const count = reader.drain((frame) => {
      if (frame.sequence !== next || frame.payload.some((byte) => byte !== (next & 255))) torn += 1;
      next += 1;
    }, 1000);
    if (count === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await worker.terminate();
  expect({ next, torn }).toEqual({ next: frames, torn: 0 });
});

test("refuses a size that is no power of two, and says what is right", () => {
  expect(() => createFrameRing({ bytes: 3000, incarnation: 1 })).toThrow(/power of two/);
});
