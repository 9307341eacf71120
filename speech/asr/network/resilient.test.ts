/** Fail-over in virtual time, with vendors that hear tone words and fail when told to. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { virtualTime } from "../../../base/virtual-time.js";
import type { Grammar, RecognitionCode, RecognizerEvent, RecognizerStream } from "../recognizer.js";
import { speakTones, ToneListener, toneWordMs, toneWords } from "../testing/tone-words.js";
import { createResilientRecognizer, type RecognitionNotice, type Seat } from "./resilient.js";
import type { AttemptEvent } from "./vendor.js";
import { VendorHealth } from "../../vendors/vendor-health.js";

const grammar: Grammar = { language: "en-US", phrases: [] };
const rateHz = 8000;
const frame = rateHz / 50;
const rng = { next: () => 0.5 };

/** Fails its first attempts: each after so much audio, or (undefined) as soon as it is opened. */
type Plan = {
  readonly failures?: readonly { readonly afterMs?: number; readonly code: RecognitionCode }[];
  /** Commits after every so many words, with or without saying up to where. */
  readonly commitsEvery?: number;
  readonly hasTimes?: boolean;
  readonly latencyMs?: number;
  /** Hears, and never says anything. */
  readonly isMute?: boolean;
  readonly isFull?: boolean;
};

function rig(plans: readonly Plan[], options: { hedgeMs?: number; choose?: "healthiest" } = {}) {
  const time = virtualTime();
  const notices: RecognitionNotice[] = [];
  const opened: number[] = plans.map(() => 0);
  const heardMs: number[] = plans.map(() => 0);
  const seats = plans.map((plan, index): Seat => ({
    name: `v${index}`,
    health: new VendorHealth({ clock: time, rng }),
    isFull: () => plan.isFull === true,
    open(_request, listener) {
      const failure = plan.failures?.[opened[index]!];
      opened[index]! += 1;
      const heard = (ms: number): void => void (heardMs[index]! += ms);
      return new FakeAttempt({ plan, failure, time, heard }, listener);
    },
  }));
  const { hedgeMs, choose = "inOrder" } = options;
  const recognizer = createResilientRecognizer({
    seats,
    time,
    rng,
    choose,
    hedgeMs,
    observe: (notice) => notices.push(notice),
  });
  /** Says the words in real time; everything that the stream says until `waitMs` after the end. */
  function say(words: readonly string[], waitMs = 3000): RecognizerEvent[] {
    const events: RecognizerEvent[] = [];
    const stream = recognizer.open({ grammar, rateHz }, (event) => events.push(event));
    const samples = speakTones(words, rateHz);
    for (let at = 0; at < samples.length; at += frame) {
      stream.write(samples.subarray(at, at + frame));
      time.advance(20);
    }
    stream.finish();
    time.advance(waitMs);
    return events;
  }
  return { time, notices, opened, heardMs, seats, recognizer, say };
}

type FakeOptions = {
  readonly plan: Plan;
  readonly failure: NonNullable<Plan["failures"]>[number] | undefined;
  readonly time: ReturnType<typeof virtualTime>;
  readonly heard: (ms: number) => void;
};

class FakeAttempt implements RecognizerStream {
  readonly #options: FakeOptions;
  readonly #listener: (event: AttemptEvent) => void;
  readonly #ear = new ToneListener(rateHz);
  #said = "";
  #committed = 0;
  #isOver = false;

  constructor(options: FakeOptions, listener: (event: AttemptEvent) => void) {
    this.#options = options;
    this.#listener = listener;
    if (options.failure !== undefined && options.failure.afterMs === undefined) this.#fail();
  }

  write(samples: Int16Array): void {
    const { plan, failure, heard } = this.#options;
    if (this.#isOver) return;
    heard((samples.length * 1000) / rateHz);
    this.#ear.hear(samples);
    if (failure?.afterMs !== undefined && this.#ear.heardMs >= failure.afterMs) return this.#fail();
    const { words } = this.#ear;
    if (plan.isMute === true) return;
    const every = plan.commitsEvery ?? Infinity;
    if (words.length - this.#committed >= every) {
      const sentence = words.slice(this.#committed);
      const endMs = sentence.at(-1)!.endMs + 10;
      this.#committed = words.length;
      this.#said = "";
      this.#soon({
        kind: "committed",
        text: textOf(sentence),
        ...(plan.hasTimes === true ? { endMs, words: sentence } : {}),
      });
    }
    const text = textOf(words.slice(this.#committed));
    if (text !== this.#said) this.#soon({ kind: "partial", text });
    this.#said = text;
  }

  finish(): void {
    const { plan, time } = this.#options;
    if (this.#isOver || plan.isMute === true) return;
    this.#ear.end();
    const words = this.#ear.words.slice(this.#committed);
    const final: AttemptEvent = { kind: "final", text: textOf(words) };
    time.after(plan.latencyMs ?? 0, () => {
      if (!this.#isOver) this.#listener(plan.hasTimes === true ? { ...final, words } : final);
      this.#isOver = true;
    });
  }

  cancel(): void {
    this.#isOver = true;
  }

  #fail(): void {
    this.#isOver = true;
    const error = { code: this.#options.failure!.code, message: "planned", detail: {} };
    this.#options.time.soon(() => this.#listener({ kind: "failed", error }));
  }

  #soon(event: AttemptEvent): void {
    this.#options.time.soon(() => {
      if (!this.#isOver) this.#listener(event);
    });
  }
}

function textOf(words: readonly { readonly text: string }[]): string {
  return words.map(({ text }) => text).join(" ");
}

const lost = (afterMs?: number) =>
  ({ code: "RECOGNITION_LOST", ...(afterMs === undefined ? {} : { afterMs }) }) as const;
const down = { code: "RECOGNITION_UNAVAILABLE" } as const;
const three = ["yes", "please", "tomorrow"];

describe("an utterance", () => {
  it("goes on the same vendor when its connection is cut, and on the next when cut again", () => {
    const { say, notices } = rig([{ failures: [lost(300), lost(400)] }, {}]);
    expect(say(three).at(-1)).toMatchObject({ kind: "final", text: "yes please tomorrow" });
    const moves = notices.flatMap((notice) => (notice.kind === "movedOn" ? [notice] : []));
    expect(moves.map(({ from, to }) => `${from} ${to}`)).toEqual(["v0 v0", "v0 v1"]);
  });

  it("goes to the next vendor at once when the first cannot be reached", () => {
    const { say, opened } = rig([{ failures: [down] }, {}]);
    expect(say(three, 0).at(-1)).toMatchObject({ kind: "final", text: "yes please tomorrow" });
    expect(opened).toEqual([1, 1]);
  });

  it("passes over a vendor whose streams are all in use, without holding it against it", () => {
    const { say, opened, seats } = rig([{ isFull: true }, {}]);
    expect(say(three).at(-1)).toMatchObject({ text: "yes please tomorrow" });
    expect(opened).toEqual([0, 1]);
    expect(seats[0]!.health.costMs).toBe(0);
  });

  it("does not ask again who does not accept our key", () => {
    const { say, opened } = rig([{ failures: [{ code: "RECOGNITION_DENIED" }] }]);
    expect(say(three)).toMatchObject([{ kind: "failed", error: { code: "RECOGNITION_DENIED" } }]);
    expect(opened).toEqual([1]);
  });

  it("waits for the only vendor to come back, and loses nothing", () => {
    const { say, opened } = rig([{ failures: [down, down] }]);
    expect(say(three).at(-1)).toMatchObject({ text: "yes please tomorrow" });
    expect(opened).toEqual([3]);
  });

  it("fails with the last reason when nobody is left, once", () => {
    const { say, opened } = rig([{ failures: Array(20).fill(down) as (typeof down)[] }]);
    expect(say(three, 60_000)).toMatchObject([
      { kind: "failed", error: { code: "RECOGNITION_UNAVAILABLE" } },
    ]);
    expect(opened[0]).toBeLessThanOrEqual(8);
  });

  it("is given up when no final comes, whatever the vendors say", () => {
    const { say } = rig([{ isMute: true }]);
    expect(say(three)).toMatchObject([{ kind: "failed", error: { code: "RECOGNITION_STALLED" } }]);
  });

  it("says of a vendor that never answers that it fails", () => {
    const { say, notices } = rig([{ isMute: true }]);
    for (let call = 0; call < 3; call += 1) say(["yes"]);
    expect(notices).toContainEqual({ kind: "circuit", vendor: "v0", change: "opened" });
  });

  it("sends only what is not settled yet to the next vendor", () => {
    const plan = { commitsEvery: 1, hasTimes: true };
    const { say, heardMs } = rig([{ ...plan, failures: [lost(600), lost()] }, plan]);
    const final = say(three).at(-1);
    expect(final).toMatchObject({ text: "yes please tomorrow" });
    // Two words were settled when the connection was cut; the rest is one word.
    expect(heardMs[1]).toBeLessThan(2 * toneWordMs);
    const times = final?.kind === "final" ? final.words?.map(({ startMs }) => startMs) : [];
    expect(times?.map((ms) => Math.round(ms / toneWordMs))).toEqual([0, 1, 2]);
  });

  it("says nothing more after it was cancelled", () => {
    const { recognizer, time } = rig([{}]);
    const events: RecognizerEvent[] = [];
    const stream = recognizer.open({ grammar, rateHz }, (event) => events.push(event));
    stream.write(speakTones(three, rateHz));
    stream.cancel();
    stream.finish();
    time.advance(60_000);
    expect(events).toEqual([]);
    expect(time.pendingCount).toBe(0);
  });
});

describe("no word is lost and none comes twice", () => {
  const cut = fc.oneof(
    fc.record({ code: fc.constant("RECOGNITION_LOST" as const), afterMs: fc.nat(1500) }),
    fc.record({ code: fc.constantFrom("RECOGNITION_UNAVAILABLE", "RECOGNITION_VENDOR") }),
  ) as fc.Arbitrary<NonNullable<Plan["failures"]>[number]>;
  const plan: fc.Arbitrary<Plan> = fc.record({
    failures: fc.array(cut, { maxLength: 3 }),
    commitsEvery: fc.constantFrom(1, 2, 100),
    hasTimes: fc.boolean(),
    latencyMs: fc.nat(300),
  });

  it("wherever connections are cut and whatever was settled until then", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...toneWords), { minLength: 1, maxLength: 6 }),
        fc.array(plan, { minLength: 2, maxLength: 3 }),
        (words, plans) => {
          const events = rig(plans).say(words, 4000);
          expect(events.filter(({ kind }) => kind !== "partial")).toHaveLength(1);
          const end = events.at(-1);
          // With many failures it may come to nothing, but never to something else.
          const failures = plans.flatMap((each) => each.failures ?? []).length;
          if (end?.kind === "failed") expect(failures).toBeGreaterThan(3);
          else expect(end).toMatchObject({ kind: "final", text: words.join(" ") });
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a slow vendor", () => {
  it("is hedged: the first final counts, and comes once", () => {
    const { say, notices } = rig([{ latencyMs: 2000 }, { latencyMs: 100 }], { hedgeMs: 400 });
    const events = say(three);
    expect(events.filter(({ kind }) => kind === "final")).toEqual([
      { kind: "final", text: "yes please tomorrow", isRejected: false, waitedMs: 500 },
    ]);
    expect(notices).toContainEqual({ kind: "hedged", from: "v0", to: "v1" });
  });

  it("is not hedged when it answers in time", () => {
    const { say, opened } = rig([{ latencyMs: 300 }, {}], { hedgeMs: 400 });
    expect(say(three).at(-1)).toMatchObject({ kind: "final", waitedMs: 300 });
    expect(opened).toEqual([1, 0]);
  });

  it("is asked after the others when the healthiest is wanted", () => {
    const { say, opened } = rig([{ latencyMs: 1200 }, { latencyMs: 100 }], {
      choose: "healthiest",
    });
    for (let call = 0; call < 6; call += 1) say(["yes"]);
    expect(opened).toEqual([1, 5]);
  });
});

describe("a vendor that fails again and again", () => {
  it("is left out for a while, probed by one utterance, and used again", () => {
    const failures = Array(6).fill(down) as (typeof down)[];
    const { say, opened, notices, time } = rig([{ failures }, {}]);
    for (let call = 0; call < 8; call += 1) {
      expect(say(["yes"], 50).at(-1)).toMatchObject({ kind: "final", text: "yes" });
    }
    // Three in a row opened the circuit, and a probe or two was made since.
    expect(opened[0]).toBeLessThan(8);
    expect(notices).toContainEqual({ kind: "circuit", vendor: "v0", change: "opened" });
    for (let call = 0; call < 8; call += 1) {
      time.advance(40_000);
      say(["no"], 50);
    }
    expect(notices.at(-1)).toMatchObject({ kind: "final", vendor: "v0" });
    expect(notices).toContainEqual({ kind: "circuit", vendor: "v0", change: "closed" });
  });
});
