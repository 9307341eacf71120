/** Who speaks on a line, and what they do at what they hear. One per call; 20 ms a step. */
import type { StoredClip } from "./audio-store.js";
import type { CallerKind } from "./messages.js";

export interface Caller {
  /** The frame to send now, as a number in the store. */
  next(): number;
  /** A frame of the engine's: the nth of its utterance, from 1. */
  heard(nth: number): void;
  /** A prompt has sounded to its end; returns the key to press, if any. */
  promptEnded(): string | undefined;
  /** Whether the frame that `next` gave last is the one that makes the engine fall silent. */
  readonly isTrigger: boolean;
  /** The name of what was said, when the frame that `next` gave last was its end. */
  readonly saidNow: string | undefined;
}

export type CallerOptions = {
  /** The first is silence. */
  readonly clips: readonly StoredClip[];
  /** Sets the callers of a run apart. */
  readonly callNumber: number;
  readonly triggerFrames: number;
};

export function createCaller(
  kind: Exclude<CallerKind, "examinee">,
  options: CallerOptions,
): Caller {
  if (kind === "talker") return new Talker(options);
  return kind === "stream" ? new StreamCaller(options) : new Interrupter(options);
}

/** Pauses are this much longer than what was said: 40 % of the time is speech. */
const pauseShare = 1.5;

/** Speaks and pauses whatever it hears; takes every question as a reason to press 1. */
class StreamCaller implements Caller {
  readonly isTrigger = false;
  readonly saidNow = undefined;
  readonly #clips: readonly StoredClip[];
  #clip: StoredClip;
  #at: number;
  #isSpeaking = false;
  #turn: number;
  #pauseFrames = 0;

  constructor({ clips, callNumber }: CallerOptions) {
    this.#clips = clips;
    this.#clip = clips[0]!;
    this.#turn = callNumber;
    // The first pause is of any length, so that callers do not speak in chorus.
    this.#at = (callNumber * 37) % 150;
    this.#pauseFrames = 150;
  }

  next(): number {
    const { first, count } = this.#clip;
    const index = first + (this.#at % count);
    this.#at += 1;
    if (this.#at >= (this.#isSpeaking ? count : this.#pauseFrames)) this.#change();
    return index;
  }

  heard(): void {}

  promptEnded(): string {
    return "1";
  }

  #change(): void {
    const speeches = this.#clips.length - 1;
    this.#isSpeaking = !this.#isSpeaking && speeches > 0;
    this.#at = 0;
    if (this.#isSpeaking) {
      this.#turn += 1;
      this.#clip = this.#clips[1 + (this.#turn % speeches)]!;
      this.#pauseFrames = Math.round(this.#clip.count * pauseShare);
    } else {
      this.#clip = this.#clips[0]!;
    }
  }
}

/** A prompt is interrupted when so much of it was heard. */
const patienceFrames = 40;

/** Silent until a prompt has played for a while, then says clip 1 once, and waits for the next. */
class Interrupter implements Caller {
  isTrigger = false;
  readonly saidNow = undefined;
  readonly #silence: StoredClip;
  readonly #speech: StoredClip;
  readonly #triggerFrames: number;
  readonly #patience: number;
  #at = 0;
  #isSpeaking = false;

  constructor({ clips, callNumber, triggerFrames }: CallerOptions) {
    this.#silence = clips[0]!;
    this.#speech = clips[1] ?? clips[0]!;
    this.#triggerFrames = triggerFrames;
    this.#patience = patienceFrames + (callNumber % 20);
  }

  next(): number {
    const clip = this.#isSpeaking ? this.#speech : this.#silence;
    const index = clip.first + (this.#at % clip.count);
    this.#at += 1;
    this.isTrigger = this.#isSpeaking && this.#at === this.#triggerFrames;
    if (this.#isSpeaking && this.#at === clip.count) {
      this.#isSpeaking = false;
      this.#at = 0;
    }
    return index;
  }

  heard(nth: number): void {
    if (this.#isSpeaking || nth !== this.#patience) return;
    this.#isSpeaking = true;
    this.#at = 0;
  }

  promptEnded(): string {
    return "1";
  }
}

/** From the end of a question to the begin of the answer. */
const thinkFrames = 15;

/** Answers every question, one after the other, and says nothing that was not asked. */
class Talker implements Caller {
  readonly isTrigger = false;
  saidNow: string | undefined;
  readonly #clips: readonly StoredClip[];
  #clip: StoredClip;
  #at = 0;
  #turn: number;
  /** Until the answer begins; 0: it is not due. */
  #thinkFrames = 0;

  constructor({ clips, callNumber }: CallerOptions) {
    this.#clips = clips;
    this.#clip = clips[0]!;
    this.#turn = callNumber;
  }

  next(): number {
    if (this.#thinkFrames > 0 && --this.#thinkFrames === 0) this.#speak();
    const { first, count, name } = this.#clip;
    const index = first + (this.#at % count);
    this.#at += 1;
    this.saidNow = undefined;
    if (this.#clip !== this.#clips[0] && this.#at === count) {
      this.saidNow = name;
      this.#clip = this.#clips[0]!;
      this.#at = 0;
    }
    return index;
  }

  /** More is said than was thought: it is heard out first. */
  heard(): void {
    this.#thinkFrames = 0;
  }

  promptEnded(): undefined {
    this.#thinkFrames = thinkFrames + (this.#turn % 5);
  }

  #speak(): void {
    const speeches = this.#clips.length - 1;
    this.#turn += 1;
    this.#clip = this.#clips[1 + (this.#turn % speeches)]!;
    this.#at = 0;
  }
}
