/**
 * Question: what does a frame cost on the ring between gateway and shard, each side alone?
 *
 * Both ends in one thread, so that neither waits for the other: batches are written, then drained.
 */
import { createFrameRing, FrameRingReader, FrameRingWriter } from "../../base/frame-ring.js";
import { defineBench, type Progress } from "../support/bench.js";
import { formatMicro, microOptions, runMicro, type MicroCase } from "../support/micro.js";

/** 20 ms of μ-law at 8 kHz, of L16 at 8 and at 16 kHz. */
const frameSizes = [160, 320, 640];

export function ringBench(values: { readonly seconds: number }, progress: Progress) {
  return runMicro("ring", frameSizes.flatMap(ringCases), values, progress);
}

function ringCases(bytes: number): MicroCase[] {
  const memory = createFrameRing({ bytes: 2 ** 20, incarnation: 1 });
  const writer = new FrameRingWriter(memory);
  const reader = new FrameRingReader(memory);
  const payload = new Uint8Array(bytes).fill(0x55);
  const head = { slot: 7, sequence: 0, flags: 0, mediaSamples: 0, atMs: 0 };
  const passed = (count: number): number => {
    for (let sequence = 0; sequence < count; sequence += 1) {
      head.sequence = sequence;
      writer.write(head, payload);
    }
    let sum = 0;
    reader.drain((frame) => (sum += frame.sequence + frame.payload[0]!), count);
    return sum;
  };
  return [{ name: `${bytes} bytes written and read`, work: passed }];
}

export const ring = defineBench({
  name: "ring",
  question: "what does a frame cost on the ring between gateway and shard?",
  options: microOptions,
  run: async (values, progress) => Promise.resolve(ringBench(values, progress)),
  format: formatMicro,
});
