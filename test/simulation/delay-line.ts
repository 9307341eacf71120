/** A way with a delay: in order, unless a fault says otherwise. */
import type { Time } from "../../base/ports.js";
import type { FaultDesk, FaultSite } from "./fault-plan.js";

export type DelayLineOptions = {
  /** The world's: a way does not stall with the threads at its ends. */
  readonly world: Time;
  /** Where what arrives is handled: waits while that thread stalls. */
  readonly receiver: Time;
  readonly delayMs: () => number;
  readonly faults: FaultDesk;
  readonly site: FaultSite;
};

export class DelayLine {
  readonly #options: DelayLineOptions;
  #lastArrivalMs = 0;

  constructor(options: DelayLineOptions) {
    this.#options = options;
  }

  /** Sends; `take` runs once when it arrives, or not at all, or twice. */
  send(take: () => void): void {
    const { world, delayMs, faults, site } = this.#options;
    const fault = faults.pass(site);
    if (fault?.mode === "drop") return;
    const nowMs = world.nowMs();
    const arrivalMs = nowMs + delayMs() + (fault?.mode === "delay" ? fault.durationMs : 0);
    // Out of order: it alone comes later, and what follows does not wait for it.
    if (fault?.mode === "reorder") return this.#arrive(arrivalMs + fault.durationMs, take);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    this.#arrive(this.#lastArrivalMs, take);
    if (fault?.mode === "repeat") this.#arrive(this.#lastArrivalMs + fault.durationMs, take);
  }

  #arrive(atMs: number, take: () => void): void {
    const { world, receiver } = this.#options;
    world.after(atMs - world.nowMs(), () => receiver.soon(take));
  }
}
