/** Undelivered messages: what kind, to whom, why. Never the payload, which may be personal data. */

/**
 * - `dead`: nobody was there any more
 * - `full`: its lane had no room
 * - `displaced`: it made room for a newer one
 * - `lateReply`: the question had its answer, or its deadline, already
 * - `pastLife`: a promise or timer of a life that has ended
 * - `unhandledAtStop`: it waited when the addressee ended
 */
export type DeadLetterReason =
  "dead" | "full" | "displaced" | "lateReply" | "pastLife" | "unhandledAtStop";

export type DeadLetter = {
  readonly kind: string;
  /** Path of the addressee. */
  readonly to: string;
  /** Life of the addressee that it was for. */
  readonly incarnation: number;
  readonly reason: DeadLetterReason;
};

/** Takes note of a dead letter; must not throw and must not tell. */
export type DeadLetterSink = (letter: DeadLetter) => void;

/** Counts by reason, and keeps the newest few for whoever looks. */
export class DeadLetterCounter {
  readonly counts: Record<DeadLetterReason, number> = {
    dead: 0,
    full: 0,
    displaced: 0,
    lateReply: 0,
    pastLife: 0,
    unhandledAtStop: 0,
  };
  readonly recent: DeadLetter[] = [];
  readonly #recentMax: number;

  constructor(recentMax = 100) {
    this.#recentMax = recentMax;
  }

  readonly take: DeadLetterSink = (letter) => {
    this.counts[letter.reason] += 1;
    if (this.recent.push(letter) > this.#recentMax) this.recent.shift();
  };
}
