/**
 * A caller of the turns bench: waits for a prompt, does the next exercise, and notes by its own
 * clock what came of it. Pure: whoever owns it brings the time. A frame that is sent at its
 * deadline was spoken in the 20 ms before.
 */
import type { Exercise, Outcome } from "./exercise.js";

const frameMs = 20;
/** Nothing came: the exercise is over without an answer. */
const answerMsMax = 6000;
/** A prompt that went on this long after it was talked over was not stopped by it. */
const silenceMsMax = 3000;
/** A shorter gap between two frames of ours is the network's. */
const pauseMsMin = 60;
/** Whoever waits for so long has been interrupted, also when they go on. */
const pauseMsMax = 400;

/** What is sent now: a frame of a clip, or of the empty line. */
export type Sent = { readonly clip: string; readonly frame: number } | undefined;

/** A frame of an utterance of ours came; it sounds at `soundsAtMs`, unless it is taken back. */
export type Heard = {
  readonly utterance: number;
  readonly isAudible: boolean;
  readonly soundsAtMs: number;
};

type Doing = {
  readonly exercise: Exercise;
  /** When its first frame was sent; undefined while it waits. */
  beganMs: number | undefined;
  /** The newest utterance of ours when it began. */
  utterance: number;
  isPremature: boolean;
  /** First audible frame of the newest answer, and whose it was. */
  answer: { readonly utterance: number; readonly atMs: number } | undefined;
  /** Since when we are silent, for as long as we are. */
  silentAtMs: number | undefined;
  framesAfter: number;
  /** How long we paused, and went on where we were. */
  pauseMs: number | undefined;
};

export class Examinee {
  readonly #exercises: Exercise[];
  readonly outcomes: Outcome[] = [];
  #doing: Doing | undefined;
  #startAtMs = Infinity;
  #utterance = 0;
  /** Until when there is something to be heard of us. */
  #heardUntilMs = -Infinity;
  #isPromptOver = true;

  /** @param exercises shared between the callers of a room: each takes the next one */
  constructor(exercises: Exercise[]) {
    this.#exercises = exercises;
  }

  /** All exercises are done, and this caller's own as well. */
  get isDone(): boolean {
    return this.#exercises.length === 0 && this.#doing === undefined;
  }

  /** What to send at `nowMs`. */
  next(nowMs: number): Sent {
    const doing = this.#doing;
    if (doing === undefined) return undefined;
    if (doing.beganMs === undefined && nowMs >= this.#startAtMs) this.#begin(doing, nowMs);
    if (doing.beganMs === undefined) return undefined;
    this.#judge(doing, nowMs);
    const frame = Math.round((nowMs - doing.beganMs) / frameMs);
    const { clip, endMs } = doing.exercise;
    return frame < Math.ceil(endMs / frameMs) ? { clip, frame } : undefined;
  }

  heard({ utterance, isAudible, soundsAtMs }: Heard): void {
    this.#notePause(utterance, soundsAtMs);
    this.#heardUntilMs = soundsAtMs + frameMs;
    if (utterance > this.#utterance) {
      this.#utterance = utterance;
      this.#promptBegan(soundsAtMs);
    }
    const doing = this.#doing;
    if (doing?.beganMs === undefined || utterance <= doing.utterance) return;
    if (doing.silentAtMs !== undefined) doing.framesAfter += 1;
    if (isAudible && doing.answer?.utterance !== utterance) {
      doing.answer = { utterance, atMs: soundsAtMs };
    }
  }

  /** What was being heard was taken back. */
  cleared(nowMs: number): void {
    const doing = this.#doing;
    if (doing?.beganMs === undefined) return;
    const { exercise, beganMs } = doing;
    // Cleared while it waited: silent since it began to wait.
    const isCut = this.#heardUntilMs > beganMs && !this.#isPromptOver;
    if (!exercise.isAnswer && isCut) doing.silentAtMs ??= Math.min(nowMs, this.#heardUntilMs);
    this.#heardUntilMs = Math.min(nowMs, this.#heardUntilMs);
    const { answer } = doing;
    if (answer !== undefined && answer.atMs < Math.min(nowMs, endOf(doing))) {
      doing.isPremature = true;
    }
    // It is no answer any more: what follows may be.
    doing.answer = undefined;
    doing.utterance = this.#utterance;
  }

  /** All that was said so far has sounded. */
  promptEnded(nowMs: number): void {
    this.#isPromptOver = true;
    const doing = this.#doing;
    if (doing?.beganMs !== undefined) return this.#ended(doing, nowMs);
    this.#doing ??= this.#take(true);
    if (this.#doing?.exercise.isAnswer === true) {
      this.#startAtMs = nowMs + this.#doing.exercise.waitMs;
    }
  }

  /** The same utterance goes on after a gap: it waited, and was not interrupted unless for long. */
  #notePause(utterance: number, soundsAtMs: number): void {
    const doing = this.#doing;
    const gapMs = soundsAtMs - this.#heardUntilMs;
    const isSame = utterance === this.#utterance && !this.#isPromptOver;
    if (doing?.beganMs === undefined || !isSame || gapMs < pauseMsMin) return;
    doing.pauseMs = Math.max(doing.pauseMs ?? 0, gapMs);
    if (gapMs >= pauseMsMax) doing.silentAtMs ??= this.#heardUntilMs;
  }

  #promptBegan(soundsAtMs: number): void {
    this.#isPromptOver = false;
    if (this.#doing?.exercise.isAnswer === true) {
      // More is said than was thought.
      this.#startAtMs = Infinity;
      return;
    }
    this.#doing ??= this.#take(false);
    if (this.#doing !== undefined && this.#doing.beganMs === undefined) {
      this.#startAtMs = soundsAtMs + this.#doing.exercise.waitMs;
    }
  }

  /** The next one of its kind; answers wait for the end of a prompt. */
  #take(isAnswer: boolean): Doing | undefined {
    const at = this.#exercises.findIndex((one) => one.isAnswer === isAnswer);
    const [exercise] = at < 0 ? [] : this.#exercises.splice(at, 1);
    if (exercise === undefined) return undefined;
    return {
      exercise,
      beganMs: undefined,
      utterance: 0,
      isPremature: false,
      answer: undefined,
      silentAtMs: undefined,
      framesAfter: 0,
      pauseMs: undefined,
    };
  }

  #begin(doing: Doing, nowMs: number): void {
    doing.beganMs = nowMs;
    doing.utterance = this.#utterance;
    this.#startAtMs = Infinity;
  }

  /** Whether all is known about it. */
  #judge(doing: Doing, nowMs: number): void {
    const sinceEndMs = nowMs - endOf(doing);
    if (sinceEndMs < 0) return;
    if (doing.exercise.isAnswer) {
      const isAnswered = doing.answer !== undefined && doing.answer.atMs < nowMs - 700;
      if (isAnswered || sinceEndMs > answerMsMax) this.#over(doing);
    } else if (doing.silentAtMs !== undefined) {
      // Interrupted: what we say next is the next prompt.
      if (nowMs - doing.silentAtMs > silenceMsMax) this.#over(doing);
    } else if (sinceEndMs > silenceMsMax) this.#over(doing);
  }

  #ended(doing: Doing, nowMs: number): void {
    if (nowMs < endOf(doing)) return;
    if (!doing.exercise.isAnswer) return this.#over(doing);
    if (doing.answer === undefined) return;
    this.#over(doing);
    this.promptEnded(nowMs);
  }

  #over(doing: Doing): void {
    const { exercise, answer, silentAtMs, framesAfter, pauseMs } = doing;
    const endMs = endOf(doing);
    const isLate = answer !== undefined && answer.atMs >= endMs;
    const isPremature = doing.isPremature || (answer !== undefined && !isLate);
    const onsetMs = doing.beganMs! - frameMs + exercise.onsetMs;
    this.outcomes.push({
      id: exercise.id,
      isPremature,
      framesAfter,
      ...(isLate ? { responseMs: answer.atMs - endMs } : {}),
      ...(silentAtMs === undefined ? {} : { silentMs: silentAtMs - onsetMs }),
      ...(pauseMs === undefined ? {} : { pauseMs }),
    });
    this.#doing = undefined;
  }
}

/** When the last sample was spoken. */
function endOf({ exercise, beganMs }: Doing): number {
  return beganMs! - frameMs + exercise.endMs;
}
