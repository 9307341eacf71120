/**
 * Whether a leg has a connection, and which tokens may give it another one. Pure: time comes in.
 *
 * ```
 *            lost                       came back, or took over while the old one seemed open
 *   open ───────────▶ away ──────────▶ open (next generation)
 *     └── goodbye ──▶ over ◀── grace ── away
 * ```
 *
 * A resumption gives out a new token. Until the client has surely read it, the one before is good
 * too: else a connection that is lost in that moment would lose the call.
 */

/** Close codes (RFC 6455 section 7.4.1, and ours) with which a peer means that it is done. */
const goodbyes = new Set([
  1000,
  // A close frame without a code: a browser's `close()`.
  1005,
  // Either side found the other one's messages broken, or against a rule.
  1002, 1003, 1007, 1008, 1009, 4002,
  // It never read what we sent: it would not on another connection either.
  1013,
]);

/** Whether a connection that closed like this was lost, so that its calls may come back. */
export function isLoss(closeCode: number): boolean {
  return !goodbyes.has(closeCode);
}

/** Why a resumption is refused. */
export type ResumeRefusal = "wrongToken" | "usedToken";

export class LegConnection {
  #generation: number;
  #isConfirmed = false;
  #awaySinceMs: number | undefined;

  /** @param generation of the token that the leg's first connection is given */
  constructor(generation = 0) {
    this.#generation = generation;
  }

  /** Generation of the newest token given out. */
  get generation(): number {
    return this.#generation;
  }

  /** Generation of the oldest token that is still good. */
  get oldestGeneration(): number {
    return this.#isConfirmed ? this.#generation : Math.max(0, this.#generation - 1);
  }

  /** Rises whenever the connection is lost or another one is there. */
  get change(): number {
    return 2 * this.#generation + (this.isAway ? 1 : 0);
  }

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** Whether the client may never have read its first token. */
  get isUnconfirmedFirst(): boolean {
    return this.#generation === 0 && !this.#isConfirmed;
  }

  /** The client has read the newest token: older ones are used up. @returns whether any were */
  confirm(): boolean {
    const wasOld = this.oldestGeneration;
    this.#isConfirmed = true;
    return this.oldestGeneration > wasOld;
  }

  /** Its connection is gone without a goodbye. */
  lose(nowMs: number): void {
    this.#awaySinceMs ??= nowMs;
  }

  /** Whether it stayed away for too long. */
  isOver(nowMs: number, graceMs: number): boolean {
    return this.#awaySinceMs !== undefined && nowMs - this.#awaySinceMs >= graceMs;
  }

  /** @param generation of the token given, if it was one of this call */
  judge(generation: number | undefined): ResumeRefusal | undefined {
    if (generation === undefined || generation > this.#generation) return "wrongToken";
    return generation < this.oldestGeneration ? "usedToken" : undefined;
  }

  /** It has another connection, which is given the next token. */
  resume(): void {
    this.#generation += 1;
    this.#isConfirmed = false;
    this.#awaySinceMs = undefined;
  }
}
