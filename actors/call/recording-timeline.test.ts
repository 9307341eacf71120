import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import { SharedPages } from "../../base/shared-pages.js";
import { RecordingTimeline, type Channel } from "./recording-timeline.js";

const chunkSamples = 10;
const windowSamples = 40;

const timelineOf = (codec: "pcmu" | "l16", pages = new SharedPages()) =>
  new RecordingTimeline({ codec: codecOf(codec), pages, chunkSamples, windowSamples });

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("the timeline of a recording", () => {
  test("gives a side that never sounded no bytes, and fills up the other with silence", () => {
    const timeline = timelineOf("pcmu");
    timeline.place("callee", 2, bytes(1, 2, 3));
    const chunk = timeline.takeChunk(10);
    expect(chunk).toEqual({
      sampleCount: 10,
      callee: bytes(255, 255, 1, 2, 3, 255, 255, 255, 255, 255),
      agent: undefined,
    });
    expect(timeline.takeChunk(20)).toEqual({
      sampleCount: 10,
      callee: undefined,
      agent: undefined,
    });
  });

  test("lays whole samples of two bytes over the borders of chunks", () => {
    const timeline = timelineOf("l16");
    timeline.place("agent", 9, bytes(1, 2, 3, 4));
    expect(timeline.takeChunk(10)?.agent?.subarray(16)).toEqual(bytes(0, 0, 1, 2));
    expect(timeline.takeRest().agent).toEqual(bytes(3, 4));
  });

  test("counts what comes behind the chunks that are out, or ahead of the window", () => {
    const timeline = timelineOf("pcmu");
    timeline.takeChunk(10);
    timeline.place("callee", 8, bytes(1, 2, 3, 4));
    timeline.place("callee", 49, bytes(5, 6, 7));
    expect(timeline.lateSamples).toBe(4);
    expect(timeline.endSample).toBe(50);
  });

  test("comes out as it was laid, whatever was laid where, in whatever pieces it is taken", () => {
    const placing = fc.record({
      channel: fc.constantFrom<Channel>("callee", "agent"),
      at: fc.nat(30),
      length: fc.integer({ min: 1, max: 25 }),
      value: fc.nat(200),
    });
    fc.assert(
      fc.property(fc.array(placing, { maxLength: 20 }), fc.nat(3), (placings, chunks) => {
        const timeline = timelineOf("pcmu");
        const expected = { callee: new Uint8Array(40).fill(255), agent: new Uint8Array(40) };
        expected.agent.fill(255);
        for (const { channel, at, length, value } of placings) {
          const audio = new Uint8Array(length).fill(value);
          timeline.place(channel, at, audio);
          expected[channel].set(audio.subarray(0, 40 - at), at);
        }
        const taken = Array.from({ length: chunks }, () => timeline.takeChunk(40)!);
        taken.push(timeline.takeRest());
        for (const channel of ["callee", "agent"] as const) {
          const whole = taken.flatMap((chunk) => [
            ...(chunk[channel] ?? new Uint8Array(chunk.sampleCount).fill(255)),
          ]);
          expect(whole).toEqual([...expected[channel].subarray(0, whole.length)]);
          const rest = expected[channel].subarray(whole.length);
          expect(rest.every((value) => value === 255)).toBe(true);
        }
      }),
    );
  });
});
