/** Who of a call hears what is made of its audio, and who hears it as it came. */
import { describe, expect, test } from "vitest";
import { castRig } from "../../test/support/cast-rig.js";
import type { NoiseSuppression } from "../../speech/hearing/noise-suppressor.js";

const flow = `
id: hearing
language: en-US
voice: slt
start: ask
states:
  ask:
    say: Yes or no?
    expect: { intents: { confirm: { phrases: ["yes"] } } }
    on: { confirm: bye, otherwise: bye }
  bye: { say: Goodbye., end: done }
`;

/** Takes all sound away: nobody who hears it hears speech. */
function deafening() {
  const asked = { streams: 0, closed: 0, frames: 0 };
  const noise: NoiseSuppression = {
    create() {
      asked.streams += 1;
      return {
        delayMs: 0,
        process(frame) {
          asked.frames += 1;
          return new Int16Array(frame.length);
        },
        close: () => void (asked.closed += 1),
      };
    },
  };
  return { asked, noise };
}

const asksFor = { suppressesNoise: true, normalisesLevel: false };

describe("noise suppression in a call", () => {
  test("without being asked for it does not exist: the caller is heard as ever", async () => {
    const { asked, noise } = deafening();
    const rig = castRig({ flow, ports: { noise } });
    rig.answer();
    await rig.hearAll();
    await rig.talk(600);
    expect(asked.streams).toBe(0);
    expect(rig.streams).toHaveLength(1);
  });

  test("asked for, it stands before VAD and recogniser, and not before the recording", async () => {
    const { asked, noise } = deafening();
    const rig = castRig({ flow, ports: { noise }, hearing: asksFor });
    rig.answer();
    await rig.hearAll();
    await rig.talk(600);
    await rig.silence(1500);
    expect(asked.frames).toBe(2100 / 20);
    expect(rig.streams).toHaveLength(0);
    rig.closeLeg();
    await rig.settle();
    expect(asked.closed).toBe(asked.streams);
    const callee = rig.chunks.flatMap((chunk) => [...(chunk.callee ?? [])]);
    expect(callee.filter((byte) => (byte & 0x7f) === 0)).toHaveLength((600 / 20) * 160);
  });

  test("one that cannot be had is reported once, and the call hears without it", async () => {
    const noise: NoiseSuppression = {
      create() {
        throw new Error("no memory");
      },
    };
    const rig = castRig({ flow, ports: { noise }, hearing: asksFor });
    rig.answer();
    await rig.hearAll();
    await rig.talk(600);
    expect(rig.events.filter(({ kind }) => kind === "trouble")).toHaveLength(1);
    expect(rig.streams).toHaveLength(1);
  });
});
