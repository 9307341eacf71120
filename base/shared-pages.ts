/**
 * Pages of memory that other threads may read in place: what is posted of them is a reference. They
 * are used again. A recorded call fills two a second, and would otherwise take memory in one thread
 * that is freed in another, which the allocator keeps for long.
 */

/** Of one size; more than a full shard has on its way at once is left to the collector. */
const freeMax = 512;

export class SharedPages {
  readonly #free = new Map<number, Uint8Array[]>();
  readonly #filled = new Map<number, Uint8Array>();

  /** A page of so many bytes, each of them `fill`. */
  take(bytes: number, fill: number): Uint8Array {
    const page = this.#free.get(bytes)?.pop() ?? new Uint8Array(new SharedArrayBuffer(bytes));
    // Copied by words; `fill` would write shared memory byte by byte.
    page.set(this.#filledPage(bytes, fill));
    return page;
  }

  /** Takes a page that nobody reads any more; anything else is ignored. */
  give(page: Uint8Array): void {
    if (!(page.buffer instanceof SharedArrayBuffer)) return;
    const free = this.#free.get(page.length);
    if (free === undefined) this.#free.set(page.length, [page]);
    else if (free.length < freeMax) free.push(page);
  }

  #filledPage(bytes: number, fill: number): Uint8Array {
    const key = bytes * 256 + fill;
    const known = this.#filled.get(key);
    if (known !== undefined) return known;
    const page = new Uint8Array(bytes).fill(fill);
    this.#filled.set(key, page);
    return page;
  }
}
