/**
 * Hears the agent's turns out of the line: where a prompt begins, where it is over, which it was.
 *
 *     line ──▶ VAD ──▶ turn detector ──▶ began … over
 *       └──▶ ear (from shortly before the onset) ──▶ partials: whole prompt? ──▶ which prompt
 *
 * Prompts have pauses inside. So silence ends one soon only when what was heard is a whole prompt;
 * without an ear it must be longer than any such pause.
 */
import { createTurnDetector, type TurnDetector } from "../../speech/turn/turn-detector.js";
import type { TurnTuning } from "../../speech/turn/turn-tuning.js";
import type { Vad } from "../../speech/vad/vad.js";
import type { LineFrame } from "./heard-line.js";
import type { PromptEar, PromptListening, Understood } from "./prompt-ear.js";

const FRAME_MS = 20;
/** Audio before the detected onset that the ear gets, too: consonants are detected late. */
const PREROLL_MS = 200;
/** Frames kept to look back at: the preroll, and the furthest an onset lies before its event. */
const PAST_FRAMES = 1000 / FRAME_MS;
/** Line times are looked up this far back: the longest silence that ends a prompt, and more. */
const TIMES_KEPT = 256;

/** One prompt, once it is over. Instants are the line's. */
export type HeardTurn = Understood & {
  readonly fromMs: number;
  readonly toMs: number;
  /** The engine dropped the rest. */
  readonly isCut: boolean;
};

export type ListenerSink = {
  /** The agent began to speak. */
  began(fromMs: number): void;
  /** The agent finished, and what was understood of it. */
  over(turn: HeardTurn): void;
};

export type ListenerOptions = {
  readonly vad: Vad;
  /** Absent: prompts are not understood. */
  readonly ear: PromptEar | undefined;
  readonly frameSamples: number;
  readonly sink: ListenerSink;
};

/** Lengths of silence that end a prompt, with and without an ear. */
function tuning(hasEar: boolean): Partial<TurnTuning> {
  const silenceMs = hasEar ? 1200 : 900;
  return {
    completeSilenceMs: 500,
    silenceMs,
    digitsSilenceMs: silenceMs,
    freeSilenceMs: silenceMs,
    unfinishedSilenceMs: silenceMs,
    unknownSilenceMs: silenceMs,
    turnMsMax: 60_000,
    // A prompt that goes on after its end is a new one to us.
    revokeMs: 10,
  };
}

type Open = {
  readonly fromMs: number;
  readonly listening: PromptListening | undefined;
};

export class AgentListener {
  readonly #options: ListenerOptions;
  readonly #detector: TurnDetector;
  readonly #past: Int16Array[];
  readonly #times = new Float64Array(TIMES_KEPT);
  #frames = 0;
  #lastAudibleEndMs = 0;
  #open: Open | undefined;
  #isClosed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#past = Array.from({ length: PAST_FRAMES }, () => new Int16Array(options.frameSamples));
    this.#detector = createTurnDetector({
      tuning: tuning(options.ear !== undefined),
      sink: {
        speechStarted: ({ onsetMs }) => this.#began(onsetMs),
        turnEnded: ({ speechEndMs }) => this.#over(this.#atMs(speechEndMs), false),
        turnReopened: ({ onsetMs }) => this.#began(onsetMs),
        bargeInConfirmed: () => undefined,
        bargeInRejected: () => undefined,
      },
    });
  }

  /** The agent is speaking, or paused within a prompt. */
  get isHearing(): boolean {
    return this.#open !== undefined;
  }

  /** Takes the next frame of the line. */
  frame({ samples, atMs, isAudible }: LineFrame): void {
    if (this.#isClosed) return;
    this.#past[this.#frames % PAST_FRAMES]!.set(samples);
    this.#times[this.#frames % TIMES_KEPT] = atMs;
    this.#frames += 1;
    if (isAudible) this.#lastAudibleEndMs = atMs + FRAME_MS;
    this.#open?.listening?.write(samples);
    this.#detector.frame(this.#options.vad.isSpeech(samples), FRAME_MS);
  }

  /** The engine dropped what it was saying: the prompt ends here, unfinished. */
  cut(): void {
    this.#detector.reset();
    if (this.#open !== undefined) this.#over(this.#lastAudibleEndMs, true);
  }

  /** The line is dead. A prompt that was being heard is over; its `over` may still come. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#open !== undefined) this.#over(this.#lastAudibleEndMs, false);
    this.#options.vad.close();
  }

  #began(onsetMs: number): void {
    const first = Math.floor(Math.max(0, onsetMs - PREROLL_MS) / FRAME_MS);
    const listening = this.#options.ear?.open({
      partial: (isComplete) => {
        this.#detector.partial({ standing: isComplete ? "whole" : "unknown" });
      },
    });
    const oldest = Math.max(first, this.#frames - PAST_FRAMES, 0);
    for (let frame = oldest; frame < this.#frames; frame += 1) {
      listening?.write(this.#past[frame % PAST_FRAMES]!);
    }
    const fromMs = this.#atMs(onsetMs);
    this.#open = { fromMs, listening };
    this.#options.sink.began(fromMs);
  }

  #over(toMs: number, isCut: boolean): void {
    const { fromMs, listening } = this.#open!;
    this.#open = undefined;
    const tell = (understood: Understood): void =>
      this.#options.sink.over({ ...understood, fromMs, toMs, isCut });
    if (listening === undefined || isCut) {
      listening?.cancel();
      tell({ text: null, isRejected: false });
    } else {
      listening.finish(tell);
    }
  }

  /** When media time `mediaMs` of the line sounded. */
  #atMs(mediaMs: number): number {
    const frame = Math.min(Math.floor(mediaMs / FRAME_MS), this.#frames - 1);
    const oldest = Math.max(0, this.#frames - TIMES_KEPT);
    const startMs = this.#times[Math.max(frame, oldest) % TIMES_KEPT]!;
    return startMs + (mediaMs - Math.max(frame, oldest) * FRAME_MS);
  }
}
