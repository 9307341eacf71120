/**
 * Opus on one stream of the native protocol, the engine's end: packets out at a rate that follows
 * the link, by what the peer reports and what waits to be sent.
 */
import { OPUS_RATES, type OpusLine, type OpusRate } from "../../codecs/audio/opus-line.js";
import type { ReportMessage } from "../../codecs/wire/native-control.js";
import { AdaptiveRate, type RateChange } from "./adaptive-rate.js";

/** A change of the rate, for a log. */
export type OpusChange = RateChange & OpusRate;

export class OpusLeg {
  readonly line: OpusLine;
  readonly #secondFrames: number;
  readonly #adaptive = new AdaptiveRate(OPUS_RATES.length);
  readonly #queuedBytes: () => number;
  readonly #changed: (change: OpusChange) => void;
  #frames = 0;
  #late = 0;
  #received = 0;

  constructor(options: {
    readonly line: OpusLine;
    /** Of what is encoded. */
    readonly frameMs: number;
    /** What waits on the connection. */
    readonly queuedBytes: () => number;
    readonly changed: (change: OpusChange) => void;
  }) {
    this.line = options.line;
    this.#secondFrames = 1000 / options.frameMs;
    this.#queuedBytes = options.queuedBytes;
    this.#changed = options.changed;
  }

  encode(frame: Uint8Array): Uint8Array {
    this.#frames += 1;
    if (this.#frames % this.#secondFrames === 0) this.#second();
    return this.line.encode(frame);
  }

  /** What the peer says of the audio that it got since its last report. */
  report({ late, received }: Readonly<ReportMessage>): void {
    this.#late += late;
    this.#received += received;
  }

  #second(): void {
    const { bitsPerSecond } = OPUS_RATES[this.#adaptive.level]!;
    const queuedMs = (this.#queuedBytes() * 8000) / bitsPerSecond;
    const lateShare = this.#received === 0 ? 0 : this.#late / this.#received;
    [this.#late, this.#received] = [0, 0];
    const change = this.#adaptive.second({ lateShare, queuedMs });
    if (change === undefined) return;
    const rate = OPUS_RATES[change.level]!;
    this.line.setRate(rate);
    this.#changed({ ...change, ...rate });
  }
}
