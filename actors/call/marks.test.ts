/** Marks of a text, as the call reports them when they are heard. */
import { describe, expect, test } from "vitest";
import { castRig } from "../../test/support/cast-rig.js";
import type { Synthesizer } from "../../speech/tts/synthesizer.js";
import { SpeechMarks } from "./speech-marks.js";

const flow = `
id: marks
language: en-US
voice: slt
start: ask
states:
  ask:
    say: '<speak>The price is <mark name="price"/>five dollars.<mark name="end"/></speak>'
    expect: { intents: { confirm: { phrases: ["yes"] } } }
    on: { confirm: bye, otherwise: bye }
  bye: { say: Goodbye., end: done }
`;

const second = { rateHz: 8000, samples: new Int16Array(8000).fill(3000) };

/** A second, the first mark, another second, the last mark. */
const voice: Synthesizer = {
  open(_request, listener) {
    void Promise.resolve().then(() => {
      listener({ kind: "audio", audio: second });
      listener({ kind: "mark", name: "price" });
      listener({ kind: "audio", audio: second });
      listener({ kind: "mark", name: "end" });
      listener({ kind: "end" });
    });
    return { cancel: () => undefined };
  },
};

async function talking() {
  const rig = castRig({ flow, ports: { synthesizer: voice } });
  rig.answer();
  await rig.settle();
  const marks = () => rig.events.flatMap((event) => (event.kind === "mark" ? [event] : []));
  return { rig, marks };
}

describe("marks in a call", () => {
  test("a text with a mark is streamed, and the mark told when it is heard", async () => {
    const { rig, marks } = await talking();
    expect(rig.media).toContainEqual({ kind: "open", utterance: 1 });
    await rig.silence(200);
    rig.started(1);
    await rig.silence(980);
    expect(marks()).toEqual([]);
    await rig.silence(20);
    expect(marks()).toMatchObject([{ name: "price", heardMs: 1000, atMs: 1200 }]);
    await rig.silence(2000);
    expect(marks().map(({ name }) => name)).toEqual(["price", "end"]);
  });

  test("what is cut off before a mark never comes to it", async () => {
    const { rig, marks } = await talking();
    rig.started(1);
    await rig.silence(500);
    rig.ended(1, 500, "cleared");
    await rig.silence(3000);
    expect(marks()).toEqual([]);
  });

  test("a mark that was heard is told at the end, if not before", async () => {
    const { rig, marks } = await talking();
    rig.started(1);
    rig.ended(1, 2000);
    expect(marks().map(({ name }) => name)).toEqual(["price", "end"]);
  });
});

describe("the clock of marks", () => {
  test("stands still while nothing sounds, and goes on where it stood", () => {
    const marks = new SpeechMarks();
    marks.sounds(1, 100, 0);
    marks.add(1, { name: "a", heardMs: 500 });
    expect(marks.nextAtMs).toBe(600);
    marks.paused(1);
    expect(marks.nextAtMs).toBeUndefined();
    expect(marks.due(10_000)).toEqual([]);
    marks.sounds(1, 2000, 300);
    expect(marks.nextAtMs).toBe(2200);
    expect(marks.due(2199)).toEqual([]);
    expect(marks.due(2200)).toEqual([{ name: "a", heardMs: 500 }]);
    expect(marks.due(9000)).toEqual([]);
  });
});
