/**
 * Puts numbered chunks back into order. One that is missing is waited for until a few behind it
 * have come; then it is lost, and one that comes after that is too late.
 */

/** At 20 ms a chunk this is the longest wait: 100 ms. */
const waitingMax = 5;

export class ChunkOrder<T> {
  readonly #waiting = new Map<number, T>();
  #next: number | undefined;

  /** Hands on, in order, what can go now; chunks that came twice or too late are dropped. */
  take(number: number, chunk: T, hand: (chunk: T) => void): void {
    this.#next ??= number;
    if (number < this.#next) return;
    this.#waiting.set(number, chunk);
    this.#handReady(hand);
    if (this.#waiting.size <= waitingMax) return;
    this.#next = Math.min(...this.#waiting.keys());
    this.#handReady(hand);
  }

  #handReady(hand: (chunk: T) => void): void {
    for (;;) {
      const chunk = this.#waiting.get(this.#next!);
      if (chunk === undefined) return;
      this.#waiting.delete(this.#next!);
      this.#next! += 1;
      hand(chunk);
    }
  }
}
