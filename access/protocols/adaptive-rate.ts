/**
 * How much of the sound is sent while the link changes: less at once when it degrades, more again
 * after it was good for a while. A step up that did not hold doubles the wait for the next one.
 * Pure: its owner looks once a second of audio.
 */
export type LinkReading = {
  /** Share of the newest frames that came too late to be played on time, as the peer says. */
  readonly lateShare: number;
  /** What waits to be sent, in ms of sound. */
  readonly queuedMs: number;
};

export type RateChange = {
  /** Index into the rates, 0 is the best. */
  readonly level: number;
  readonly why: "lateFrames" | "sendQueue" | "recovered";
};

const lateShareMax = 0.04;
/** What waits longer than this grows. */
const queuedMsMax = 200;
const goodSecondsMin = 5;
const goodSecondsMax = 60;

export class AdaptiveRate {
  readonly #levelMax: number;
  #level = 0;
  #goodSeconds = 0;
  #neededSeconds = goodSecondsMin;
  #sinceRaise = Infinity;

  /** @param levelCount how many rates there are */
  constructor(levelCount: number) {
    this.#levelMax = levelCount - 1;
  }

  get level(): number {
    return this.#level;
  }

  /** Takes a second's reading. @returns the change that it makes, if any */
  second({ lateShare, queuedMs }: LinkReading): RateChange | undefined {
    this.#sinceRaise += 1;
    if (lateShare > lateShareMax || queuedMs > queuedMsMax) {
      return this.#bad(queuedMs > queuedMsMax ? "sendQueue" : "lateFrames");
    }
    this.#goodSeconds += 1;
    if (this.#level === 0 || this.#goodSeconds < this.#neededSeconds) return undefined;
    this.#goodSeconds = 0;
    this.#sinceRaise = 0;
    this.#level -= 1;
    return { level: this.#level, why: "recovered" };
  }

  #bad(why: "lateFrames" | "sendQueue"): RateChange | undefined {
    this.#goodSeconds = 0;
    // It was tried too early.
    if (this.#sinceRaise <= goodSecondsMin) {
      this.#neededSeconds = Math.min(goodSecondsMax, this.#neededSeconds * 2);
    }
    this.#sinceRaise = Infinity;
    if (this.#level === this.#levelMax) return undefined;
    this.#level += 1;
    return { level: this.#level, why };
  }
}
