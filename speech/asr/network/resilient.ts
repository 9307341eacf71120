/**
 * One recogniser made of several that may fail. An utterance is kept until it is understood: when a
 * connection is cut, a vendor stalls or refuses, its audio goes to another connection or to the
 * next vendor, from the last point up to which the text is settled. What the lost attempt had said
 * beyond that point is forgotten, so that no word is lost and none comes twice.
 *
 *     audio   ├──── settled ────┼───── kept, sent again ─────┼─ still to come ─▶
 *     text    "I want my bill,"   "and"  ✂  (said anew by the next attempt)
 */
import type { Rng, Time } from "../../../base/ports.js";
import type { Grammar, Recognizer, RecognizerEvent, RecognizerStream } from "../recognizer.js";
import { ResilientStream } from "./resilient-stream.js";
import type { AttemptEvent } from "./vendor.js";
import type { CircuitChange, VendorHealth } from "../../vendors/vendor-health.js";

/** One recogniser with what is known about it. Any `Recognizer` fits. */
export type Seat = {
  readonly name: string;
  readonly health: VendorHealth;
  /** What it understands, as tags; left out: all. Where nobody has a language, all are asked. */
  readonly languages?: readonly string[] | undefined;
  /** All the streams it may have are in use. */
  readonly isFull: () => boolean;
  /** As of the port. */
  readonly batchMs?: number;
  /** As of the port: never throws, and never calls `listener` before it has returned. */
  open(request: RecognitionRequest, listener: (event: AttemptEvent) => void): RecognizerStream;
};

export type RecognitionRequest = { readonly grammar: Grammar; readonly rateHz: number };

/** What happened, for the log and for figures. Never what was said. */
export type RecognitionNotice =
  | { readonly kind: "final"; readonly vendor: string; readonly latencyMs: number }
  | {
      readonly kind: "attemptFailed";
      readonly vendor: string;
      readonly code: string;
      readonly message: string;
    }
  /** An utterance goes on elsewhere, or on another connection. */
  | {
      readonly kind: "movedOn";
      readonly from: string;
      readonly to: string;
      readonly replayedMs: number;
    }
  | { readonly kind: "hedged"; readonly from: string; readonly to: string }
  | { readonly kind: "circuit"; readonly vendor: string; readonly change: CircuitChange };

export type ResilientOptions = {
  /** In the order in which they are preferred; at least one. */
  readonly seats: readonly Seat[];
  readonly time: Time;
  readonly rng: Rng;
  readonly choose: "inOrder" | "healthiest";
  /** How long after the end of the audio the next vendor is asked as well; left out: never. */
  readonly hedgeMs?: number | undefined;
  readonly observe: (notice: RecognitionNotice) => void;
};

export function createResilientRecognizer(options: ResilientOptions): Recognizer {
  return {
    ratesHz: [8000, 16_000],
    batchMs: batchMsOf(options.seats),
    open: (request: RecognitionRequest, listener: (event: RecognizerEvent) => void) =>
      new ResilientStream(options, request, listener),
  };
}

/**
 * What divides the pieces of all: then none of them waits for audio that is gathered elsewhere. One
 * that takes every frame stands behind those of the network, and is asked when they have failed.
 */
function batchMsOf(seats: readonly Seat[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return seats.reduce((common, { batchMs = 0 }) => divisor(common, batchMs), 0);
}
