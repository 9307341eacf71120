/** What goes wrong with speech on its way in, out and to the store, and what is left of it. */
import { describe, expect, test } from "vitest";
import { EngineError } from "../../base/errors.js";
import { castRig, stereoOf, type RigOptions } from "../../test/support/cast-rig.js";
import type { RecordedChunk } from "./cast-ports.js";

const flow = `
id: faults-test
language: en-US
voice: slt
start: greeting
states:
  greeting:
    say: "Hello there. How are you?"
    expect:
      intents:
        confirm: { phrases: ["fine"], keypad: "1" }
    on: { confirm: bye }
    silence: { afterMs: 9000, say: Are you still there?, max: 3, then: bye }
    noMatch: { say: Sorry?, max: 3, then: bye }
  bye:
    say: Goodbye.
    end: done
`;

const rig = (options: Partial<RigOptions> = {}) => castRig({ flow, ...options });
const second = { rateHz: 8000, samples: new Int16Array(8000).fill(3000) };
const broken = (code: string) => new EngineError(code, "test: it breaks", {});

type Call = ReturnType<typeof rig>;

/** Milliseconds of a recording at which one side is loud: left the callee, right the agent. */
function loudMs(chunks: readonly RecordedChunk[], side: "callee" | "agent"): number[] {
  const channel = side === "callee" ? 0 : 1;
  const loud: number[] = [];
  let startMs = 0;
  for (const samples of [...chunks].sort((a, b) => a.index - b.index).map(stereoOf)) {
    for (let at = 0; at * 16 < samples.length; at += 1) {
      if (Math.abs(samples[at * 16 + channel]!) > 1000) loud.push(startMs + at);
    }
    startMs += samples.length / 16;
  }
  return loud;
}

const troubles = (call: Call): string[] =>
  call.events.flatMap((event) =>
    event.kind === "trouble" ? [`${event.actor} ${event.error.code}`] : [],
  );

const recordedMs = (call: Call): number | undefined =>
  call.events.flatMap((event) => (event.kind === "ended" ? [event.recordedMs] : []))[0];

async function hangUp(call: Call): Promise<void> {
  call.closeLeg();
  await call.settle();
}

/** A store that keeps what it takes; `fails` says which offers it refuses. */
function failingStore(fails: (chunk: RecordedChunk) => boolean) {
  const stored: RecordedChunk[] = [];
  return {
    stored,
    record: (chunk: RecordedChunk): Promise<void> => {
      if (fails(chunk)) return Promise.reject(broken("STORE_FAILED"));
      stored.push(chunk);
      return Promise.resolve();
    },
  };
}

describe("the store of the recording", () => {
  test("loses one chunk: it becomes silence, and what follows stays in its place", async () => {
    let refused = 0;
    const store = failingStore(({ index }) => index === 1 && (refused += 1) <= 3);
    const call = rig({ ports: { record: store.record } });
    call.answer();
    await call.talk(8000);
    await hangUp(call);
    const loud = loudMs(store.stored, "callee");
    expect(store.stored.map(({ index }) => index)).toEqual(store.stored.map((_, index) => index));
    expect(loud).toHaveLength(7000);
    expect([loud[999], loud[1000], loud.at(-1)]).toEqual([999, 2000, 7999]);
    expect(recordedMs(call)).toBe(8000);
    expect(troubles(call)).toEqual(["recorder STORE_FAILED"]);
  });

  test("hangs for longer than the backlog: silence, not earlier audio, and no more is held", async () => {
    const store = failingStore(() => false);
    let resume: (() => void) | undefined;
    const call = rig({
      ports: {
        record: async (chunk) => {
          if (chunk.index === 2) await new Promise<void>((resolve) => (resume = resolve));
          return store.record(chunk);
        },
      },
    });
    call.answer();
    await call.talk(20_000);
    resume?.();
    await call.talk(5000);
    await hangUp(call);
    const loud = loudMs(store.stored, "callee");
    expect(recordedMs(call)).toBe(25_000);
    expect([loud[0], loud.at(-1)]).toEqual([0, 24_999]);
    // 2 stored at once, 10 in the backlog; then silence until the store is back.
    expect(loud[12_000]! - loud[11_999]!).toBeGreaterThan(5000);
    expect(troubles(call)).toEqual(["recorder RECORDING_BACKLOG"]);
  });

  test("never takes anything: nothing is claimed to be recorded", async () => {
    const call = rig({ ports: { record: () => Promise.reject(broken("DISK_FULL")) } });
    call.answer();
    await call.talk(5000);
    await hangUp(call);
    expect(call.outcome()).toBe("hangup");
    expect(recordedMs(call)).toBe(0);
    expect(troubles(call)).toEqual(["recorder DISK_FULL"]);
  });

  test("cannot say what is stored: the call goes on without a recording, and says so", async () => {
    const memory = {
      answeredAtMs: 0,
      startedEpochMs: 1,
      lastUtterance: 0,
      recordingAnchor: { atMs: 0, mediaSamples: 0 },
    };
    const recordedChunks = () => Promise.reject(broken("STORE_GONE"));
    const call = rig({ memory, ports: { recordedChunks } });
    call.adopt({ playing: [], lastUtterance: 0, isStreamCut: false });
    await call.settle();
    await call.silence(500);
    expect(troubles(call)).toEqual(["recorder STORE_GONE"]);
    expect(call.outcome()).toBeUndefined();
  });
});

describe("our voice in the recording", () => {
  test("lies where it sounded when the second sentence came too late", async () => {
    const voices: (() => void)[] = [];
    const synthesize = () =>
      new Promise<typeof second>((resolve) => voices.push(() => resolve(second)));
    const call = rig({ hasPrompts: false, synthesize });
    call.answer();
    await call.silence(100);
    voices.shift()!();
    await call.settle();
    call.started(1);
    await call.silence(3000);
    voices.shift()!();
    await call.settle();
    const atMs = call.time.nowMs();
    call.directory.mediaLeg!.tell({ kind: "playbackResumed", utterance: 1, atMs, sentFrames: 50 });
    await call.silence(1000);
    call.ended(1, 2000, "cleared");
    await call.silence(500);
    await hangUp(call);
    const loud = loudMs(call.chunks, "agent");
    expect(loud).toHaveLength(2000);
    expect([loud[0], loud[999], loud[1000], loud.at(-1)]).toEqual([100, 1099, 3100, 4099]);
  });

  test("keeps both stretches also when the gap is flushed before anybody knows of it", async () => {
    const voices: (() => void)[] = [];
    const synthesize = () =>
      new Promise<typeof second>((resolve) => voices.push(() => resolve(second)));
    const call = rig({ hasPrompts: false, synthesize });
    call.answer();
    await call.silence(100);
    voices.shift()!();
    await call.settle();
    call.started(1);
    await call.silence(3400);
    voices.shift()!();
    await call.settle();
    // The notice says when it will sound, and comes half a second and a flush later.
    const atMs = call.time.nowMs() + 40;
    await call.silence(700);
    call.directory.mediaLeg!.tell({ kind: "playbackResumed", utterance: 1, atMs, sentFrames: 50 });
    await call.silence(2000);
    call.ended(1, 2000);
    await hangUp(call);
    const loud = loudMs(call.chunks, "agent");
    expect(loud).toHaveLength(2000);
    expect([loud[0], loud[1000], loud.at(-1)]).toEqual([100, 3540, 4539]);
  });
});

describe("the callee's voice in the recording", () => {
  test("stays when a client pauses without counting: it lies where it was heard", async () => {
    const call = rig();
    call.answer();
    await call.silence(500);
    call.time.advance(5000);
    await call.talk(3000);
    await call.silence(500);
    await hangUp(call);
    const loud = loudMs(call.chunks, "callee");
    expect(loud).toHaveLength(3000);
    expect([loud[0], loud.at(-1)]).toEqual([5500, 8499]);
  });

  test("stays where media time puts it when the network stalls and catches up", async () => {
    const call = rig();
    call.answer();
    await call.silence(500);
    const hear = (payload: Uint8Array, mediaSamples: number): void => {
      const atMs = call.time.nowMs();
      call.directory.mediaLeg!.tell({ kind: "audio", payload, mediaSamples, atMs });
    };
    call.time.advance(800);
    for (let frame = 0; frame < 40; frame += 1) {
      const isSpeech = frame >= 10 && frame < 30;
      hear(new Uint8Array(160).fill(isSpeech ? 0x00 : 0xff), 4000 + frame * 160);
      call.time.settle();
    }
    await call.skipMedia(800);
    await call.talk(100);
    await call.silence(2000);
    await hangUp(call);
    const loud = loudMs(call.chunks, "callee");
    expect([loud[0], loud[399], loud[400], loud.length]).toEqual([700, 1099, 1300, 500]);
  });

  test("is not lost when the call ends before it is clear where it belongs", async () => {
    const call = rig();
    call.answer();
    await call.silence(500);
    call.time.advance(5000);
    await call.talk(100);
    await hangUp(call);
    const loud = loudMs(call.chunks, "callee");
    expect(loud).toHaveLength(100);
    expect(loud[0]).toBeGreaterThanOrEqual(5500);
    expect(loud[0]).toBeLessThanOrEqual(5600);
  });
});

describe("a recogniser that always fails", () => {
  test("is asked three times for a stretch of speech, not once per frame", async () => {
    const call = rig();
    call.answer();
    await call.hearAll();
    await call.silence(800);
    const error = { code: "RECOGNITION_LOST", message: "test", detail: {} };
    for (let round = 0; round < 25; round += 1) {
      await call.talk(40);
      call.streams.at(-1)?.emit({ kind: "failed", error });
    }
    expect(call.streams).toHaveLength(3);
    expect(troubles(call)).toEqual(["recognizer RECOGNITION_LOST"]);
    await call.silence(1000);
    await call.settle();
    await call.hearAll();
    expect(call.said()).toContain("Sorry?");
  });
});

describe("streamed speech", () => {
  test("of an empty text is over before it began, and what follows is spoken", async () => {
    const call = rig({ hasPrompts: false });
    call.answer();
    await call.settle();
    const voice = { voice: "slt", language: "en-US" };
    for (const [utterance, text] of [
      [8, " "],
      [9, "Something."],
    ] as const) {
      const said = { utterance, isInterruptible: true, promptId: undefined };
      call.directory.mediaLeg!.tell({ kind: "say", ...said });
      call.directory.synthesizer!.tell({ kind: "speak", utterance, text, ...voice });
    }
    await call.settle();
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 100, utterance: 9 });
    await call.settle();
    const ends = call.media.flatMap((entry) => (entry.kind === "end" ? [entry.utterance] : []));
    expect(ends).toContain(8);
    expect(ends).toContain(9);
    expect(call.streamedFrames.some(({ utterance }) => utterance === 8)).toBe(false);
    expect(call.streamedFrames.some(({ utterance }) => utterance === 9)).toBe(true);
  });

  test("that cannot be rendered is reported once, not once per sentence", async () => {
    const synthesize = () => Promise.reject(broken("VOICE_GONE"));
    const call = rig({ hasPrompts: false, synthesize });
    call.answer();
    await call.settle();
    expect(troubles(call)).toEqual(["synthesizer VOICE_GONE"]);
  });

  test("never has more than its credit unplayed, though a life before gets its own back", async () => {
    const long = { rateHz: 8000, samples: new Int16Array(8 * 8000).fill(3000) };
    const call = rig({ hasPrompts: false, synthesize: () => Promise.resolve(long) });
    call.answer();
    await call.settle();
    expect(call.streamedFrames).toHaveLength(100);
    const before = call.streamedFrames.length;
    call.directory.mediaLeg!.tell({ kind: "no such" } as never);
    call.time.settle();
    // What the gateway dropped at the clear comes back to the new life, which has sent nothing.
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 80, utterance: 1 });
    call.ended(1, 400, "cleared");
    await call.settle();
    await call.silence(10_000);
    await call.settle();
    expect(call.streamedFrames.length - before).toBeLessThanOrEqual(100);
    expect(call.streamedFrames.length).toBeGreaterThan(before);
  });

  test("takes no credit for what a life before has streamed, also when it comes late", async () => {
    const long = { rateHz: 8000, samples: new Int16Array(8 * 8000).fill(3000) };
    const call = rig({ hasPrompts: false, synthesize: () => Promise.resolve(long) });
    call.answer();
    await call.settle();
    call.directory.mediaLeg!.tell({ kind: "no such" } as never);
    await call.settle();
    const own = () => call.streamedFrames.filter(({ utterance }) => utterance > 1).length;
    expect(own()).toBe(100);
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 80, utterance: 1 });
    await call.settle();
    expect(own()).toBe(100);
    call.directory.mediaLeg!.tell({ kind: "credit", frames: 10, utterance: 2 });
    await call.settle();
    expect(own()).toBe(110);
  });
});

test("a sentence of half a minute at 16 kHz has room in the lane of its leg", async () => {
  const samples = new Int16Array(35 * 16_000).fill(3000);
  const synthesize = () => Promise.resolve({ rateHz: 16_000, samples });
  const call = rig({ hasPrompts: false, synthesize });
  call.answer();
  await call.settle();
  expect(call.letters.counts).toMatchObject({ full: 0, displaced: 0 });
  expect(call.streamedFrames.length).toBeGreaterThan(0);
});
