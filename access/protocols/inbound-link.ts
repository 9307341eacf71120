/**
 * How the audio of a peer comes in: whether its frames are late, against the quickest of the last
 * seconds, so that the clocks of both ends need not agree and may drift. Looks once a second of
 * audio, and says when the peer should send less, or may send more.
 */
import { AdaptiveRate, type RateChange } from "./adaptive-rate.js";

/** Later than the quickest by more than this is heard as a gap, or makes an answer slow. */
const lateMsMin = 60;
/** A link that got slower for good is taken for the new usual after so many seconds. */
const windowSeconds = 5;

export class InboundLink {
  readonly #adaptive: AdaptiveRate;
  readonly #rateHz: number;
  readonly #secondFrames: number;
  /** The least delay of each of the last seconds, newest last; of two clocks, so any number. */
  readonly #least: number[] = [];
  #leastNow = Infinity;
  #frames = 0;
  #late = 0;

  /** @param options.levelCount how many rates there are */
  constructor(options: {
    readonly levelCount: number;
    readonly rateHz: number;
    readonly frameMs: number;
  }) {
    this.#adaptive = new AdaptiveRate(options.levelCount);
    this.#rateHz = options.rateHz;
    this.#secondFrames = 1000 / options.frameMs;
  }

  /** A frame came in. @returns the change of rate that its second makes, if any */
  frame(mediaSamples: number, nowMs: number): RateChange | undefined {
    const delayMs = nowMs - (mediaSamples * 1000) / this.#rateHz;
    this.#leastNow = Math.min(this.#leastNow, delayMs);
    if (delayMs - Math.min(this.#leastNow, ...this.#least) > lateMsMin) this.#late += 1;
    this.#frames += 1;
    if (this.#frames < this.#secondFrames) return undefined;
    const lateShare = this.#late / this.#frames;
    this.#least.push(this.#leastNow);
    if (this.#least.length > windowSeconds) this.#least.shift();
    [this.#frames, this.#late, this.#leastNow] = [0, 0, Infinity];
    return this.#adaptive.second({ lateShare, queuedMs: 0 });
  }
}
