/**
 * Random calls against a witness that recounts everything from the plain history of frames, and
 * knows the rules only as they are promised to the owner.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createTurnDetector, type TurnDetector } from "./turn-detector.js";
import { turnTuning } from "./turn-tuning.js";

/** Durations that the witness is written for. */
const quick = {
  completeSilenceMs: 160,
  addedSilenceMs: 160,
  silenceMs: 440,
  digitsSilenceMs: 800,
  bargeInSpeechMs: 200,
  bargeInSureMs: 200,
  bargeInWindowMs: 300,
  shortSilenceMs: 300,
};
const turnDefaults = turnTuning(quick);

type Act =
  | { kind: "frames"; isSpeech: boolean; frameMs: number; count: number }
  | { kind: "playback"; isPlaying: boolean; isInterruptible: boolean }
  | { kind: "partial"; isComplete: boolean }
  | { kind: "expect"; isDigits: boolean }
  | { kind: "reset" };

const frames = (isSpeech: boolean, countMax: number): fc.Arbitrary<Act> =>
  fc.record({
    kind: fc.constant("frames" as const),
    isSpeech: fc.constant(isSpeech),
    frameMs: fc.constantFrom(10, 20, 20, 20, 30),
    count: fc.integer({ min: 1, max: countMax }),
  });

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: frames(true, 4) },
  { weight: 4, arbitrary: frames(true, 25) },
  { weight: 6, arbitrary: frames(false, 6) },
  { weight: 5, arbitrary: frames(false, 45) },
  { weight: 1, arbitrary: frames(true, 900) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("playback" as const),
      isPlaying: fc.boolean(),
      isInterruptible: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("partial" as const), isComplete: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expect" as const), isDigits: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "reset" as const }) },
);

type Turn = {
  id: number;
  onsetMs: number;
  state: "open" | "ended" | "closed";
  isTentative: boolean;
  speechEndMs: number;
  endedMs: number;
};

class Witness {
  readonly log: string[] = [];
  readonly detector: TurnDetector;
  #slots: boolean[] = [];
  #playback = { isPlaying: false, isInterruptible: false };
  #isDigits = false;
  #turn: Turn | undefined;
  #lastId = 0;
  /** When the open turn's phrase was complete; NaN while it is not. */
  #completeAtMs = NaN;
  #mustPause = false;
  #isRevocable = false;
  #confirmedInPlayback = new Set<number>();
  /** Slots before this were forgotten by a reset. */
  #memoryFrom = 0;

  constructor() {
    this.detector = createTurnDetector({
      tuning: quick,
      sink: {
        speechStarted: (event) => this.#started(event),
        bargeInConfirmed: (event) => this.#confirmed(event),
        bargeInRejected: (event) => this.#rejected(event),
        turnEnded: (event) => this.#ended(event),
        turnReopened: (event) => this.#reopened(event),
      },
    });
  }

  do(step: Act): void {
    switch (step.kind) {
      case "frames":
        for (let left = step.count; left > 0; left--) this.#frame(step.isSpeech, step.frameMs);
        return;
      case "playback":
        this.#setPlayback(step);
        return;
      case "partial":
        this.detector.partial({ standing: step.isComplete ? "whole" : "unknown" });
        if (this.#turn?.state === "open") this.#completeAtMs = step.isComplete ? this.#nowMs : NaN;
        return;
      case "expect":
        this.#isDigits = step.isDigits;
        this.detector.expect({ kind: step.isDigits ? "digits" : "none" });
        return;
      case "reset":
        this.detector.reset();
        this.#turn = undefined;
        this.#mustPause = false;
        this.#isRevocable = false;
        this.#memoryFrom = this.#slots.length;
    }
  }

  #setPlayback(state: { isPlaying: boolean; isInterruptible: boolean }): void {
    const before = this.#playback;
    this.#playback = { isPlaying: state.isPlaying, isInterruptible: state.isInterruptible };
    this.detector.playback(this.#playback);
    if (!(before.isPlaying && before.isInterruptible)) this.#confirmedInPlayback.clear();
    if (this.#isProtected) this.#isRevocable = false;
  }

  #frame(isSpeech: boolean, frameMs: number): void {
    for (let slot = 0; slot < frameMs / 10; slot++) this.#slots.push(isSpeech);
    if (this.#silenceMs >= turnDefaults.pauseAfterTooLongMs) this.#mustPause = false;
    this.detector.frame(isSpeech, frameMs);
    expect(this.detector.nowMs).toBe(this.#nowMs);
    if (!this.#isProtected) this.#checkNothingIsLate(isSpeech);
  }

  /** What must have been reported by now, has been. Plain checks: they run for every frame. */
  #checkNothingIsLate(isSpeech: boolean): void {
    const turn = this.#turn;
    if (turn?.state === "open") {
      must(this.#nowMs - turn.onsetMs < turnDefaults.turnMsMax, "the turn is too long");
      // It outlived our playback, so it is a turn like any other.
      if (!this.#playback.isPlaying) turn.isTentative = false;
      if (turn.isTentative) {
        must(this.#silenceMs < turnDefaults.bargeInWindowMs, "a cough is not rejected");
        const isLong = isSpeech && this.#speechMs(300) >= turnDefaults.bargeInSpeechMs;
        must(!isLong, "an interruption is not confirmed");
      } else {
        const limitMs = this.#isDigits ? turnDefaults.digitsSilenceMs : turnDefaults.silenceMs;
        must(this.#silenceMs < limitMs, "a turn is not ended");
      }
      return;
    }
    const revokeUntilMs = turnDefaults.revokeMs + turnDefaults.startWindowMs;
    const mayWait = this.#isRevocable && this.#nowMs - turn!.endedMs <= revokeUntilMs;
    if (!isSpeech || this.#mustPause || mayWait) return;
    must(this.#speechMs(160) < turnDefaults.startSpeechMs, "a turn is not started");
  }

  #started(event: { turnId: number; onsetMs: number }): void {
    this.#note("start", event);
    expect(this.#turn?.state).not.toBe("open");
    expect(this.#mustPause).toBe(false);
    expect(event.turnId).toBe(this.#lastId + 1);
    expect(this.#speechMs(160)).toBeGreaterThanOrEqual(turnDefaults.startSpeechMs);
    this.#checkOnset(event.onsetMs);
    this.#lastId = event.turnId;
    this.#completeAtMs = NaN;
    this.#isRevocable = false;
    const isTentative = this.#playback.isPlaying;
    this.#turn = {
      id: event.turnId,
      onsetMs: event.onsetMs,
      state: "open",
      isTentative,
      speechEndMs: this.#nowMs,
      endedMs: -1,
    };
  }

  #confirmed(event: { turnId: number; onsetMs: number; atMs: number }): void {
    this.#note("confirm", event);
    const turn = this.#openTurn(event.turnId);
    expect(this.#playback.isPlaying).toBe(true);
    expect(event).toEqual({ turnId: turn.id, onsetMs: turn.onsetMs, atMs: this.#nowMs });
    expect(this.#speechMs(300)).toBeGreaterThanOrEqual(turnDefaults.bargeInSpeechMs);
    expect(this.#confirmedInPlayback.has(turn.id)).toBe(false);
    this.#confirmedInPlayback.add(turn.id);
    turn.isTentative = false;
  }

  #rejected(event: { turnId: number }): void {
    this.#note("reject", event);
    const turn = this.#openTurn(event.turnId);
    expect(turn.isTentative).toBe(true);
    turn.state = "closed";
  }

  #ended(event: { turnId: number; speechEndMs: number; atMs: number; reason: string }): void {
    this.#note("end", event);
    const turn = this.#openTurn(event.turnId);
    expect(turn.isTentative && this.#playback.isPlaying).toBe(false);
    expect(event.atMs).toBe(this.#nowMs);
    expect(event.speechEndMs).toBeLessThanOrEqual(event.atMs);
    expect(event.speechEndMs).toBeGreaterThan(turn.onsetMs);
    expect(event.speechEndMs).toBeGreaterThanOrEqual(turn.speechEndMs);
    expect(this.#slots[event.speechEndMs / 10 - 1]).toBe(true);
    if (event.reason !== "tooLong") {
      const leastMs = event.reason === "complete" ? 160 : 440;
      expect(event.atMs - event.speechEndMs).toBeGreaterThanOrEqual(leastMs);
    }
    if (event.reason === "complete") {
      expect(this.#nowMs - this.#completeAtMs).toBeGreaterThanOrEqual(100);
    }
    turn.state = event.reason === "tooLong" ? "closed" : "ended";
    turn.speechEndMs = event.speechEndMs;
    turn.endedMs = event.atMs;
    this.#isRevocable = turn.state === "ended";
    this.#mustPause = event.reason === "tooLong";
  }

  #reopened(event: { turnId: number; onsetMs: number }): void {
    this.#note("reopen", event);
    const turn = this.#turn!;
    expect([turn.id, turn.state, this.#isRevocable]).toEqual([event.turnId, "ended", true]);
    expect(event.onsetMs - turn.endedMs).toBeLessThanOrEqual(turnDefaults.revokeMs);
    expect(event.onsetMs).toBeGreaterThan(turn.speechEndMs);
    expect(this.#speechMs(160)).toBeGreaterThanOrEqual(turnDefaults.reopenSpeechMs);
    this.#checkOnset(event.onsetMs);
    if (this.#playback.isPlaying) this.#confirmedInPlayback.add(turn.id);
    turn.state = "open";
    this.#completeAtMs = NaN;
    turn.isTentative = false;
    turn.speechEndMs = this.#nowMs;
  }

  #note(name: string, event: object): void {
    expect(this.#isProtected, "no event in protected playback").toBe(false);
    this.log.push(`${name} ${JSON.stringify(event)}`);
  }

  #openTurn(turnId: number): Turn {
    expect(this.#turn?.state).toBe("open");
    expect(this.#turn?.id).toBe(turnId);
    return this.#turn!;
  }

  /** An onset is the begin of speech, or as far back as a pre-roll reaches. */
  #checkOnset(onsetMs: number): void {
    const backMs = this.#nowMs - onsetMs;
    expect(backMs).toBeGreaterThan(0);
    expect(backMs).toBeLessThanOrEqual(turnDefaults.prerollMsMax);
    if (backMs === turnDefaults.prerollMsMax) return;
    expect(this.#slots[onsetMs / 10]).toBe(true);
    const isFirst = onsetMs / 10 <= this.#memoryFrom || this.#slots[onsetMs / 10 - 1] !== true;
    expect(isFirst, "nothing was said right before the onset").toBe(true);
  }

  get #isProtected(): boolean {
    return this.#playback.isPlaying && !this.#playback.isInterruptible;
  }
  get #nowMs(): number {
    return this.#slots.length * 10;
  }
  get #silenceMs(): number {
    const last = this.#slots.lastIndexOf(true);
    return last < this.#memoryFrom ? Infinity : (this.#slots.length - 1 - last) * 10;
  }
  #speechMs(windowMs: number): number {
    const from = Math.max(this.#memoryFrom, this.#slots.length - windowMs / 10);
    return this.#slots.slice(from).filter(Boolean).length * 10;
  }
}

function must(condition: boolean, broken: string): void {
  if (!condition) throw new Error(broken);
}

function witnessed(acts: readonly Act[]): string[] {
  const witness = new Witness();
  for (const step of acts) witness.do(step);
  return witness.log;
}

const call = fc.array(act, { minLength: 1, maxLength: 60 });

it("keeps every promise about turns in any call", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(call, (acts) => {
      for (const line of witnessed(acts)) seen.add(/^\w+( .*"reason":"\w+)?/.exec(line)![0]);
    }),
    { numRuns: 1000 },
  );
  // The random calls must have met every kind of event, or the promise was not tried.
  for (const kind of ["start", "confirm", "reject", "reopen", "complete", "silence", "tooLong"]) {
    expect([...seen].some((line) => line.includes(kind))).toBe(true);
  }
});

it("reports the same for the same call", () => {
  fc.assert(
    fc.property(call, (acts) => {
      expect(witnessed(acts)).toEqual(witnessed(acts));
    }),
    { numRuns: 100 },
  );
});

it("does not care how the owner cuts frames, but for the moment of reporting", () => {
  // Speech and silence in whole 60 ms, fed as 10, 20, 30 or 60 ms frames: the same turns.
  const pieces = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 12 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(pieces, (script) => {
      const starts = [10, 20, 30, 60].map((frameMs) => {
        const ids: number[] = [];
        const ignore = () => undefined;
        const detector = createTurnDetector({
          sink: {
            speechStarted: (event) => ids.push(event.onsetMs),
            bargeInConfirmed: ignore,
            bargeInRejected: ignore,
            turnEnded: ignore,
            turnReopened: ignore,
          },
        });
        for (const [isSpeech, sixties] of script) {
          const count = (sixties * 60) / frameMs;
          for (let left = count; left > 0; left--) detector.frame(isSpeech, frameMs);
        }
        return ids[0];
      });
      expect(new Set(starts).size).toBe(1);
    }),
  );
});
