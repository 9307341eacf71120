/**
 * How one vendor does, recogniser or voice, as one thread sees it: a circuit that opens when it
 * fails too often, and what an utterance with it is likely to cost. Time and chance come in
 * through their ports, so the breaker of `cockatiel` counts and we keep its clock.
 *
 *     closed ── half of the last ten failed ──▶ open ── wait, jittered, doubling ──▶ half open
 *       ▲                                        ▲                                      │
 *       └──────────── the probe succeeds ────────┼────────────── it fails ──────────────┘
 */
import { CircuitState, CountBreaker } from "cockatiel";
import type { Clock, Rng } from "../../base/ports.js";

/** The first wait of an open circuit; it doubles up to `openMsMax`. */
const openMs = 250;
const openMsMax = 30_000;
/** A wrong key or an empty account does not mend itself within seconds. */
const deniedMs = 30_000;
/** What a failure costs the caller: about the time until somebody else has answered. */
const failureCostMs = 1500;
/** How much one utterance counts against those before it. */
const newestShare = 0.2;
/** Old sins are forgotten with this half-life, so that a vendor that was bad is tried again. */
const halfLifeMs = 30_000;

/** Failures that say nothing about the vendor: what stands behind `RECOGNITION_`, `SYNTHESIS_`. */
const innocent: ReadonlySet<string> = new Set(["BUSY", "REFUSED", "TOO_LONG"]);
/** A wrong key, an empty account. */
const denied: ReadonlySet<string> = new Set(["DENIED", "QUOTA"]);

export type CircuitChange = "opened" | "closed";

export class VendorHealth {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #breaker = new CountBreaker({ threshold: 0.5, size: 10, minimumNumberOfCalls: 3 });
  #state: CircuitState = CircuitState.Closed;
  #openUntilMs = 0;
  #opened = 0;
  #failureShare = 0;
  #latencyMs = 0;
  #changedAtMs = 0;

  constructor({ clock, rng }: { readonly clock: Clock; readonly rng: Rng }) {
    this.#clock = clock;
    this.#rng = rng;
  }

  get isClosed(): boolean {
    return this.#state === CircuitState.Closed;
  }

  /** From when on it may be tried: 0 when the circuit is closed, Infinity while a probe runs. */
  get triableAtMs(): number {
    if (this.#state === CircuitState.Closed) return 0;
    return this.#state === CircuitState.Open ? this.#openUntilMs : Infinity;
  }

  /** What an utterance with it costs the caller, in ms; 0 for a vendor nobody knows yet. */
  get costMs(): number {
    const ageMs = this.#clock.nowMs() - this.#changedAtMs;
    const share = this.#failureShare * 0.5 ** (ageMs / halfLifeMs);
    return this.#latencyMs + share * failureCostMs;
  }

  /** An utterance begins. With an open circuit it is the probe. */
  began(): void {
    if (this.#state === CircuitState.Open) this.#state = CircuitState.HalfOpen;
  }

  /** @param latencyMs from the end of the audio to the final */
  succeeded(latencyMs: number): CircuitChange | undefined {
    this.#note(0);
    this.#latencyMs += newestShare * (latencyMs - this.#latencyMs);
    // Begun before the circuit opened: too old to close it.
    if (this.#state === CircuitState.Open) return undefined;
    this.#breaker.success(this.#state);
    if (this.#state === CircuitState.Closed) return undefined;
    this.#state = CircuitState.Closed;
    this.#opened = 0;
    return "closed";
  }

  /** Another vendor was faster: it took at least so long. Says nothing about whether it works. */
  outrun(latencyMs: number): void {
    this.#latencyMs += newestShare * Math.max(0, latencyMs - this.#latencyMs);
    this.gaveUp();
  }

  failed(code: string): CircuitChange | undefined {
    const kind = code.slice(code.indexOf("_") + 1);
    if (innocent.has(kind)) return this.gaveUp();
    this.#note(1);
    const isDenied = denied.has(kind);
    if (this.#state === CircuitState.Open) return undefined;
    const isBroken = this.#breaker.failure(this.#state);
    if (!isBroken && !isDenied && this.#state === CircuitState.Closed) return undefined;
    this.#open(isDenied ? deniedMs : 0);
    return "opened";
  }

  /** The utterance ended without telling anything about the vendor. */
  gaveUp(): undefined {
    if (this.#state !== CircuitState.HalfOpen) return;
    this.#state = CircuitState.Open;
    this.#openUntilMs = this.#clock.nowMs();
  }

  #open(atLeastMs: number): void {
    const waitMs = Math.min(openMsMax, openMs * 2 ** Math.min(this.#opened, 20));
    this.#opened += 1;
    this.#state = CircuitState.Open;
    const jitteredMs = waitMs * (0.5 + 0.5 * this.#rng.next());
    this.#openUntilMs = this.#clock.nowMs() + Math.max(atLeastMs, jitteredMs);
  }

  #note(failure: 0 | 1): void {
    const nowMs = this.#clock.nowMs();
    const kept = this.#failureShare * 0.5 ** ((nowMs - this.#changedAtMs) / halfLifeMs);
    this.#failureShare = kept + newestShare * (failure - kept);
    this.#changedAtMs = nowMs;
  }
}
