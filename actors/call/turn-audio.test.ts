import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TurnAudio } from "./turn-audio.js";

const rateHz = 8000;
const frameSamples = 160;

/** The nth frame of a leg: every sample tells which it is. */
function frameOf(index: number): Int16Array {
  return Int16Array.from({ length: frameSamples }, (_, at) => (index * frameSamples + at) % 30_000);
}

/** A leg that hears frames; what its recogniser got, piece by piece. */
function leg(batchMs: number) {
  const audio = new TurnAudio({ rateHz, historyMs: 760, batchMs });
  const pieces: number[][] = [];
  let heard = 0;
  const take = (piece: { samples: Int16Array } | undefined): void => {
    if (piece !== undefined) pieces.push([...piece.samples]);
  };
  return {
    audio,
    pieces,
    take,
    hear: (frames: number): void => {
      for (let count = 0; count < frames; count += 1) {
        const frame = frameOf(heard++);
        audio.hear(frame);
        take(audio.due(frame));
      }
    },
  };
}

describe("the audio of a turn", () => {
  it("comes whole and in order, whatever the recogniser sends at once", () => {
    const batches = fc.constantFrom(0, 20, 60, 100, 160, 1000);
    fc.assert(
      fc.property(batches, fc.nat(40), fc.nat(60), fc.nat(50), (batchMs, lead, openMs10, rest) => {
        const { audio, pieces, take } = leg(batchMs);
        for (let index = 0; index < lead; index += 1) audio.hear(frameOf(index));
        take(audio.open(1, openMs10 * 10));
        const first = pieces[0]!.length;
        const before = lead * frameSamples;
        for (let index = lead; index < lead + rest; index += 1) {
          audio.hear(frameOf(index));
          take(audio.due(frameOf(index)));
        }
        take(audio.close());
        const expected = Array.from(
          { length: first + rest * frameSamples },
          (_, at) => (before - first + at) % 30_000,
        );
        expect(pieces.flat()).toEqual(expected);
      }),
    );
  });

  it("is handed over with the very frame that fills what the recogniser sends", () => {
    const { audio, pieces, take, hear } = leg(100);
    hear(7);
    expect(pieces).toEqual([]);
    take(audio.open(1, 140));
    // 140 ms: the recogniser has sent 100, and waits for 60 more.
    hear(2);
    expect(pieces).toHaveLength(1);
    hear(1);
    expect(pieces.map(({ length }) => length)).toEqual([1120, 480]);
    hear(5);
    expect(pieces.map(({ length }) => length)).toEqual([1120, 480, 800]);
  });

  it("is handed over frame by frame to a recogniser that does not gather", () => {
    const { audio, pieces, take, hear } = leg(0);
    take(audio.open(1, 0));
    hear(3);
    expect(pieces.map(({ length }) => length)).toEqual([0, 160, 160, 160]);
  });

  it("is nobody's between two turns", () => {
    const { audio, pieces, take, hear } = leg(100);
    take(audio.open(1, 0));
    hear(2);
    audio.close();
    hear(20);
    take(audio.open(2, 20));
    expect(pieces.map(({ length }) => length)).toEqual([0, 160]);
    expect(audio.close()).toBeUndefined();
  });
});
