/**
 * The callee's end of the line: the way from the gateway to the ear with its delays, and what is
 * heard there. In order as a socket is, so everything is known when it is sent; no timers but for
 * the marks.
 *
 * It judges: one voice at a time, nothing that was cleared, nothing after the hang-up, no more
 * audio waiting than the playout's lead explains.
 */
import type { Scheduler, Timer } from "../../base/ports.js";
import type { FaultDesk } from "./fault-plan.js";

const frameMs = 20;
/** Playout lead, delay of the way and stalls of it; two voices at once pile up beyond. */
const backlogMsMax = 500;

/** One stretch of one utterance, as it is heard. */
type Heard = { readonly utterance: number; readonly startMs: number; endMs: number };

/** A frame on its way, and what was heard before it. */
type Flying = {
  readonly arrivalMs: number;
  readonly before: (Said & { readonly utterance: number }) | undefined;
};

export type EarOptions = {
  readonly time: Scheduler & { nowMs(): number };
  readonly faults: FaultDesk;
  /** Delay of the way, fixed for the call. */
  readonly delayMs: number;
  readonly violated: (rule: string, what: string) => void;
  readonly markReached: (name: string) => void;
  /** False where a doubled notice has given the voice more room than there was. */
  readonly isExact: () => boolean;
  /** What a frame of ours says; undefined for what is no speech of ours. */
  readonly read: (payload: Uint8Array) => Said | undefined;
};

/** A sentence by its number, and which frame of it. */
export type Said = { readonly text: number; readonly frame: number };

export class Ear {
  readonly #options: EarOptions;
  #heard: Heard[] = [];
  #lastArrivalMs = 0;
  #playedUntilMs = 0;
  #clearedUpTo = 0;
  #newestUtterance = 0;
  #isClosed = false;
  /** An interruption was confirmed: from then on these must be silent. */
  #silenceDue: { readonly utterance: number; readonly fromMs: number } | undefined;
  readonly #marks = new Map<string, Timer>();
  #lastFrame: (Said & { readonly utterance: number }) | undefined;
  /** Something was lost on the way: the next frame may be any. */
  #isBroken = false;
  #sentFrames = 0;
  /** Frames that may still be on their way. */
  #flying: Flying[] = [];
  heardFrames = 0;

  constructor(options: EarOptions) {
    this.#options = options;
  }

  /** When all that is on its way has been heard. */
  get playedUntilMs(): number {
    return this.#playedUntilMs;
  }

  /** The utterance that sounds at `nowMs`. */
  soundingAt(nowMs: number): number | undefined {
    return this.#heard.find((one) => one.startMs <= nowMs && nowMs < one.endMs)?.utterance;
  }

  /** Audio of ours came to somebody who has no right to it. */
  strange(): void {
    this.#options.violated("stranger-heard", "a second phone hears the call");
  }

  /** Frames of ours that have arrived, on all connections. */
  get arrivedFrames(): number {
    const nowMs = this.#options.time.nowMs();
    return this.#sentFrames - this.#flying.filter(({ arrivalMs }) => arrivalMs > nowMs).length;
  }

  /** @param payload 20 ms of audio */
  frame(utterance: number, payload: Uint8Array): void {
    const before = this.#lastFrame;
    this.#judgeContent(utterance, payload);
    const fault = this.#options.faults.pass("frameOut");
    if (fault?.mode === "drop") return void (this.#sentFrames += 1);
    const arrivalMs = this.#arrive(fault?.mode === "stall" ? fault.durationMs : 0);
    this.#sentFrames += 1;
    this.#fly({ arrivalMs, before });
    if (this.#isClosed) return this.#options.violated("after-hangup", `a frame of u${utterance}`);
    if (utterance <= this.#clearedUpTo) {
      const what = `a frame of u${utterance} after clear(${this.#clearedUpTo})`;
      return this.#options.violated("cleared-spoken", what);
    }
    if (utterance < this.#newestUtterance && this.#options.isExact()) {
      const what = `u${utterance} after u${this.#newestUtterance} began`;
      this.#options.violated("overlap", what);
    }
    this.#newestUtterance = Math.max(this.#newestUtterance, utterance);
    this.#play(utterance, Math.max(arrivalMs, this.#playedUntilMs));
    const backlogMs = this.#playedUntilMs - arrivalMs;
    if (backlogMs > backlogMsMax) {
      this.#options.violated("overlap", `${backlogMs} ms of audio wait at the ear`);
    }
  }

  clear(utterance: number): void {
    const arrivalMs = this.#arrive(0);
    this.#clearedUpTo = Math.max(this.#clearedUpTo, utterance);
    this.#cut(arrivalMs, utterance);
    for (const timer of this.#marks.values()) timer.cancel();
    this.#marks.clear();
  }

  /** The peer sends the mark back when all before it was heard. */
  mark(name: string): void {
    const backAtMs = Math.max(this.#arrive(0), this.#playedUntilMs);
    const fault = this.#options.faults.pass("mark");
    if (fault?.mode === "drop") return;
    const extraMs = fault?.mode === "delay" ? fault.durationMs : 0;
    const dueMs = backAtMs + extraMs - this.#options.time.nowMs();
    const reached = (): void => {
      this.#marks.delete(name);
      this.#options.markReached(name);
      if (fault?.mode === "repeat") this.#options.markReached(name);
    };
    this.#marks.set(name, this.#options.time.after(dueMs, reached));
  }

  /** The connection broke: what is on its way is lost; what arrived plays on. */
  lineLost(): void {
    const nowMs = this.#options.time.nowMs();
    const lost = this.#flying.filter(({ arrivalMs }) => arrivalMs > nowMs);
    this.#sentFrames -= lost.length;
    if (lost[0] !== undefined) this.#lastFrame = lost[0].before;
    this.#flying = [];
    this.#takeBack(lost.length);
    for (const timer of this.#marks.values()) timer.cancel();
    this.#marks.clear();
    this.#lastArrivalMs = 0;
    this.#silenceDue = undefined;
  }

  /** Another gateway speaks, which counts from nothing; what it says begins from its beginning. */
  beganAnew(): void {
    this.#sentFrames = 0;
    this.#flying = [];
  }

  /** What comes next is not what would follow what arrived: some of it again, or some left out. */
  goOnFrom(frame: number): void {
    const what = `goes on from frame ${frame}, ${this.#sentFrames} had arrived`;
    this.#options.violated("resume-media", what);
    this.#sentFrames = frame;
    this.#isBroken = true;
  }

  /** The line is closed by us: the callee hears what arrived before. */
  hungUp(): void {
    this.#cut(this.#arrive(0), Number.POSITIVE_INFINITY);
    this.close();
  }

  /** The callee hung up: nothing is heard any more, and what is on its way is nobody's fault. */
  close(): void {
    this.#isClosed = true;
    this.#cut(this.#options.time.nowMs(), Number.POSITIVE_INFINITY);
    for (const timer of this.#marks.values()) timer.cancel();
    this.#marks.clear();
  }

  /** The callee's interruption is confirmed: all up to `utterance` must be silent by `fromMs`. */
  mustBeSilent(utterance: number, fromMs: number): void {
    this.#judgeSilence();
    this.#silenceDue = { utterance, fromMs };
  }

  /** Judges what is left to judge. */
  finish(): void {
    this.#judgeSilence();
  }

  /** Forgets what was heard before `beforeMs`. */
  forget(beforeMs: number): void {
    if (this.#silenceDue !== undefined) return;
    while (this.#heard[0] !== undefined && this.#heard[0].endMs < beforeMs) this.#heard.shift();
  }

  /** Judges the last confirmed interruption once its time is over. */
  judgeUntil(nowMs: number): void {
    const due = this.#silenceDue;
    if (due !== undefined && nowMs > due.fromMs + 1000) this.#judgeSilence();
  }

  #judgeSilence(): void {
    const due = this.#silenceDue;
    this.#silenceDue = undefined;
    if (due === undefined) return;
    const late = this.#heard.find(
      (one) => one.utterance <= due.utterance && one.endMs > due.fromMs,
    );
    if (late === undefined) return;
    const overMs = Math.round(late.endMs - due.fromMs);
    this.#options.violated("barge-in", `u${late.utterance} sounds ${overMs} ms beyond the limit`);
  }

  /** A sentence is heard from its beginning, frame by frame, none twice and none left out. */
  #judgeContent(utterance: number, payload: Uint8Array): void {
    const heard = this.#options.read(payload);
    const last = this.#lastFrame;
    this.#lastFrame = heard === undefined ? undefined : { utterance, ...heard };
    if (heard === undefined) return;
    const isNext =
      last?.utterance === utterance && last.text === heard.text && heard.frame === last.frame + 1;
    if (isNext || heard.frame === 0) return void (this.#isBroken = false);
    if (this.#isBroken || !this.#options.isExact()) return void (this.#isBroken = false);
    const before = last === undefined ? "nothing" : `frame ${last.frame} of u${last.utterance}`;
    this.#options.violated("garbled", `frame ${heard.frame} of u${utterance} after ${before}`);
  }

  #fly(frame: Flying): void {
    const nowMs = this.#options.time.nowMs();
    while (this.#flying[0] !== undefined && this.#flying[0].arrivalMs <= nowMs) {
      this.#flying.shift();
    }
    this.#flying.push(frame);
  }

  /** The newest frames will not be heard after all. */
  #takeBack(frames: number): void {
    for (let left = frames; left > 0; left -= 1) {
      const last = this.#heard.at(-1);
      if (last === undefined) break;
      last.endMs -= frameMs;
      if (last.endMs <= last.startMs) this.#heard.pop();
    }
    this.#playedUntilMs = this.#heard.at(-1)?.endMs ?? 0;
  }

  #arrive(extraMs: number): number {
    const arrivalMs = this.#options.time.nowMs() + this.#options.delayMs + extraMs;
    return (this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs));
  }

  #play(utterance: number, startMs: number): void {
    this.heardFrames += 1;
    this.#playedUntilMs = startMs + frameMs;
    const last = this.#heard.at(-1);
    if (last?.utterance === utterance && last.endMs === startMs) last.endMs += frameMs;
    else this.#heard.push({ utterance, startMs, endMs: startMs + frameMs });
  }

  /** Takes away what would be heard of utterances ≤ `utterance` from `fromMs` on. */
  #cut(fromMs: number, utterance: number): void {
    for (const one of this.#heard) {
      if (one.utterance <= utterance) one.endMs = Math.min(one.endMs, fromMs);
    }
    this.#heard = this.#heard.filter((one) => one.endMs > one.startMs);
    this.#playedUntilMs = Math.max(fromMs, this.#heard.at(-1)?.endMs ?? 0);
  }
}
