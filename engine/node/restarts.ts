/**
 * Brings back what was lost. An attempt that fails is followed by another, ever more slowly. What
 * is lost again and again though it starts is given up: that is a crash loop, and only somebody
 * from outside can end it.
 */
import { addRestart, type RestartIntensity } from "../../actors/kernel/index.js";
import type { Time, Timer } from "../../base/ports.js";

const firstDelayMs = 200;
const delayMsMax = 10_000;

/** A shard that is blocked takes over a second to be lost, and some tenths to come back. */
export const threadIntensity: RestartIntensity = { restartsMax: 5, periodMs: 15_000 };

export type RestartsListener = {
  /** It runs again. */
  back(name: string): void;
  /** An attempt failed; the next one comes in `retryMs`. */
  failed(name: string, error: unknown, retryMs: number): void;
  /** It was lost once too often: it does not come back. */
  givenUp(name: string, intensity: RestartIntensity): void;
};

/** Attempts at what was lost, each at once and then after 200 ms, doubled up to 10 s. */
export class Restarts {
  readonly #time: Time;
  readonly #listener: RestartsListener;
  readonly #underWay = new Set<Promise<void>>();
  readonly #waiting = new Set<Timer>();
  /** When each was lost, as far as it still counts. */
  readonly #lossesMs = new Map<string, readonly number[]>();
  #isStopped = false;

  constructor(time: Time, listener: RestartsListener) {
    this.#time = time;
    this.#listener = listener;
  }

  /**
   * @param start one attempt; undoes itself what it did when it fails
   * @returns false when it is given up
   */
  again(name: string, start: () => Promise<void>): boolean {
    const before = this.#lossesMs.get(name) ?? [];
    const losses = addRestart(before, this.#time.nowMs(), threadIntensity);
    if (losses === undefined) {
      if (!this.#isStopped) this.#listener.givenUp(name, threadIntensity);
      return false;
    }
    this.#lossesMs.set(name, losses);
    this.#attempt(name, start, firstDelayMs);
    return true;
  }

  /** No more attempts; resolves when those under way are through. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
    await Promise.all(this.#underWay);
  }

  #attempt(name: string, start: () => Promise<void>, retryMs: number): void {
    if (this.#isStopped) return;
    const attempt = start().then(
      () => {
        if (!this.#isStopped) this.#listener.back(name);
      },
      (error: unknown) => {
        if (!this.#isStopped) this.#retry(name, start, { error, retryMs });
      },
    );
    this.#underWay.add(attempt);
    void attempt.finally(() => this.#underWay.delete(attempt));
  }

  #retry(
    name: string,
    start: () => Promise<void>,
    { error, retryMs }: { readonly error: unknown; readonly retryMs: number },
  ): void {
    this.#listener.failed(name, error, retryMs);
    const timer = this.#time.after(retryMs, () => {
      this.#waiting.delete(timer);
      this.#attempt(name, start, Math.min(delayMsMax, retryMs * 2));
    });
    this.#waiting.add(timer);
  }
}
