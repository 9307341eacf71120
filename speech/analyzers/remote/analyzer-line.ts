/** One way to an analyzer elsewhere: what a protocol has to be able to do. */
import type { AnalyzerStart, FinalText, Label } from "../analyzer.js";

/** What is sent. Audio is PCM16 of 100 ms or less, not lent. */
export type AnalyzerInput =
  | { readonly kind: "audio"; readonly samples: Int16Array; readonly isSpeech: boolean }
  | { readonly kind: "partial"; readonly turnId: number; readonly text: string }
  | ({ readonly kind: "final" } & FinalText);

export type SessionEvent =
  | { readonly kind: "label"; readonly label: Label }
  /** All labels of that turn have come. */
  | { readonly kind: "answered"; readonly turnId: number }
  /** The session is over. `code` is an `AnalyzerCode`. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export interface AnalyzerSession {
  /** @returns false when it is not taken, since too much waits already */
  send(input: AnalyzerInput): boolean;
  /** No more events. */
  close(): void;
}

export interface AnalyzerLine {
  /** Never throws; `listener` is not called before `open` has returned. */
  open(start: AnalyzerStart, listener: (event: SessionEvent) => void): AnalyzerSession;
  close(): void;
}
