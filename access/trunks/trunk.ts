/**
 * The port of trunks: what dials people. A trunk tells what happens to an attempt; the media of an
 * answered call comes to the gateway by itself, with the call id and token it was given here.
 */

import type { WebhookReply, WebhookRequest } from "./webhook.js";

/** How an attempt ended, whatever the network called it; the raw cause is kept beside it. */
export type TrunkOutcome =
  | "answered"
  | "busy"
  | "no_answer"
  | "rejected"
  | "unreachable"
  | "invalid_number"
  | "congestion"
  | "media_mismatch"
  | "cancelled"
  | "failed"
  | "unknown";

/** `beep`: the machine's greeting is over, it records. */
export type AnsweredBy = "human" | "machine" | "beep" | "fax" | "unknown";

export type OriginateRequest = {
  /** Our own id of the attempt; a trunk uses it as channel id where it can. */
  readonly callId: string;
  /** Who to dial, in the trunk's own addressing. Personal data. */
  readonly to: string;
  /** Base of our media URLs as the trunk's side reaches it, e.g. `ws://127.0.0.1:8080`. */
  readonly mediaUrl: string;
  /** Lets the media stream of this call in, once. Secret. */
  readonly token: string;
  readonly ringMsMax: number;
};

/** In order: `ringing` at most once, `answered` at most once, `ended` exactly once. */
export type TrunkEvent =
  | { readonly kind: "ringing" }
  /** The network plays something before the answer, e.g. an announcement. */
  | { readonly kind: "earlyMedia" }
  | { readonly kind: "answered" }
  /** The callee was handed to somebody else; our media ends, the attempt goes on. */
  | { readonly kind: "transferred" }
  /** A key that the callee pressed and that the media stream does not carry: one of 0-9 * # A-D. */
  | { readonly kind: "dtmf"; readonly digit: string }
  /** The network's own opinion of who answered, where it has one. */
  | { readonly kind: "answeredBy"; readonly who: AnsweredBy; readonly cause: string }
  | {
      readonly kind: "ended";
      readonly outcome: TrunkOutcome;
      /** As the network put it, e.g. `SIP 486` or `Q.850 17`. */
      readonly cause: string;
    };

/** One attempt under way. */
export interface TrunkAttempt {
  /** Hangs up, or stops ringing; `ended` follows. Twice is harmless. */
  hangup(): void;
  /**
   * Hands an answered callee to somebody else; resolves when they have answered.
   *
   * @param to in the trunk's own addressing. Personal data
   * @throws {EngineError} `TRUNK_UNSUPPORTED`, `TRUNK_TRANSFER` when it did not come about: the
   *   callee is still ours
   */
  transfer(to: string): Promise<void>;
  /**
   * Presses keys towards the callee: 0-9 * # A-D.
   *
   * @throws {EngineError} `TRUNK_UNSUPPORTED`, `TRUNK_REQUEST`
   */
  sendDtmf(digits: string): Promise<void>;
}

export type TrunkHealth = {
  readonly isUp: boolean;
  /** What is wrong, for a person. */
  readonly note?: string;
  /** Attempts under way. */
  readonly attempts: number;
  /** At most so many at once, where there is a limit. */
  readonly attemptsMax?: number;
};

/** Why a trunk dials nobody now. */
export type TrunkRefusal = {
  /** For a person, e.g. "all 30 lines of trunk sip are taken". */
  readonly why: string;
  /** When it is worth asking again. */
  readonly retryAfterMs: number;
};

export interface Trunk {
  readonly name: string;
  /**
   * Starts an attempt. Does not wait for its outcome: that comes by `listener`, also when the
   * attempt could not be made.
   */
  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt;
  health(): TrunkHealth;
  /**
   * Keeps a line for a call that `originate` will dial, or `release` give back; undefined: kept.
   * Trunks without limits have neither.
   */
  reserve?(callId: string): TrunkRefusal | undefined;
  /** The call will not be dialled after all. */
  release?(callId: string): void;
  /** Takes what the network tells by HTTP, where it does: carriers. Refuses what is not theirs. */
  webhook?(request: WebhookRequest): Promise<WebhookReply>;
  /** Resolves when the trunk can dial. @throws {EngineError} `TRUNK_DOWN` */
  start(): Promise<void>;
  /** Hangs everything up and frees what it holds. */
  stop(): Promise<void>;
}
