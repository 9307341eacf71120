/** What the generator counts in one window. */
import { Histogram } from "../../base/histogram.js";
import type { LoadReport } from "./messages.js";

/** Enough to see what goes wrong. */
const brokenKept = 10;

export class LoadStats {
  readonly late = new Histogram();
  readonly gap = new Histogram();
  readonly roundTrip = new Histogram();
  readonly answer = new Histogram();
  readonly away = new Histogram();
  sentFrames = 0;
  heardFrames = 0;
  blockedFrames = 0;
  #contents = new Map<string, number>();
  #utterances = 0;
  #broken: string[] = [];
  #brokenCount = 0;

  begin(): void {
    const { late, gap, roundTrip, answer, away } = this;
    for (const histogram of [late, gap, roundTrip, answer, away]) histogram.reset();
    this.sentFrames = this.heardFrames = this.blockedFrames = 0;
    this.#contents = new Map();
    this.#utterances = this.#brokenCount = 0;
    this.#broken = [];
  }

  /** An utterance was heard whole. */
  utterance(content: string): void {
    this.#utterances += 1;
    this.#contents.set(content, (this.#contents.get(content) ?? 0) + 1);
  }

  broke(what: string): void {
    this.#brokenCount += 1;
    if (this.#broken.length < brokenKept) this.#broken.push(what);
  }

  report(): LoadReport {
    return {
      sentFrames: this.sentFrames,
      heardFrames: this.heardFrames,
      lateMs: this.late.summary(),
      gapMs: this.gap.summary(),
      roundTripMs: this.roundTrip.summary(),
      answerMs: this.answer.summary(),
      awayMs: this.away.summary(),
      utterances: this.#utterances,
      contents: Object.fromEntries(this.#contents),
      broken: this.#broken,
      brokenCount: this.#brokenCount,
      blockedFrames: this.blockedFrames,
    };
  }
}
