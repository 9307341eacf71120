/**
 * Marks for peers that have none: what was sent has been heard when its time is over, so the clock
 * returns the mark. A clear drops what waits.
 */
import type { Timer } from "../../base/ports.js";
import type { MediaPeer } from "./media-protocol.js";

export class ClockedMarks {
  readonly #peer: Pick<MediaPeer, "nowMs" | "after">;
  readonly #latencyMs: number;
  readonly #reached: (name: string) => void;
  readonly #waiting = new Set<Timer>();
  /** When all audio sent so far will have sounded. */
  #endMs = 0;

  /** @param options.latencyMs from the peer's network to the ear, as far as it is known */
  constructor(options: {
    readonly peer: Pick<MediaPeer, "nowMs" | "after">;
    readonly latencyMs: number;
    readonly reached: (name: string) => void;
  }) {
    this.#peer = options.peer;
    this.#latencyMs = options.latencyMs;
    this.#reached = options.reached;
  }

  /** Audio of this length went out. */
  sent(lengthMs: number): void {
    this.#endMs = Math.max(this.#endMs, this.#peer.nowMs() + this.#latencyMs) + lengthMs;
  }

  add(name: string): void {
    const delayMs = Math.max(0, this.#endMs - this.#peer.nowMs());
    const timer = this.#peer.after(delayMs, () => {
      this.#waiting.delete(timer);
      this.#reached(name);
    });
    this.#waiting.add(timer);
  }

  /** The peer drops what it has, and the marks with it. */
  clear(): void {
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
    this.#endMs = 0;
  }
}
