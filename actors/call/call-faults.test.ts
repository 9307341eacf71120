/** What goes wrong around a call: keys amid speech, muted clients, notices that come too early. */
import { describe, expect, test } from "vitest";
import type { Leg } from "../../actors/call/cast-ports.js";
import { castRig, type RigOptions } from "../../test/support/cast-rig.js";

const flow = `
id: faults-test
language: en-US
voice: slt
start: greeting
turns: { unknownSilenceMs: 460 }
states:
  greeting:
    say: Hello. Do you have a minute?
    expect:
      intents:
        confirm: { phrases: ["yes", "yes please"], keypad: "1" }
        deny: { phrases: ["no", "no thanks"], keypad: "2" }
    on: { confirm: offer, deny: bye }
    silence: { afterMs: 3000, say: Are you still there?, max: 1, then: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  offer:
    say: We have an offer for you. Do you want it?
    expect:
      intents:
        confirm: { phrases: ["yes"], keypad: "1" }
        deny: { phrases: ["no"], keypad: "2" }
    on: { confirm: bye, deny: bye }
    silence: { afterMs: 3000, say: Hello?, max: 1, then: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  bye:
    say: Goodbye.
    end: refused
`;

const digitsFlow = `
id: digits-test
language: en-US
voice: slt
start: code
variables:
  code: { example: "1234", default: "0000" }
states:
  code:
    say: Your code?
    expect:
      digits: { min: 4, max: 4, store: code }
    on: { digits: bye }
    silence: { afterMs: 3000, say: Are you there?, max: 3, then: bye }
    noMatch: { say: Sorry?, max: 3, then: bye }
  bye:
    say: Goodbye.
    end: done
`;

const rig = (options: Partial<RigOptions> = {}) => castRig({ flow, ...options });

/** Up to the point where the caller may answer the first question. */
async function asked(options: Partial<RigOptions> = {}) {
  const call = rig(options);
  call.answer();
  await call.hearAll();
  await call.silence(800);
  return call;
}

describe("a key in the middle of speech", () => {
  test("ends the turn: what was being said does not answer the next question", async () => {
    const call = await asked();
    await call.talk(300);
    call.press("1");
    const [stream] = call.streams;
    expect(stream!.isCancelled).toBe(true);
    await call.silence(600);
    expect(call.streams).toHaveLength(1);
    expect(call.states()).toEqual(["greeting", "offer"]);
    // Nobody waits for the end of the turn that was given up.
    await call.hearAll();
    await call.silence(3100);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Hello?");
  });

  test("counts more than the words before it, also when the caller goes on at once", async () => {
    const call = await asked();
    await call.talk(400);
    await call.silence(500);
    call.press("1");
    call.streams[0]!.final("no");
    call.time.settle();
    await call.silence(100);
    await call.talk(700);
    await call.silence(500);
    expect(call.states()).toEqual(["greeting", "offer"]);
    // Not the old turn reopened: it is heard as an answer to the new question.
    expect(call.streams.at(-1)!.phrases).toEqual(["yes", "no"]);
    call.streams.at(-1)!.final("no");
    call.time.settle();
    expect(call.states()).toEqual(["greeting", "offer", "bye"]);
  });

  test("is not undone by what was on its way from the MediaLeg", async () => {
    const call = await asked();
    const turnId = 9_000_000;
    const atMs = call.time.nowMs();
    const { dialog } = call.directory;
    dialog!.tell({ kind: "turnStarted", turnId });
    dialog!.tell({ kind: "keypad", digit: "1" });
    dialog!.tell({ kind: "turnEnded", turnId, speechEndAtMs: atMs, atMs });
    call.time.settle();
    dialog!.tell({ kind: "final", turnId, text: "no", isRejected: false, atMs });
    dialog!.tell({ kind: "turnReopened", turnId });
    call.time.settle();
    expect(call.states()).toEqual(["greeting", "offer"]);
    await call.hearAll();
    await call.silence(3100);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Hello?");
  });
});

describe("a new turn while the transcript of the last is awaited", () => {
  test("is not interrupted by a sorry, and is understood", async () => {
    const call = await asked();
    await call.talk(400);
    // Ended, beyond reopening, and the recogniser is slow.
    await call.silence(440 + 900);
    await call.talk(2500);
    expect(call.media).toHaveLength(1);
    await call.silence(500);
    call.streams.at(-1)!.final("yes");
    await call.hearAll();
    expect(call.states()).toEqual(["greeting", "offer"]);
  });
});

describe("a client that stops sending", () => {
  test("inside a turn has ended it: the answer counts and the call goes on", async () => {
    const call = await asked();
    await call.talk(300);
    call.time.advance(1500);
    expect(call.streams[0]!.isFinished).toBe(true);
    call.streams[0]!.final("yes");
    await call.hearAll();
    expect(call.states()).toEqual(["greeting", "offer"]);
    call.closeLeg();
    await call.settle();
    expect(call.time.pendingCount).toBe(0);
  });

  test("for less than 400 ms has not", async () => {
    const call = await asked();
    await call.talk(300);
    call.time.advance(380);
    await call.talk(200);
    expect(call.streams).toHaveLength(1);
    expect(call.streams[0]!.isFinished).toBe(false);
  });

  test("and goes on within the time to reopen a turn goes on with that turn", async () => {
    const call = await asked();
    await call.talk(300);
    call.time.advance(900);
    await call.talk(400);
    await call.silence(500);
    expect(call.streams).toHaveLength(2);
    call.streams[0]!.final("yes");
    call.streams[1]!.final("please");
    call.time.settle();
    expect(call.events).toContainEqual(
      expect.objectContaining({ kind: "transcript", text: "yes please" }),
    );
  });
});

describe("an answer that was taken back", () => {
  test("is taken back from what is remembered, too", async () => {
    const call = await asked();
    await call.talk(400);
    await call.silence(500);
    call.streams[0]!.final("yes");
    call.time.settle();
    expect(call.memories.at(-1)!.snapshot!.state).toBe("offer");
    await call.silence(100);
    await call.talk(400);
    expect(call.states()).toEqual(["greeting", "offer", "greeting"]);
    expect(call.memories.at(-1)).toMatchObject({ lastUtterance: 2 });
    expect(call.memories.at(-1)!.snapshot!.state).toBe("greeting");
    call.directory.dialog!.tell({ kind: "no such message" } as never);
    await call.hearAll();
    expect(call.said().at(-1)).toBe("Hello. Do you have a minute?");
  });
});

describe("a turn that nothing answers", () => {
  test("is no measure of what is said much later", async () => {
    const call = await asked({ flow: digitsFlow });
    call.press("4");
    await call.talk(400);
    await call.silence(1000);
    call.streams.at(-1)!.final("", true);
    call.time.settle();
    expect(call.media).toHaveLength(1);
    await call.silence(6000);
    await call.hearAll();
    expect(call.said()).toHaveLength(2);
    expect(call.events.filter(({ kind }) => kind === "turn")).toEqual([]);
  });
});

describe("an adopted call", () => {
  test("of which nothing was remembered begins with the adoption", async () => {
    const call = rig({ memory: { answeredAtMs: 0, startedEpochMs: 0, lastUtterance: 0 } });
    call.time.advance(20_000);
    call.adopt({ playing: [], lastUtterance: 0, isStreamCut: false });
    expect(call.events).toMatchObject([{ kind: "answered" }, { kind: "state", atMs: 0 }]);
    expect(call.memories.at(-1)!.answeredAtMs).toBe(20_000);
    call.time.advance(599_000);
    call.time.advance(1000);
    await call.settle();
    expect(call.events.at(-1)).toMatchObject({ kind: "ended", durationMs: 600_000 });
  });

  test("loses no notice that comes right behind its leg", async () => {
    const call = rig({ hasPrompts: false, synthesize: fiveSeconds });
    const { call: ref } = call.directory;
    ref.tell({ kind: "legOpened", leg });
    ref.tell({ kind: "credit", frames: 0, utterance: 1 });
    await call.settle();
    ref.tell({ kind: "playback", notice: { kind: "playbackStarted", utterance: 1, atMs: 0 } });
    ref.tell({ kind: "credit", frames: 10, utterance: 1 });
    await call.settle();
    expect(call.said()).toEqual(["Hello. Do you have a minute?"]);
    expect(call.streamedFrames).toHaveLength(110);
  });

  test("hears at once that what still sounded has ended", async () => {
    const first = await asked();
    const call = rig({ memory: first.memories.at(-1)! });
    const { call: ref } = call.directory;
    const adoption = { playing: [1], lastUtterance: 1, isStreamCut: false };
    const heard = { kind: "playbackEnded", utterance: 1, atMs: 0, heardMs: 1000 } as const;
    ref.tell({ kind: "legOpened", leg, adoption });
    ref.tell({ kind: "playback", notice: { ...heard, reason: "completed" } });
    await call.silence(3100);
    await call.hearAll();
    // The silence after it is measured: it is not waited for a second time.
    expect(call.said()).toEqual(["Are you still there?"]);
  });
});

const leg: Leg = {
  slot: 1,
  format: { codec: "pcmu", rateHz: 8000 },
  frameBytes: 160,
  protocol: "test",
  openedAtMs: 0,
};

const fiveSeconds = () =>
  Promise.resolve({ rateHz: 8000, samples: new Int16Array(5 * 8000).fill(3000) });
