import { describe, expect, test } from "vitest";
import { stereoOf } from "../../test/support/cast-rig.js";
import { answerWith, greetingFlow, rig } from "../../test/support/greeting-call.js";

describe("a call whose shard was lost", () => {
  /** A call up to its second question, and what the ledger has of it. */
  async function lostAfterFirstAnswer(options: Parameters<typeof rig>[0] = {}) {
    const first = rig(options);
    first.answer();
    await first.hearAll();
    await answerWith(first, "yes");
    expect(first.states().at(-1)).toBe("offer");
    return first.memories.at(-1)!;
  }

  test("goes on listening where it was, while the prompt plays on without it", async () => {
    const memory = await lostAfterFirstAnswer();
    const call = rig({ memory });
    call.adopt({ playing: [2], lastUtterance: 2, isStreamCut: false });
    expect(call.media).toEqual([]);
    call.ended(2);
    await answerWith(call, "yes");
    await call.hearAll();
    await call.settle();
    expect(call.said()).toEqual(["Thank you."]);
    expect(call.outcome()).toBe("sold");
    expect(call.events.some(({ kind }) => kind === "answered")).toBe(false);
  });

  test("says again what was never said, or was cut off", async () => {
    const memory = await lostAfterFirstAnswer();
    for (const adoption of [
      { playing: [], lastUtterance: 1, isStreamCut: false },
      { playing: [], lastUtterance: 2, isStreamCut: true },
    ]) {
      const call = rig({ memory });
      call.adopt(adoption);
      await call.hearAll();
      expect(call.said()).toEqual(["We have an offer for you. Do you want it?"]);
      // A number that was not used before: a late clear of the old life cannot hit it.
      expect(call.media).toMatchObject([{ kind: "play", utterance: 3 }]);
    }
  });

  const onResume = (what: string): string =>
    greetingFlow.replace("start: greeting", `start: greeting\ndefaults: { onResume: ${what} }`);

  test("bridges the gap as its flow says, if the caller may have noticed one", async () => {
    const flow = onResume("{ say: Sorry for the break. }");
    const memory = await lostAfterFirstAnswer({ flow });
    const noticed = rig({ flow, memory });
    noticed.adopt({ playing: [], lastUtterance: 2, isStreamCut: false });
    await noticed.hearAll();
    expect(noticed.said()).toEqual([
      "Sorry for the break.",
      "We have an offer for you. Do you want it?",
    ]);
    const sounding = rig({ flow, memory });
    sounding.adopt({ playing: [2], lastUtterance: 2, isStreamCut: false });
    sounding.ended(2);
    await sounding.hearAll();
    expect(sounding.said()).toEqual([]);
  });

  test("goes elsewhere as its flow says, and what sounded of the old state is silenced", async () => {
    const flow = onResume("{ then: bye }");
    const memory = await lostAfterFirstAnswer({ flow });
    const call = rig({ flow, memory });
    call.adopt({ playing: [2], lastUtterance: 2, isStreamCut: false });
    expect(call.media).toMatchObject([
      { kind: "clear", utterance: 2 },
      { kind: "play", utterance: 3 },
    ]);
    expect(call.memories.at(-1)!.snapshot!.state).toBe("bye");
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("refused");
  });

  test("does not ask for what was answered, nor skip what was not", async () => {
    const memory = await lostAfterFirstAnswer();
    const call = rig({ memory });
    call.adopt({ playing: [], lastUtterance: 2, isStreamCut: false });
    await answerWith(call, "no");
    await call.hearAll();
    await call.settle();
    expect(call.states()).toEqual(["offer", "bye"]);
    expect(call.outcome()).toBe("refused");
  });

  test("takes the keys that its shard had not come to, each of them once", async () => {
    const first = rig();
    first.answer();
    await first.hearAll();
    first.directory.call.tell({ kind: "keypad", digit: "1", number: 1 });
    await first.settle();
    const memory = first.memories.at(-1)!;
    expect(memory).toMatchObject({ lastKey: 1 });
    const call = rig({ memory });
    const keys = [
      { digit: "1", number: 1 },
      { digit: "2", number: 2 },
    ];
    call.adopt({ playing: [2], lastUtterance: 2, isStreamCut: false, keys });
    // The gateway's own message, should it come all the same.
    call.directory.call.tell({ kind: "keypad", ...keys[1]! });
    await call.hearAll();
    await call.settle();
    expect(call.states()).toEqual(["offer", "bye"]);
    expect(call.events.filter(({ kind }) => kind === "keypad")).toHaveLength(1);
    expect(call.outcome()).toBe("refused");
  });

  test("knows of every utterance that may have been heard, also where audio came in between", async () => {
    const call = rig();
    const unknown: unknown[] = [];
    const push = call.media.push.bind(call.media);
    call.media.push = (...actions) => {
      for (const action of actions) {
        const known = call.memories.at(-1)?.lastUtterance ?? 0;
        if (action.kind === "play" && action.utterance > known) unknown.push({ action, known });
      }
      return push(...actions);
    };
    call.answer();
    await call.hearAll();
    // The MediaLeg has its turn before the Call.
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 1, utterance: 1 });
    call.directory.dialog!.tell({ kind: "keypad", digit: "1" });
    await call.hearAll();
    expect(call.said()).toHaveLength(2);
    expect(unknown).toEqual([]);
  });

  test("ends when its leg is gone meanwhile, and when it never comes", async () => {
    const memory = await lostAfterFirstAnswer();
    const gone = rig({ memory });
    gone.closeLeg();
    await gone.settle();
    expect(gone.outcome()).toBe("hangup");
    const never = rig({ memory });
    never.time.advance(30_000);
    expect(never.outcome()).toBe("no_answer");
  });

  test("its recording goes on behind what was stored, with silence between", async () => {
    const first = rig();
    first.answer();
    await first.talk(2500);
    const memory = first.memories.at(-1)!;
    const stored = first.chunks.length;
    expect(stored).toBe(1);
    const second = rig({ memory, ports: { recordedChunks: () => Promise.resolve(stored) } });
    second.time.advance(3000);
    second.adopt({ playing: [], lastUtterance: 1, isStreamCut: false });
    await second.settle();
    await second.skipMedia(3000);
    await second.talk(1500);
    second.closeLeg();
    await second.settle();
    expect(second.chunks.map(({ index }) => index)).toEqual(
      second.chunks.map((_, index) => stored + index),
    );
    const left = second.chunks.flatMap((chunk) =>
      Array.from(stereoOf(chunk)).filter((_, index) => index % 2 === 0),
    );
    // The first chunk lies at 1 s of the call; we took over at 3 s: two seconds of silence.
    expect(left.findIndex((value) => Math.abs(value) > 1000) / 8).toBeCloseTo(2000, -2);
  });
});
