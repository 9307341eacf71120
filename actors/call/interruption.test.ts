import { describe, expect, test } from "vitest";
import { greetingFlow, rig } from "../../test/support/greeting-call.js";

describe("interruption", () => {
  test("makes us wait within 240 ms, silences us when it lasts, and is heard from its onset", async () => {
    const call = rig();
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(240);
    expect(call.media.at(-1)).toEqual({ kind: "hold" });
    await call.talk(380);
    expect(call.media.at(-1)).toEqual({ kind: "clear", utterance: 1 });
    expect(call.events).toContainEqual(expect.objectContaining({ kind: "interrupted" }));
    call.ended(1, 500, "cleared");
    await call.talk(200);
    await call.silence(500);
    call.streams.at(-1)!.final("no");
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Goodbye.");
    // From the onset on, with the lead-in before it.
    expect(call.streams[0]!.samples).toBeGreaterThan((820 * 8000) / 1000);
  });

  test("that was short lets us go on where we were; its words can make it one all the same", async () => {
    const call = rig();
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(300);
    await call.silence(200);
    expect(call.media.slice(-2)).toEqual([{ kind: "hold" }, { kind: "release" }]);
    await call.silence(500);
    await call.talk(300);
    call.streams.at(-1)!.emit({ kind: "partial", text: "no", isComplete: true });
    call.time.settle();
    await call.silence(200);
    expect(call.media.slice(-2)).toEqual([{ kind: "hold" }, { kind: "clear", utterance: 1 }]);
  });

  test("of a prompt that ends just then holds nothing that is said later", async () => {
    const call = rig();
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(300);
    expect(call.media.at(-1)).toEqual({ kind: "hold" });
    // It was on its way to the ear already.
    call.ended(1);
    call.time.settle();
    expect(call.media.at(-1)).toEqual({ kind: "release" });
    await call.talk(200);
    await call.silence(900);
    call.streams.at(-1)!.final("no");
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Goodbye.");
    expect(call.media.filter(({ kind }) => kind === "hold")).toHaveLength(1);
  });

  test('by "okay" is none, however it is said', async () => {
    const call = rig();
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(300);
    call.streams.at(-1)!.emit({ kind: "partial", text: "okay", isComplete: false });
    call.time.settle();
    await call.talk(500);
    await call.silence(200);
    expect(call.media.slice(-2)).toEqual([{ kind: "hold" }, { kind: "release" }]);
  });

  test('by an "um" inside an answer is none: what follows is heard by itself', async () => {
    const call = rig({ takesPhrasesOnly: true });
    call.answer();
    await call.hearAll();
    await call.silence(800);
    await call.talk(300);
    await call.silence(300);
    await call.talk(300);
    expect(call.streams).toHaveLength(2);
    expect(call.streams[0]!.isFinished).toBe(true);
    call.streams[0]!.final("", true);
    call.streams[1]!.emit({ kind: "partial", text: "yes please", isComplete: true });
    call.time.settle();
    await call.silence(300);
    expect(call.streams[1]!.isFinished).toBe(true);
    call.streams[1]!.final("yes please");
    call.time.settle();
    expect(call.states()).toEqual(["greeting", "offer"]);
    expect(call.events).toContainEqual(
      expect.objectContaining({ kind: "transcript", side: "callee", text: "yes please" }),
    );
  });

  test("a cough neither silences us nor becomes an answer", async () => {
    const call = rig();
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(100);
    await call.silence(600);
    expect(call.media.filter((entry) => entry.kind === "clear")).toEqual([]);
    expect(call.streams.every((stream) => stream.isCancelled)).toBe(true);
    call.ended(1);
    expect(call.states()).toEqual(["greeting"]);
  });

  test("takes as long as the flow says", async () => {
    const call = rig({ flow: greetingFlow.replace("turns: {", "turns: { bargeInSureMs: 1000,") });
    call.answer();
    call.started(1);
    await call.silence(300);
    await call.talk(980);
    expect(call.media.at(-1)).toEqual({ kind: "hold" });
    await call.talk(40);
    expect(call.media.at(-1)).toEqual({ kind: "clear", utterance: 1 });
  });
});
