/**
 * The agent's side of the line as the callee's ear gets it: an unbroken row of 20 ms frames. What
 * the playout buffer plays is put where it sounds, and what nobody sends is silence.
 *
 *     played   [a][b][c]            [d][e]
 *     line     [a][b][c][ ][ ][ ][ ][d][e][ ][ ] …
 */
import type { PlayedFrame } from "../../access/client/media-client.js";
import { codecOf, frameSamples, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { rmsDbfs } from "../../codecs/audio/level.js";

/** One frame of the line. */
export type LineFrame = {
  /** Valid during the call only. */
  readonly samples: Int16Array;
  /** When it sounds. */
  readonly atMs: number;
  /** Loud enough to be heard. */
  readonly isAudible: boolean;
};

const FRAME_MS = 20;
/** Quieter frames are silence to an ear: the agent's prompts are levelled to −20 dBFS. */
const AUDIBLE_DBFS = -50;
/** Silence is only believed this late, when no frame can sound before it any more. */
const SETTLE_MS = 60;
/** Played frames may come this early or late without tearing the row. */
const SLACK_MS = FRAME_MS / 2;

export class HeardLine {
  readonly #format: AudioFormat;
  readonly #frame: Int16Array;
  readonly #silence: Int16Array;
  readonly #sink: (frame: LineFrame) => void;
  /** End of the row so far; undefined before the line is open. */
  #endMs: number | undefined;
  #lateGaps = 0;
  #lastPlayedEndMs = -Infinity;

  constructor(format: AudioFormat, sink: (frame: LineFrame) => void) {
    this.#format = format;
    const samples = frameSamples(format.rateHz, FRAME_MS);
    this.#frame = new Int16Array(samples);
    this.#silence = new Int16Array(samples);
    this.#sink = sink;
  }

  /** Short pauses between played frames: audio that came too late to sound in a row. */
  get lateGaps(): number {
    return this.#lateGaps;
  }

  /** The line is open from now on. */
  open(nowMs: number): void {
    this.#endMs ??= nowMs;
  }

  /**
   * A frame sounds. Frames of any length up to 20 ms are taken; a shorter one ends in silence.
   *
   * @returns whether it is audible
   */
  played(frame: PlayedFrame): boolean {
    this.#countGap(frame.playedMs);
    this.#lastPlayedEndMs = frame.playedMs + frame.durationMs;
    this.open(frame.playedMs);
    this.#fillUntil(frame.playedMs + SLACK_MS);
    this.#frame.fill(0);
    codecOf(this.#format.codec).decode(frame.payload, this.#frame);
    const isAudible = rmsDbfs(this.#frame) > AUDIBLE_DBFS;
    this.#push({ samples: this.#frame, atMs: frame.playedMs, isAudible });
    return isAudible;
  }

  /** Time goes on, whether anything sounds or not. */
  tick(nowMs: number): void {
    if (this.#endMs !== undefined) this.#fillUntil(nowMs - SETTLE_MS);
  }

  #countGap(playedMs: number): void {
    const gapMs = playedMs - this.#lastPlayedEndMs;
    // Prompts end and begin at least this far apart; a gap within one is far shorter.
    if (gapMs > 2 && gapMs < 2 * FRAME_MS) this.#lateGaps += 1;
  }

  #fillUntil(untilMs: number): void {
    while (this.#endMs! + FRAME_MS <= untilMs) {
      this.#push({ samples: this.#silence, atMs: this.#endMs!, isAudible: false });
    }
  }

  #push(frame: LineFrame): void {
    this.#endMs = frame.atMs + FRAME_MS;
    this.#sink(frame);
  }
}
