/**
 * The analyzers of one call behind one guard: one that throws or holds up the thread is closed and
 * reported, and the others go on. Inputs go through in the order in which they come.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import type { Clock } from "../../base/ports.js";
import {
  AnalyzerError,
  type Analyzer,
  type AnalyzerEvent,
  type AnalyzerStart,
  type AnalyzerStream,
  type FinalText,
  type Label,
} from "./analyzer.js";

/** One input may take so long: a quarter of what a shard may be held up by anybody. */
export const inputMsMax = 5;
/** The thread may have been taken from us: only who is slow so often is closed. */
export const slowInputsMax = 5;

export type PanelListener = {
  label(analyzer: string, label: Label): void;
  /** It is gone for the rest of this call. */
  lost(analyzer: string, error: ErrorData): void;
};

type Seat = { readonly name: string; stream: AnalyzerStream | undefined; slowInputs: number };

export class AnalyzerPanel {
  readonly #clock: Clock;
  readonly #listener: PanelListener;
  readonly #seats: Seat[] = [];

  constructor(options: {
    readonly analyzers: readonly Analyzer[];
    readonly start: AnalyzerStart;
    readonly clock: Clock;
    readonly listener: PanelListener;
  }) {
    this.#clock = options.clock;
    this.#listener = options.listener;
    for (const analyzer of options.analyzers) this.#open(analyzer, options.start);
  }

  frame(samples: Int16Array, isSpeech: boolean): void {
    this.#each((stream) => stream.frame(samples, isSpeech));
  }

  partial(partial: { readonly turnId: number; readonly text: string }): void {
    this.#each((stream) => stream.partial(partial));
  }

  final(final: FinalText): void {
    this.#each((stream) => stream.final(final));
  }

  close(): void {
    for (const seat of this.#seats) this.#leave(seat);
  }

  #open(analyzer: Analyzer, start: AnalyzerStart): void {
    const seat: Seat = { name: analyzer.name, stream: undefined, slowInputs: 0 };
    this.#seats.push(seat);
    try {
      seat.stream = analyzer.open(start, (event) => this.#heard(seat, event));
    } catch (thrown) {
      this.#listener.lost(seat.name, broken(seat.name, thrown));
    }
  }

  #heard(seat: Seat, event: AnalyzerEvent): void {
    if (seat.stream === undefined) return;
    if (event.kind === "label") return this.#listener.label(seat.name, event.label);
    this.#leave(seat);
    this.#listener.lost(seat.name, event.error);
  }

  #each(give: (stream: AnalyzerStream) => void): void {
    for (const seat of this.#seats) {
      if (seat.stream === undefined) continue;
      const beganMs = this.#clock.nowMs();
      try {
        give(seat.stream);
      } catch (thrown) {
        this.#leave(seat);
        this.#listener.lost(seat.name, broken(seat.name, thrown));
        continue;
      }
      const tookMs = this.#clock.nowMs() - beganMs;
      if (tookMs > inputMsMax) this.#slow(seat, tookMs);
    }
  }

  #slow(seat: Seat, tookMs: number): void {
    seat.slowInputs += 1;
    if (seat.slowInputs < slowInputsMax) return;
    this.#leave(seat);
    const times = `${slowInputsMax} times, last for ${Math.round(tookMs)} ms`;
    const text = `analyzer ${seat.name} held up its thread ${times}; allowed are ${inputMsMax} ms`;
    const error = new AnalyzerError("ANALYZER_SLOW", text, { tookMs });
    this.#listener.lost(seat.name, withoutStack(error));
  }

  #leave(seat: Seat): void {
    const { stream } = seat;
    seat.stream = undefined;
    try {
      stream?.close();
    } catch {
      // It is left either way.
    }
  }
}

/** What was said may be in what it threw: only the kind of it is passed on. */
function broken(name: string, thrown: unknown): ErrorData {
  const cause = thrown instanceof Error ? thrown.name : typeof thrown;
  const text = `analyzer ${name} threw ${cause}`;
  return withoutStack(new AnalyzerError("ANALYZER_BROKEN", text, { cause }));
}

function withoutStack(error: AnalyzerError): ErrorData {
  const { stack: _, ...data } = toErrorData(error);
  return data;
}
