/**
 * What a network recogniser is, to the code that all of them share. A vendor's file holds the
 * words of its protocol and nothing else: sockets, batches, rates, pacing, deadlines, replay and
 * fail-over are the same for everybody.
 */
import type { ErrorData } from "../../../base/errors.js";
import type { Timer } from "../../../base/ports.js";
import type { Grammar, RecognitionCode, WordTime } from "../recognizer.js";

/** One utterance, as it is sent. */
export type VendorRequest = {
  readonly grammar: Grammar;
  /** One of the vendor's `ratesHz`. */
  readonly rateHz: number;
};

/** Where an utterance goes. Connections of equal `key` can stand in for one another. */
export type Target = {
  readonly key: string;
  readonly url: string;
  /** May hold credentials: never log them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** Of this utterance alone: a connection opened ahead would never be used. */
  readonly isSingular?: boolean;
};

/** What an utterance has come to on one connection. */
export type AttemptEvent =
  /** The text since the last `committed`, whole. */
  | { readonly kind: "partial"; readonly text: string }
  /**
   * A sentence that will not change any more. `endMs`: all audio before it is accounted for, and
   * need not be sent again if the connection is lost. Times count from the attempt's first sample.
   */
  | {
      readonly kind: "committed";
      readonly text: string;
      readonly endMs?: number;
      readonly words?: readonly WordTime[];
      readonly confidence?: number;
      /** Language tag, where the vendor tells. */
      readonly language?: string;
    }
  /** The end. The text since the last `committed`. */
  | {
      readonly kind: "final";
      readonly text: string;
      readonly words?: readonly WordTime[];
      readonly confidence?: number;
      /** Language tag, where the vendor tells. */
      readonly language?: string;
    }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** What a session may do. Nothing of it has an effect once the utterance is over. */
export interface SessionIo {
  send(message: string | Uint8Array): void;
  /** One text message: bytes in base64 between two texts, both plain ASCII. */
  sendBase64(before: Uint8Array, bytes: Uint8Array, after: Uint8Array): void;
  emit(event: Exclude<AttemptEvent, { kind: "failed" }>): void;
  /** The utterance is lost here: another connection, or another vendor, may do better. */
  fail(code: RecognitionCode, message: string, detail?: Readonly<Record<string, unknown>>): void;
  after(delayMs: number, run: () => void): Timer;
}

/** One utterance in the words of a vendor's protocol, on a connection that is open. */
export interface VendorSession {
  /** Before the first audio. */
  start(): void;
  /** One batch; `samples` is only valid during the call. */
  audio(samples: Int16Array): void;
  /** No more audio. */
  finish(): void;
  /** The caller gave it up: a word of farewell, where the protocol has one. */
  cancel?(): void;
  /** A text message as a string, a binary one as bytes. */
  receive(message: string | Uint8Array): void;
  /** The vendor closed the connection in good order. True when that was the end, and was told. */
  closed(): boolean;
  /** The final is overdue. True when the vendor's silence was taken for the end, and was told. */
  overdue?(): boolean;
  /** Whether the connection can take another utterance after the final. */
  readonly isReusable: boolean;
}

/** One vendor with its settings. */
export interface Vendor {
  /** Rates it takes, in Hz, the cheapest first. */
  readonly ratesHz: readonly number[];
  /** How much audio goes into one message. */
  readonly batchMs: number;
  /** How many times faster than speech it takes audio, steadily; at least 1. */
  readonly speedMax: number;
  /** How much it takes at once before that. */
  readonly burstMs: number;
  /** How long a connection may wait for an utterance; 0: it is opened when it is needed. */
  readonly idleMsMax: number;
  /** What keeps a connection alive that waits. */
  readonly keepAlive?: { readonly everyMs: number; readonly message: string };
  /** All utterances go to one target, so that connections can be opened before the first. */
  readonly hasOneTarget: boolean;
  target(request: VendorRequest): Target;
  session(request: VendorRequest, io: SessionIo): VendorSession;
}
