/**
 * Puts numbered chunks back into order. One that is missing is waited for until so many behind it
 * have come; then it is lost, and one that comes after that is too late.
 *
 * How long that is follows the line: a chunk that was given up too soon makes the window longer, a
 * long row in which none was needed shortens it. So a line that keeps order costs no delay at all,
 * since chunks in order are handed on at once, and a lost chunk costs as little as the line allows.
 */

/** Chunks behind a missing one, at least and at most: at 20 ms a chunk 40 to 240 ms. */
const windowMin = 2;
const windowMax = 12;
const windowStart = 5;
/** Chunks without any that had to wait: ten seconds at 20 ms a chunk. */
const calmChunks = 500;

/** What became of chunks that did not come in their turn. */
export type OrderCounters = {
  /** Came before one that was missing, and waited for it. */
  readonly early: number;
  /** Came after they were given up, or a second time. */
  readonly late: number;
  /** Given up. */
  readonly lost: number;
  /** Chunks behind a missing one that are waited for now. */
  readonly window: number;
};

export class ChunkOrder<T> {
  readonly #waiting = new Map<number, T>();
  #next: number | undefined;
  #window = windowStart;
  /** The most that had to wait since the window was last looked at. */
  #needed = 0;
  #calm = 0;
  #early = 0;
  #late = 0;
  #lost = 0;

  get counters(): OrderCounters {
    return { early: this.#early, late: this.#late, lost: this.#lost, window: this.#window };
  }

  /** Hands on, in order, what can go now; chunks that came twice or too late are dropped. */
  take(number: number, chunk: T, hand: (chunk: T) => void): void {
    this.#next ??= number;
    if (number < this.#next) return this.#tooLate();
    if (number > this.#next) this.#early += 1;
    this.#waiting.set(number, chunk);
    this.#handReady(hand);
    this.#needed = Math.max(this.#needed, this.#waiting.size);
    if (this.#waiting.size <= this.#window) return this.#relax();
    const oldest = Math.min(...this.#waiting.keys());
    this.#lost += oldest - this.#next;
    this.#next = oldest;
    this.#handReady(hand);
  }

  /** It would have come: the next one is waited for longer. */
  #tooLate(): void {
    this.#late += 1;
    this.#calm = 0;
    this.#window = Math.min(windowMax, this.#window + 1);
  }

  /** After a long calm the window is what was needed, and one more. */
  #relax(): void {
    this.#calm += 1;
    if (this.#calm < calmChunks) return;
    this.#window = Math.max(windowMin, Math.min(this.#window, this.#needed + 1));
    this.#calm = 0;
    this.#needed = 0;
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
