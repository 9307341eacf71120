/** Guards of ours that can be taken away, to see that the simulation notices; and by which rule. */
export const sabotages = {
  /** The gateway never hears of a clear. */
  "clear-ignored": "barge-in",
  /** The peer hears of a clear, the playout does not: it plays on what it should drop. */
  "cleared-played": "cleared-spoken",
  /** A call restarts its actors for ever. */
  "restarts-unbounded": "restart-intensity",
  /** Every end is reported twice. */
  "outcome-twice": "one-outcome",
  /** A timer of each call is never cancelled. */
  "timer-leaked": "timer-left",
  /** Audio may pile up without bound. */
  "mailbox-unbounded": "mailbox-bound",
  /** The ledger keeps the first memory of a call, not the newest. */
  "memory-stale": "resume",
  /** Memories reach the ledger only when the step has been said. */
  "memory-late": "remembered-first",
  /** A shard that is terminated goes on beside the one in its place. */
  "thread-undead": "life-twice",
  /** The watchdog sees every loop turn, also one that is blocked. */
  "watchdog-blind": "watchdog",
  /** The store says that it has stored what it has not. */
  "intent-unwritten": "intent-first",
  /** An outcome is never written down. */
  "outcome-unwritten": "on-record",
  /** A leg of a call that is over is never hung up. */
  "hangup-ignored": "recording",
  /** Calls that lost their shard twice go on among all others. */
  "suspects-free": "given-up",
  /** The limit of calls is not looked at. */
  "admission-open": "admission",
} as const;

export type Sabotage = keyof typeof sabotages;
