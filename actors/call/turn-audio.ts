/**
 * What the recogniser hears of a leg: the moments before a turn, and then the turn itself, in
 * pieces as long as the recogniser sends them on. Each is handed over when the recogniser can send
 * it, so nothing comes later for it, and what a piece costs is paid once and not for every frame.
 */
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { turnDefaults } from "../../speech/turn/turn-tuning.js";
import { AudioHistory } from "./audio-history.js";
import type { RecognizerMessage } from "./messages.js";
import { SharedSamples } from "./shared-samples.js";

/**
 * Audio before the onset: it helps the recogniser with the first sound, and shows it what the line
 * sounds like. On a noisy line 49 of 64 answers were understood with it, 43 with half as much.
 */
export const leadInMs = 300;

/** Longer pieces than this are not gathered: what gathers lies in the history. */
const batchMsMax = 200;

const scratch = new SharedSamples();

/** What the recogniser is lent. */
type Piece = Extract<RecognizerMessage, { kind: "audio" }>;

export function turnAudioFor(
  recognizer: Pick<Recognizer, "batchMs"> | undefined,
  rateHz: number,
): TurnAudio {
  const historyMs = turnDefaults.prerollMsMax + leadInMs;
  return new TurnAudio({ rateHz, historyMs, batchMs: recognizer?.batchMs ?? 0 });
}

export class TurnAudio {
  readonly #history: AudioHistory;
  readonly #samplesPerMs: number;
  readonly #batchSamples: number;
  /** What is handed over; one object for all. */
  readonly #piece = { kind: "audio" as const, turnId: 0, samples: new Int16Array(0) as Int16Array };
  #isOpen = false;
  /** Of the open stretch: handed over, and heard since. */
  #given = 0;
  #pending = 0;

  /**
   * @param options.historyMs how far back `open` can reach
   * @param options.batchMs how much the recogniser sends at once; 0: every frame
   */
  constructor(options: {
    readonly rateHz: number;
    readonly historyMs: number;
    readonly batchMs: number;
  }) {
    const { rateHz, historyMs, batchMs } = options;
    this.#samplesPerMs = rateHz / 1000;
    this.#history = new AudioHistory(historyMs * this.#samplesPerMs);
    this.#batchSamples = Math.min(batchMs, batchMsMax) * this.#samplesPerMs;
  }

  /** The next frame of the leg, of a turn or not; copied. */
  hear(frame: Int16Array): void {
    this.#history.push(frame);
    if (this.#isOpen) this.#pending += frame.length;
  }

  /** The newest `ms` of the leg, of a turn or not: fewer where less was heard. */
  last(ms: number): Int16Array {
    return this.#history.last(ms * this.#samplesPerMs);
  }

  /** A stretch of speech begins, or goes on after a pause, `ms` ago: what was heard since. */
  open(turnId: number, ms: number): Piece {
    const samples = this.#history.last(ms * this.#samplesPerMs);
    this.#isOpen = true;
    this.#piece.turnId = turnId;
    this.#given = samples.length;
    this.#pending = 0;
    return { kind: "audio", turnId, samples };
  }

  /**
   * What is to be handed over now, if anything: it is there until the next piece of any leg.
   *
   * @param frame the newest, as `hear` had it
   */
  due(frame: Int16Array): Piece | undefined {
    const batch = this.#batchSamples;
    const heard = this.#given + this.#pending;
    if (this.#pending === 0) return undefined;
    const isDue = batch === 0 || Math.floor(heard / batch) > Math.floor(this.#given / batch);
    if (!isDue) return undefined;
    return this.#pending === frame.length ? this.#give(frame) : this.#giveRest();
  }

  /** No more audio of the stretch: what was not handed over yet, valid as that of `due`. */
  close(): Piece | undefined {
    this.#isOpen = false;
    return this.#pending > 0 ? this.#giveRest() : undefined;
  }

  #giveRest(): Piece {
    const rest = scratch.of(this.#pending);
    this.#history.copyLast(rest);
    return this.#give(rest);
  }

  #give(samples: Int16Array): Piece {
    this.#given += this.#pending;
    this.#pending = 0;
    this.#piece.samples = samples;
    return this.#piece;
  }
}

/** What a recogniser that is busy keeps of a piece. */
export function ownPiece(message: RecognizerMessage): RecognizerMessage {
  return message.kind === "audio" ? { ...message, samples: message.samples.slice() } : message;
}
