/**
 * The port of analyzers: frames, partial and final texts of one call in, labels out. A label says
 * something about the callee or the line ("emotion: angry"); nobody waits for it, and a call is the
 * same call when its analyzers are slow, broken or gone.
 */
import { EngineError, type ErrorData } from "../../base/errors.js";

/** What an analyzer found out. Holds none of the words: it goes on record and into figures. */
export type Label = {
  /** What is judged: `emotion`, `abuse` … A newer label of a name replaces the older. */
  readonly name: string;
  readonly value: string;
  /** How sure, 0 to 1. */
  readonly score: number;
  /** The turn it is about, where it is about one. */
  readonly turnId?: number;
};

/** The call that is listened to. */
export type AnalyzerStart = {
  readonly callId: string;
  /** Personal data: nothing that it is sent to may have it. */
  readonly userId: string;
  /** BCP 47. */
  readonly language: string;
  /** 8000 or 16000. */
  readonly rateHz: number;
};

/** What a recogniser made of a turn. Personal data. */
export type FinalText = {
  readonly turnId: number;
  readonly text: string;
  readonly isRejected: boolean;
  /** 0 to 1, where the recogniser knows it. */
  readonly confidence?: number;
};

/** One call, listened to by one analyzer. What any of these throws ends this stream only. */
export interface AnalyzerStream {
  /** The callee's next 20 ms. Lent: to be copied where it is kept. */
  frame(samples: Int16Array, isSpeech: boolean): void;
  partial(partial: { readonly turnId: number; readonly text: string }): void;
  final(final: FinalText): void;
  /** The call is over. Nothing comes to the listener any more. */
  close(): void;
}

export type AnalyzerEvent =
  | { readonly kind: "label"; readonly label: Label }
  /** The stream is dead. `error.code` is one of `AnalyzerCode`. */
  | { readonly kind: "failed"; readonly error: ErrorData };

/** What happens to an analyzer, for log and figures. */
export type AnalyzerNotice =
  | { readonly kind: "label"; readonly analyzer: string }
  /** Input that it did not get, since it was behind or away. */
  | { readonly kind: "dropped"; readonly analyzer: string; readonly count: number }
  /** A turn was answered so long after its final. */
  | { readonly kind: "answered"; readonly analyzer: string; readonly latencyMs: number }
  | {
      readonly kind: "failed";
      readonly analyzer: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly kind: "circuit";
      readonly analyzer: string;
      readonly change: "opened" | "closed";
    };

export interface Analyzer {
  readonly name: string;
  /** Never throws; `listener` is not called before `open` has returned. */
  open(start: AnalyzerStart, listener: (event: AnalyzerEvent) => void): AnalyzerStream;
  close(): void;
}

export type AnalyzerCode =
  /** It threw. */
  | "ANALYZER_BROKEN"
  /** It held up its thread. */
  | "ANALYZER_SLOW"
  /** Nobody answers at its address, or the connection is lost. */
  | "ANALYZER_UNAVAILABLE"
  /** A turn was not answered in time. */
  | "ANALYZER_STALLED"
  /** Its answer is not what the protocol says. */
  | "ANALYZER_PROTOCOL"
  | "ANALYZER_DENIED"
  | "ANALYZER_QUOTA"
  /** The analyzer reports an error of its own. */
  | "ANALYZER_VENDOR";

/** An error of an analyzer. Carries nothing of what was said. */
export class AnalyzerError extends EngineError {
  constructor(
    code: AnalyzerCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, detail, options);
  }
}
