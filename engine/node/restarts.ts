/** Brings back what was lost, for as long as it takes: a failed attempt is followed by another. */
import type { Scheduler, Timer } from "../../base/ports.js";

const firstDelayMs = 200;
const delayMsMax = 10_000;

export type RestartsListener = {
  /** It runs again. */
  back(name: string): void;
  /** An attempt failed; the next one comes in `retryMs`. */
  failed(name: string, error: unknown, retryMs: number): void;
};

/** Attempts at what was lost, each at once and then after 200 ms, doubled up to 10 s. */
export class Restarts {
  readonly #scheduler: Scheduler;
  readonly #listener: RestartsListener;
  readonly #underWay = new Set<Promise<void>>();
  readonly #waiting = new Set<Timer>();
  #isStopped = false;

  constructor(scheduler: Scheduler, listener: RestartsListener) {
    this.#scheduler = scheduler;
    this.#listener = listener;
  }

  /** @param start one attempt; undoes itself what it did when it fails */
  again(name: string, start: () => Promise<void>): void {
    this.#attempt(name, start, firstDelayMs);
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
    const timer = this.#scheduler.after(retryMs, () => {
      this.#waiting.delete(timer);
      this.#attempt(name, start, Math.min(delayMsMax, retryMs * 2));
    });
    this.#waiting.add(timer);
  }
}
