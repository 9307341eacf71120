/** Actors of the cast die, or their vendors hang: the conversation goes on. */
import { describe, expect, test } from "vitest";
import { castRig, type RigOptions } from "../../test/support/cast-rig.js";

const flow = `
id: restart-test
language: en-US
voice: slt
start: greeting
states:
  greeting:
    say: Hello. Do you have a minute?
    expect:
      intents:
        confirm: { phrases: ["yes"], keypad: "1" }
    on: { confirm: bye }
    silence: { afterMs: 3000, say: Are you still there?, max: 1, then: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  bye:
    say: Goodbye.
    end: done
`;

const rig = (options: Partial<RigOptions> = {}) => castRig({ flow, ...options });
const audio = { rateHz: 8000, samples: new Int16Array(800).fill(3000) };

/** A VAD whose first detector dies at its first frame. */
function dyingVad() {
  let lives = 0;
  return {
    openCount: 0,
    create() {
      const life = (lives += 1);
      return {
        isSpeech(frame: Int16Array): boolean {
          if (life === 1) throw new Error("test: the VAD breaks");
          return Math.abs(frame[0]!) > 1000;
        },
        reset: () => undefined,
        close: () => undefined,
      };
    },
  };
}

/** Announced utterances, in order. */
const announced = (call: ReturnType<typeof rig>): number[] =>
  call.media.flatMap((entry) =>
    entry.kind === "play" || entry.kind === "open" ? [entry.utterance] : [],
  );

describe("after the loss of one of its actors", () => {
  test("a call says again what its MediaLeg was playing, and waits for the answer", async () => {
    const call = rig({ ports: { vad: dyingVad() } });
    call.answer();
    call.started(1);
    await call.silence(100);
    expect(announced(call)).toEqual([1, 2]);
    await call.hearAll();
    expect(call.said()).toEqual(["Hello. Do you have a minute?", "Hello. Do you have a minute?"]);
    await call.silence(3500);
    expect(announced(call)).toEqual([1, 2, 3]);
  });

  test("a call does not wait for the end of a turn that was lost with its MediaLeg", async () => {
    let hasDied = false;
    const vad = {
      openCount: 0,
      create: () => ({
        isSpeech(frame: Int16Array): boolean {
          const isSpeech = Math.abs(frame[0]!) > 1000;
          if (!isSpeech && isTalking && !hasDied) {
            hasDied = true;
            throw new Error("test: the VAD breaks");
          }
          return isSpeech;
        },
        reset: () => undefined,
        close: () => undefined,
      }),
    };
    let isTalking = false;
    const call = rig({ ports: { vad } });
    call.answer();
    await call.hearAll();
    isTalking = true;
    await call.talk(300);
    await call.silence(3500);
    expect(announced(call)).toEqual([1, 2]);
  });

  test("a call streams again what its Synthesizer had not finished", async () => {
    let requests = 0;
    const call = rig({
      hasPrompts: false,
      synthesize() {
        if ((requests += 1) === 1) throw new Error("test: the voice breaks");
        return Promise.resolve(audio);
      },
    });
    call.answer();
    await call.settle();
    expect(announced(call)).toEqual([1, 2]);
    expect(call.media.at(-1)).toEqual({ kind: "end", utterance: 2 });
  });

  test("a Recognizer that begins anew knows what is expected", async () => {
    let hasDied = false;
    const grammars: (readonly string[])[] = [];
    const stream = { write: () => undefined, finish: () => undefined, cancel: () => undefined };
    const call = rig({
      ports: {
        recognizer: {
          ratesHz: [8000],
          open({ grammar }) {
            grammars.push(grammar.phrases);
            if (hasDied) return stream;
            hasDied = true;
            throw new Error("test: the recogniser breaks");
          },
        },
      },
    });
    call.answer();
    await call.hearAll();
    await call.talk(300);
    expect(grammars).toEqual([["yes"], ["yes"]]);
  });

  test("a call ends as hangup when its Dialog dies of the callee's hang-up", async () => {
    const call = rig({
      ports: {
        // The step of the hang-up is reported as a new state.
        report: (_callId, event) => {
          if (event.kind === "state" && event.state === "$hangup") throw new Error("test");
          call.events.push(event);
        },
      },
    });
    call.answer();
    call.closeLeg();
    await call.settle();
    expect(call.outcome()).toBe("hangup");
    call.time.advance(5000);
    expect(call.time.pendingCount).toBe(0);
  });
});

describe("a call that is told to end from above", () => {
  test("hangs up, closes its recording and reports one outcome", async () => {
    const call = rig();
    call.answer();
    await call.talk(2500);
    const gone = call.system.shutdown(10_000);
    await call.settle();
    await gone;
    expect(call.media.at(-1)).toEqual({ kind: "hangup", reason: "failed" });
    expect(call.chunks.at(-1)).toMatchObject({ isLast: true });
    expect(call.events.filter(({ kind }) => kind === "ended")).toMatchObject([
      { outcome: "failed", recordedMs: expect.closeTo(2500, -2) as number },
    ]);
    expect(call.time.pendingCount).toBe(0);
  });

  test("is not held up by a store that never answers", async () => {
    const call = rig({ ports: { record: () => new Promise(() => undefined) } });
    call.answer();
    await call.talk(2500);
    const gone = call.system.shutdown(10_000);
    await call.settle();
    call.time.advance(3000);
    await gone;
    expect(call.outcome()).toBe("failed");
  });
});

describe("a voice that never answers", () => {
  test("is asked twice, then the call ends with the offline prompt", async () => {
    const texts: string[] = [];
    const call = rig({
      hasPrompts: false,
      synthesize({ text }) {
        texts.push(text);
        return text === "Hello." ? new Promise(() => undefined) : Promise.resolve(audio);
      },
    });
    call.answer();
    await call.settle();
    call.time.advance(9000);
    await call.settle();
    expect(texts.filter((text) => text === "Hello.")).toHaveLength(2);
    expect(call.media.at(-1)).toMatchObject({ kind: "hangup" });
    expect(call.outcome()).toBe("failed");
  });

  test("and answers after all is not heard twice", async () => {
    const renders: (() => void)[] = [];
    const call = rig({
      hasPrompts: false,
      synthesize: ({ text }) =>
        new Promise((resolve) => {
          if (text === "Hello.") renders.push(() => resolve(audio));
          else resolve(audio);
        }),
    });
    call.answer();
    await call.settle();
    call.time.advance(5000);
    for (const render of renders) render();
    await call.settle();
    expect(renders).toHaveLength(2);
    expect(call.streamedFrames).toHaveLength(10);
  });
});
