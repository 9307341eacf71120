/**
 * Calls whose media connection was lost with a gateway or with a whole process, and whose clients
 * may come back: held for a grace time, let in again, or ended.
 *
 * ```
 *   gateway lost, process lost ──▶ resuming ── client back ──▶ live
 *                                     └─────── nobody came ──▶ ended
 * ```
 *
 * A shard keeps the calls of a lost gateway alive. Those of a lost process are dormant: only the
 * ledger has them, until a client comes back.
 */
import type { Time, Timer } from "../../base/ports.js";
import type { GatewayCommand } from "../control/messages.js";
import type { MediaReport } from "./engine-threads.js";
import { noShard, type Ledger, type LedgerEntry } from "./ledger.js";

/** The gateway says when nobody came; where there is none that could, we do, so much later. */
const silentMs = 1000;

export type ResumptionsOptions = {
  readonly time: Time;
  readonly ledger: Ledger;
  /** How long a client is waited for; 0: not at all. */
  readonly graceMs: number;
  /** Of a call's media: another one is not let in. */
  readonly formatOf: (callId: string) => string | undefined;
  /** Has the shard of the entry take its call up. */
  readonly wake: (entry: LedgerEntry) => void;
  /** What is known of a call has changed. `isResuming`: how its connection stands. */
  readonly changed: (callId: string, isResuming: boolean) => void;
  /** Nobody came: the call is over. */
  readonly expired: (callId: string) => void;
};

type Waiting = { readonly untilMs: number; readonly timer: Timer };
type Awaited = Extract<GatewayCommand, { kind: "expectCall" | "expectResume" }>;

export class Resumptions {
  readonly #options: ResumptionsOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: ResumptionsOptions) {
    this.#options = options;
  }

  /** Whether its client is waited for. */
  has(callId: string): boolean {
    return this.#waiting.has(callId);
  }

  /**
   * The gateway is lost: sorts its calls.
   *
   * @returns ids of those whose clients may come back, and of those who have nobody to wait for.
   *   Calls that are not answered yet are in neither: their clients are still to come
   */
  gatewayLost(): { readonly waiting: readonly string[]; readonly ended: readonly string[] } {
    const { time, ledger, graceMs } = this.#options;
    const ended: string[] = [];
    for (const callId of ledger.callsOf(undefined)) {
      const { shardIndex, invitation, generation, endsAs } = ledger.find(callId)!;
      const isOver = shardIndex === noShard || endsAs !== undefined;
      if (isOver || invitation !== undefined || this.has(callId)) continue;
      if (generation === undefined || graceMs === 0) ended.push(callId);
      else this.hold(callId, time.nowMs() + graceMs);
    }
    return { waiting: [...this.#waiting.keys()], ended };
  }

  /** Waits for the client of a call until an instant (monotonic). */
  hold(callId: string, untilMs: number): void {
    const { time, changed } = this.#options;
    const leftMs = Math.max(0, untilMs - time.nowMs());
    const timer = time.after(leftMs + silentMs, () => this.#expire(callId));
    this.forget(callId);
    this.#waiting.set(callId, { untilMs, timer });
    changed(callId, true);
  }

  /** Whom a new gateway must let in: the clients of these calls, and those who never came yet. */
  awaited(): Awaited[] {
    const { time, ledger, formatOf } = this.#options;
    const nowMs = time.nowMs();
    return ledger.callsOf(undefined).flatMap((callId): Awaited[] => {
      const { shardIndex, invitation, generation, endsAs } = ledger.find(callId)!;
      if (endsAs !== undefined) return [];
      if (invitation !== undefined) {
        const { token, untilMs } = invitation;
        const expiresInMs = Math.max(0, untilMs - nowMs);
        return [{ kind: "expectCall", callId, token, shardIndex, expiresInMs }];
      }
      const untilMs = this.#waiting.get(callId)?.untilMs;
      if (untilMs === undefined || generation === undefined) return [];
      const expiresInMs = Math.max(0, untilMs - nowMs);
      const format = formatOf(callId);
      const place = { callId, shardIndex, generation, expiresInMs };
      return [{ kind: "expectResume", ...place, ...(format === undefined ? {} : { format }) }];
    });
  }

  /** Follows what the gateway says of the connections of calls. */
  report(report: MediaReport): void {
    const { callId } = report;
    const { ledger, changed } = this.#options;
    const entry = ledger.find(callId);
    if (entry === undefined) return;
    switch (report.kind) {
      case "mediaOpened":
        entry.invitation = undefined;
        entry.generation = report.generation;
        return this.#back(callId, entry);
      case "mediaConfirmed":
        entry.generation = report.generation;
        return changed(callId, false);
      case "mediaAway":
        return changed(callId, true);
      case "mediaResumed":
        return changed(callId, false);
      case "resumeExpired":
        return this.#expire(callId);
      default:
        return;
    }
  }

  /** The call is over, or never needs to be waited for again. */
  forget(callId: string): void {
    this.#waiting.get(callId)?.timer.cancel();
    this.#waiting.delete(callId);
  }

  /** Waits for nobody any more. */
  stop(): void {
    for (const callId of [...this.#waiting.keys()]) this.forget(callId);
  }

  #back(callId: string, entry: LedgerEntry): void {
    this.forget(callId);
    if (entry.isDormant) {
      entry.isDormant = false;
      this.#options.wake(entry);
    }
    this.#options.changed(callId, false);
  }

  #expire(callId: string): void {
    if (!this.has(callId)) return;
    this.forget(callId);
    this.#options.expired(callId);
  }
}
