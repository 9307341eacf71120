import { describe, expect, test } from "vitest";
import { EngineError } from "../../base/errors.js";
import { offlineText } from "../../dialog/offline-texts.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import { stereoOf } from "../../test/support/cast-rig.js";
import { answerWith, rig } from "../../test/support/greeting-call.js";

const language = "en-US";
const offlineId = promptId({ text: offlineText(language), voice: "slt", language });

describe("a call", () => {
  test("speaks, listens, follows the flow and ends with the flow's outcome", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await answerWith(call, "yes");
    await call.hearAll();
    await answerWith(call, "yes");
    await call.hearAll();
    await call.settle();
    expect(call.said()).toEqual([
      "Hello. Do you have a minute?",
      "We have an offer for you. Do you want it?",
      "Thank you.",
    ]);
    expect(call.states()).toEqual(["greeting", "offer", "sold"]);
    expect(call.outcome()).toBe("sold");
    expect(call.failures).toEqual([]);
    expect(call.time.pendingCount).toBe(0);
  });

  test("hears frames of 10 ms as they come, and records them and its own as long as they last", async () => {
    const judged: number[] = [];
    const isSpeech = (frame: Int16Array): boolean => {
      judged.push(frame.length);
      return Math.abs(frame[0]!) > 1000;
    };
    const vad = { reset: () => undefined, close: () => undefined, isSpeech };
    const vads = { create: () => vad, openCount: 0 };
    const call = rig({ frameMs: 10, ports: { vad: vads } });
    call.answer();
    await call.hearAll();
    await answerWith(call, "yes");
    expect(call.states()).toEqual(["greeting", "offer"]);
    expect(new Set(judged)).toEqual(new Set([80]));
    await call.hearAll();
    await answerWith(call, "no");
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("refused");
    const samples = call.chunks.flatMap((chunk) => [...stereoOf(chunk)]);
    const loudMs = (side: number): number =>
      samples.filter((one, index) => index % 2 === side && Math.abs(one) > 1000).length / 8;
    // Two answers of 400 ms, three prompts of a second.
    expect([loudMs(0), loudMs(1)]).toEqual([800, 3000]);
  });

  test("plays cached prompts by reference and streams what is not cached", async () => {
    const cached = rig();
    cached.answer();
    await cached.settle();
    expect(cached.media).toMatchObject([{ kind: "play", utterance: 1 }]);
    const streamed = rig({ hasPrompts: false });
    streamed.answer();
    await streamed.settle();
    expect(streamed.media).toEqual([
      { kind: "open", utterance: 1 },
      { kind: "end", utterance: 1 },
    ]);
    expect(streamed.streamedFrames).toHaveLength(100);
  });

  test("streams on credit only: never more than 100 frames unplayed", async () => {
    const call = rig({
      hasPrompts: false,
      synthesize: () =>
        Promise.resolve({ rateHz: 8000, samples: new Int16Array(5 * 8000).fill(3000) }),
    });
    call.answer();
    await call.settle();
    expect(call.streamedFrames).toHaveLength(100);
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 10, utterance: 1 });
    await call.settle();
    expect(call.streamedFrames).toHaveLength(110);
  });

  test("streams the sentences of a text in order, whichever is rendered first", async () => {
    const renders: { text: string; done: (samples: number) => void }[] = [];
    const call = rig({
      hasPrompts: false,
      synthesize: ({ text }) =>
        new Promise((resolve) => {
          const done = (samples: number): void =>
            resolve({ rateHz: 8000, samples: new Int16Array(samples) });
          renders.push({ text, done });
        }),
    });
    call.answer();
    await call.settle();
    const texts = renders.map(({ text }) => text);
    expect(texts).toEqual(["Hello.", "Do you have a minute?"]);
    renders[1]!.done(160 * 3);
    await call.settle();
    expect(call.streamedFrames).toHaveLength(0);
    renders[0]!.done(160 * 2);
    await call.settle();
    expect(call.streamedFrames).toHaveLength(5);
    expect(call.media.at(-1)).toEqual({ kind: "end", utterance: 1 });
  });

  test("ends as no_answer when no media comes, and says so once", () => {
    const call = rig();
    call.time.advance(30_000);
    expect(call.events).toMatchObject([{ kind: "ended", outcome: "no_answer", durationMs: 0 }]);
    expect(call.time.pendingCount).toBe(0);
  });

  test("ends as hangup when the callee goes, whatever we were doing", async () => {
    const call = rig();
    call.answer();
    call.closeLeg();
    await call.settle();
    expect(call.outcome()).toBe("hangup");
    expect(call.events.filter((event) => event.kind === "ended")).toHaveLength(1);
  });

  test("asks again after silence, then gives up", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.silence(3100);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Are you still there?");
    await call.silence(3100);
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("refused");
  });

  test("does not take the caller's silence for silence while they speak", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.silence(2900);
    await call.talk(2000);
    expect(call.said()).toHaveLength(1);
  });

  test("says sorry to what it did not understand", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.talk(400);
    await call.silence(500);
    call.streams.at(-1)!.final("", true);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Sorry?");
  });

  test("takes a key as an answer at once, also over its own prompt", async () => {
    const call = rig();
    call.answer();
    call.started(1);
    call.press("1");
    expect(call.media).toContainEqual({ kind: "clear", utterance: 1 });
    await call.hearAll();
    expect(call.states()).toEqual(["greeting", "offer"]);
  });
});

describe("a turn that was not over", () => {
  test("is reopened: the answer is silenced, the step taken back, the texts joined", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await answerWith(call, "yes");
    expect(call.states()).toEqual(["greeting", "offer"]);
    call.started(2);
    // 200 ms later the caller goes on.
    await call.silence(100);
    await call.talk(400);
    expect(call.media.at(-1)).toEqual({ kind: "clear", utterance: 2 });
    await call.silence(500);
    call.streams.at(-1)!.final("please");
    call.time.settle();
    const callee = call.events.filter(
      (event) => event.kind === "transcript" && event.side === "callee",
    );
    expect(callee.at(-1)).toMatchObject({ text: "yes please" });
    // The second half is heard with the grammar of the question it answers.
    expect(call.streams.at(-1)!.phrases).toContain("no thanks");
    expect(call.states()).toEqual(["greeting", "offer", "greeting", "offer"]);
  });
});

describe("failures", () => {
  test("a recogniser stream that is lost is opened again with all the audio of the turn", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.talk(300);
    const lost = call.streams.at(-1)!;
    lost.emit({ kind: "failed", error: { code: "LOST", message: "lost", detail: {} } });
    await call.talk(100);
    const second = call.streams.at(-1)!;
    expect(second).not.toBe(lost);
    expect(second.samples).toBeGreaterThanOrEqual(lost.samples);
    await call.silence(500);
    second.final("yes");
    await call.hearAll();
    expect(call.states()).toEqual(["greeting", "offer"]);
  });

  test("a recogniser that never answers costs one re-prompt, not the call", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.talk(400);
    await call.silence(3200);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Sorry?");
  });

  test("without a recogniser speech is not understood, and keys go on working", async () => {
    const call = rig({ hasRecognizer: false });
    call.answer();
    await call.hearAll();
    await call.talk(400);
    await call.silence(600);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Sorry?");
    call.press("2");
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("refused");
  });

  test("a dialog that crashes listens again in its state, and the call goes on", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await answerWith(call, "yes");
    await call.hearAll();
    call.directory.dialog!.tell({ kind: "no such message" } as never);
    call.time.settle();
    expect(call.failures).toMatchObject([{ path: "/rig/call/dialog" }]);
    await call.hearAll();
    await answerWith(call, "yes");
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("sold");
  });

  test("an actor that always crashes ends its call as failed, with one outcome", async () => {
    const call = rig({
      ports: {
        vad: {
          create: () => ({
            isSpeech: () => {
              throw new Error("poison");
            },
            reset: () => undefined,
            close: () => undefined,
          }),
          openCount: 0,
        },
      },
    });
    call.answer();
    await call.silence(400);
    await call.settle();
    expect(call.outcome()).toBe("failed");
    expect(call.events.filter((event) => event.kind === "ended")).toHaveLength(1);
    expect(call.events.filter((event) => event.kind === "restarted")).toHaveLength(5);
    const given = call.events.find((event) => event.kind === "trouble");
    expect(given).toMatchObject({ actor: "call", error: { code: "RESTART_INTENSITY" } });
    // What was heard until then is on record.
    expect(call.chunks.at(-1)).toMatchObject({ isLast: true });
  });

  test("a text that cannot be spoken is left out and the call goes on", async () => {
    const error = new EngineError("NOTHING_SPEAKABLE", "test: no letter");
    const call = rig({ hasPrompts: false, synthesize: () => Promise.reject(error) });
    call.answer();
    await call.settle();
    expect(call.media).toEqual([
      { kind: "open", utterance: 1 },
      { kind: "end", utterance: 1 },
    ]);
    call.ended(1, 0);
    await answerWith(call, "no");
    await call.settle();
    expect(call.states()).toEqual(["greeting", "bye"]);
  });

  test("without any voice the offline prompt is heard whole, and the call has failed", async () => {
    const call = rig({
      hasPrompts: false,
      synthesize: () => Promise.reject(new Error("no voice")),
      ports: { findPrompt: (id) => (id === offlineId ? new Uint8Array(1600) : undefined) },
    });
    call.answer();
    await call.settle();
    expect(call.media.map(({ kind }) => kind)).toEqual(["open", "clear", "play"]);
    expect(call.media.at(-1)).toMatchObject({ promptId: offlineId });
    call.ended(1, 0, "cleared");
    await call.talk(500);
    expect(call.media.map(({ kind }) => kind)).toEqual(["open", "clear", "play"]);
    call.ended(2, 200);
    await call.settle();
    expect(call.outcome()).toBe("failed");
  });

  test("without any voice and without the offline prompt the call ends at once", async () => {
    const synthesize = () => Promise.reject(new Error("no voice"));
    const call = rig({ hasPrompts: false, synthesize });
    call.answer();
    await call.settle();
    expect(call.outcome()).toBe("failed");
  });

  test("a store that fails or never answers delays the end, but does not prevent it", async () => {
    const call = rig({ ports: { record: () => new Promise(() => undefined) } });
    call.answer();
    await call.silence(500);
    call.closeLeg();
    call.time.advance(3000);
    expect(call.outcome()).toBe("hangup");
  });
});

describe("the recording", () => {
  test("has both sides where they sounded, and what was cleared only as far as it was heard", async () => {
    const call = rig();
    call.answer();
    await call.silence(200);
    call.started(1);
    await call.silence(500);
    call.ended(1, 500, "cleared");
    await call.talk(300);
    await call.silence(3000);
    call.closeLeg();
    await call.settle();
    const left: number[] = [];
    const right: number[] = [];
    for (const samples of call.chunks.map(stereoOf)) {
      for (let i = 0; i < samples.length; i += 2) {
        left.push(samples[i]!);
        right.push(samples[i + 1]!);
      }
    }
    const first = (channel: number[]) => (channel.findIndex((v) => Math.abs(v) > 1000) / 8) | 0;
    const last = (channel: number[]) => (channel.findLastIndex((v) => Math.abs(v) > 1000) / 8) | 0;
    expect(first(right)).toBeCloseTo(200, -1);
    expect(last(right)).toBeCloseTo(700, -1);
    expect(first(left)).toBeCloseTo(700, -1);
    expect(last(left)).toBeCloseTo(1000, -1);
    expect(call.chunks.map((chunk) => chunk.index)).toEqual(call.chunks.map((_, index) => index));
    expect(call.chunks.at(-1)!.isLast).toBe(true);
    expect(call.chunks.filter((chunk) => chunk.isLast)).toHaveLength(1);
    const total = call.chunks.reduce((sum, chunk) => sum + chunk.sampleCount, 0);
    expect(total / 8).toBeCloseTo(4000, -2);
  });
});
