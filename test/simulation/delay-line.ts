/** A way with a delay: in order, unless a fault says otherwise. */
import type { Time } from "../../base/ports.js";
import type { FaultDesk, FaultSite } from "./fault-plan.js";

export type DelayLineOptions = {
  /** The world's: a way does not stall with the threads at its ends. */
  readonly world: Time;
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

  /** Sends; `arrive` runs once, or not at all, or twice. */
  send(arrive: () => void): void {
    const { world, delayMs, faults, site } = this.#options;
    const fault = faults.pass(site);
    if (fault?.mode === "drop") return;
    const nowMs = world.nowMs();
    const arrivalMs = nowMs + delayMs() + (fault?.mode === "delay" ? fault.durationMs : 0);
    // Out of order: it alone comes later, and what follows does not wait for it.
    if (fault?.mode === "reorder") {
      return void world.after(arrivalMs + fault.durationMs - nowMs, arrive);
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    world.after(this.#lastArrivalMs - nowMs, arrive);
    if (fault?.mode !== "repeat") return;
    world.after(this.#lastArrivalMs + fault.durationMs - nowMs, arrive);
  }
}
