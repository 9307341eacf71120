import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActorRef } from "../kernel/index.js";
import type { AudioFrame } from "./audio-frame.js";
import type { RecorderMessage } from "./messages.js";
import { RecordedFrames } from "./recorded-frames.js";

const frameMs = 20;
const frameSamples = 160;

type Piece = { readonly bytes: number[]; readonly mediaSamples: number; readonly atMs: number };

/** A leg of G.711 and what its recorder was lent, behind the first frame of all. */
function leg() {
  const frames = new RecordedFrames({ rateHz: 8000, bytesPerSample: 1 });
  const pieces: Piece[] = [];
  const recorder = {
    lend({ payload, mediaSamples, atMs }: AudioFrame) {
      pieces.push({ bytes: [...payload], mediaSamples, atMs });
      return "delivered";
    },
  } as unknown as ActorRef<RecorderMessage>;
  const hear = (index: number, atMs: number, samples = frameSamples): void => {
    const payload = new Uint8Array(samples).fill(index);
    frames.hear({ kind: "audio", payload, mediaSamples: index * frameSamples, atMs }, recorder);
  };
  hear(-1, 980);
  const first = pieces.shift();
  return { frames, recorder, pieces, hear, first };
}

describe("what the recorder is lent", () => {
  it("is the first frame at once: the recording begins there", () => {
    expect(leg().first).toMatchObject({ mediaSamples: -frameSamples, atMs: 980 });
  });

  it("is five frames at a time, with the place of the first and the instant of the last", () => {
    const { hear, pieces } = leg();
    for (let index = 0; index < 10; index += 1) hear(index, 1000 + index * frameMs);
    expect(pieces.map(({ mediaSamples }) => mediaSamples)).toEqual([0, 800]);
    expect(pieces.map(({ atMs }) => atMs)).toEqual([1080, 1180]);
    expect(pieces[1]!.bytes).toHaveLength(5 * frameSamples);
  });

  it("was read as soon as the quickest of its frames says", () => {
    const { hear, pieces } = leg();
    const lateMs = [12, 0, 30, 4, 25];
    lateMs.forEach((ms, index) => hear(index, 1000 + index * frameMs + ms));
    expect(pieces[0]!.atMs).toBe(1080);
  });

  it("ends where audio is missing, came too late, or too soon after a stall", () => {
    const { hear, pieces, frames, recorder } = leg();
    hear(0, 1000);
    hear(2, 1040);
    hear(3, 1060 + 600);
    hear(4, 1080 + 40);
    frames.flush(recorder);
    expect(pieces.map(({ mediaSamples }) => mediaSamples / frameSamples)).toEqual([0, 2, 3, 4]);
    expect(pieces.map(({ atMs }) => atMs)).toEqual([1000, 1040, 1660, 1120]);
  });

  it("is a frame of its own where that is longer than half a piece", () => {
    const { hear, pieces } = leg();
    hear(0, 1000);
    hear(1, 1060, 480);
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual([160, 480]);
  });

  it("is nothing while there is no recorder, and nothing old when there is one", () => {
    const { hear, pieces, frames } = leg();
    hear(0, 1000);
    const payload = new Uint8Array(frameSamples);
    frames.hear({ kind: "audio", payload, mediaSamples: 160, atMs: 1020 }, undefined);
    for (let index = 2; index < 7; index += 1) hear(index, 1000 + index * frameMs);
    expect(pieces.map(({ mediaSamples }) => mediaSamples)).toEqual([320]);
  });

  it("is every byte once and in order, however the frames come", () => {
    const gap = fc.record({ skip: fc.boolean(), lateMs: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(gap, { minLength: 1, maxLength: 60 }), (gaps) => {
        const { hear, pieces, frames, recorder } = leg();
        const sent: number[] = [];
        let index = 0;
        for (const { skip, lateMs } of gaps) {
          index += skip ? 2 : 1;
          sent.push(index);
          hear(index, 1000 + index * frameMs + lateMs);
        }
        frames.flush(recorder);
        const got = pieces.flatMap(({ bytes, mediaSamples }) => {
          const first = mediaSamples / frameSamples;
          const count = bytes.length / frameSamples;
          return Array.from({ length: count }, (_, nth) => {
            const isWhole = bytes.slice(nth * frameSamples, (nth + 1) * frameSamples);
            return isWhole.every((byte) => byte === first + nth) ? first + nth : -1;
          });
        });
        expect(got).toEqual(sent);
      }),
    );
  });
});
