/**
 * The port of every speech recogniser: the samples of one stretch of speech in, partial texts and
 * one final text out. What may be said is known beforehand, from the state of the dialog.
 */
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";

/** What the caller is expected to say. */
export type Grammar = {
  /** BCP 47, e.g. `en-US`. */
  readonly language: string;
  /** Each a whole answer, as the flow writes it: case, punctuation and figures do not matter. */
  readonly phrases: readonly string[];
  /** Strings of spoken digits are answers too, from `min` to `max` digits (1 to 32). */
  readonly digits?: { readonly min: number; readonly max: number };
  /** Words likely to be said beside the phrases, such as the contact's name. Personal data. */
  readonly hotWords?: readonly string[];
};

/** One word and when it was said, in ms since the stream's first sample. */
export type WordTime = {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 to 1. */
  readonly confidence?: number;
};

export type RecognizerEvent =
  /**
   * The hypothesis changed. `isComplete`: it is a whole phrase of the grammar, or as many digits as
   * the grammar allows (fewer may still be growing, though they are an answer).
   */
  | { readonly kind: "partial"; readonly text: string; readonly isComplete: boolean }
  /**
   * The end of the stream. `text` is the phrase as the grammar writes it, or digits as figures
   * (`4071`). Speech that fits no phrase, and silence, are rejected: `text` is then "". A
   * recogniser of free speech rejects silence only, and leaves other sentences as they are.
   */
  | {
      readonly kind: "final";
      readonly text: string;
      readonly isRejected: boolean;
      /** Where the recogniser knows them. */
      readonly words?: readonly WordTime[];
      /** 0 to 1, of the whole text; where the recogniser has one. */
      readonly confidence?: number;
      /** Language tag of what was spoken, where the recogniser can tell. */
      readonly language?: string;
      /** From `finish` to this event, where somebody else's service was waited for. */
      readonly waitedMs?: number;
    }
  /** The stream is dead; open a new one. `error.code` is one of `RecognitionCode`. */
  | { readonly kind: "failed"; readonly error: ErrorData };

/** Why a stream failed. */
export type RecognitionCode =
  /** All decoders are leased: ask again, or let the caller use the keypad. */
  | "RECOGNITION_BUSY"
  /** The process or the connection to it was lost while the stream was open. */
  | "RECOGNITION_LOST"
  /** There is no recogniser at this moment, or none is installed. */
  | "RECOGNITION_UNAVAILABLE"
  /** More audio waits than the limit; the recogniser does not keep up. */
  | "RECOGNITION_OVERLOADED"
  /** More than a minute of audio in one stream. */
  | "RECOGNITION_TOO_LONG"
  /** The decoder refused its input or the grammar; it is replaced. */
  | "RECOGNITION_BROKEN"
  /** The grammar, its language or the rate cannot be worked with. */
  | "RECOGNITION_REFUSED"
  /** The peer sent what the protocol does not know. */
  | "RECOGNITION_PROTOCOL"
  /** The vendor does not accept our key, or its account. */
  | "RECOGNITION_DENIED"
  /** The account is used up, or too many requests at once. */
  | "RECOGNITION_QUOTA"
  /** The vendor's final text did not come in time. */
  | "RECOGNITION_STALLED"
  /** The vendor reports an error of its own. */
  | "RECOGNITION_VENDOR";

/** An error of the recogniser. Neither message nor detail carries what was said. */
export class RecognitionError extends EngineError {
  constructor(
    code: RecognitionCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, detail, options);
  }
}

/** An error as the data of a `failed` event; what we expect to happen needs no stack. */
export function failureData(error: unknown): ErrorData {
  const { stack, ...data } = toErrorData(error);
  return error instanceof RecognitionError || stack === undefined ? data : { ...data, stack };
}

/**
 * Phrases that cannot be listened for, since nobody knows how `words` sound (`WORDS_UNKNOWN`), or
 * because nothing in them can be spoken (`NOTHING_SPEAKABLE`). The grammar works without them.
 */
export type GrammarWarning = {
  readonly code: "WORDS_UNKNOWN" | "NOTHING_SPEAKABLE";
  readonly phrase: string;
  readonly words: readonly string[];
  readonly message: string;
};

/** One stretch of speech on its way to a text. */
export interface RecognizerStream {
  /** Takes the next samples, any number; `samples` may be reused afterwards. */
  write(samples: Int16Array): void;
  /** No more audio: exactly one `final` or `failed` follows. */
  finish(): void;
  /** Gives up: no more events, not even those on their way. */
  cancel(): void;
}

/** Turns speech into text. */
export interface Recognizer {
  /** Accepted input rates in Hz. */
  readonly ratesHz: readonly number[];
  /**
   * How much audio it sends on at once, counted from the begin of a stream: whoever writes may
   * gather so much without anything being later for it. Left out: every frame is worth a write.
   */
  readonly batchMs?: number;
  /**
   * A sound that is no word spoils the phrase behind it, and what it has understood so far it says
   * at once: what follows a sound that was no word is better heard in a stream of its own. Others
   * leave such sounds out by themselves, and their partials come late.
   */
  readonly takesPhrasesOnly?: boolean;
  /**
   * Opens a stream. Never throws: what is wrong comes to `listener` as `failed`, and `listener` is
   * never called before `open` has returned.
   */
  open(
    options: { readonly grammar: Grammar; readonly rateHz: number },
    listener: (event: RecognizerEvent) => void,
  ): RecognizerStream;
}
