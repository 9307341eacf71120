/** Undelivered messages: what kind, to whom, why. Never the payload, which may be personal data. */

export type DeadLetter = {
  readonly kind: string;
  readonly to: string;
  readonly reason: "dead" | "full" | "displaced" | "lateReply" | "unhandledAtStop";
};

/** Takes note of a dead letter; must not throw and must not tell. */
export type DeadLetterSink = (letter: DeadLetter) => void;

/** Counts by reason, and keeps the newest few for whoever looks. */
export class DeadLetterCounter {
  readonly counts = { dead: 0, full: 0, displaced: 0, lateReply: 0, unhandledAtStop: 0 };
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
