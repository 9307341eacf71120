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
/** Numbers of chunks that were given up and may still come. */
const givenKept = 64;

/** So far behind, or ahead, is another count: the peer has begun anew. */
const strayMax = 3000;
/** Chunks in a row that are behind: nobody sends so much twice. */
const staleMax = 50;

/** What became of chunks that did not come in their turn. */
export type OrderCounters = {
  /** Came before one that was missing, and waited for it. */
  readonly early: number;
  /** Came behind a later one, and were put in their place. */
  readonly reordered: number;
  /** Came after they were given up. */
  readonly late: number;
  /** Came a second time. */
  readonly duplicated: number;
  /** Given up, also where they came late. */
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
  readonly #counters = { early: 0, reordered: 0, late: 0, duplicated: 0, lost: 0 };
  /** Given up, newest last: as many as may still come. */
  readonly #given: number[] = [];
  /** Chunks in a row that were behind. */
  #stale = 0;

  get counters(): OrderCounters {
    return { ...this.#counters, window: this.#window };
  }

  /** Hands on, in order, what can go now; chunks that came twice or too late are dropped. */
  take(number: number, chunk: T, hand: (chunk: T) => void): void {
    this.#next ??= number;
    if (Math.abs(number - this.#next) > strayMax || this.#stale >= staleMax) {
      this.#beginAnew(number, hand);
    }
    if (number < this.#next) return this.#behind(number);
    this.#stale = 0;
    if (this.#waiting.has(number)) return void (this.#counters.duplicated += 1);
    if (number > this.#next) this.#counters.early += 1;
    if (this.#isBehindAny(number)) this.#counters.reordered += 1;
    this.#waiting.set(number, chunk);
    this.#handReady(hand);
    this.#needed = Math.max(this.#needed, this.#waiting.size);
    if (this.#waiting.size <= this.#window) return this.#relax();
    const oldest = Math.min(...this.#waiting.keys());
    this.#giveUp(oldest);
    this.#handReady(hand);
  }

  #isBehindAny(number: number): boolean {
    for (const waiting of this.#waiting.keys()) if (waiting > number) return true;
    return false;
  }

  /** What waits goes on without those before it. */
  #beginAnew(number: number, hand: (chunk: T) => void): void {
    for (const [waiting, chunk] of [...this.#waiting].sort(([a], [b]) => a - b)) {
      this.#waiting.delete(waiting);
      hand(chunk);
    }
    this.#next = number;
    this.#stale = 0;
    this.#given.length = 0;
  }

  #giveUp(oldest: number): void {
    for (let number = this.#next!; number < oldest; number += 1) {
      this.#counters.lost += 1;
      this.#given.push(number);
    }
    this.#given.splice(0, this.#given.length - givenKept);
    this.#next = oldest;
  }

  /** One that was given up would have come: the next one is waited for longer. */
  #behind(number: number): void {
    this.#stale += 1;
    const index = this.#given.indexOf(number);
    if (index === -1) return void (this.#counters.duplicated += 1);
    this.#given.splice(index, 1);
    this.#counters.late += 1;
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
