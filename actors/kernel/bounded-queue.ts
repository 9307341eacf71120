/** One lane: a growing circular queue bounded by count and bytes. */
import type { LaneLimit } from "./lanes.js";

export class BoundedQueue<T> {
  readonly limit: LaneLimit;
  #items: (T | undefined)[] = new Array<T | undefined>(8);
  #sizes: number[] = new Array<number>(8).fill(0);
  #sinceMs: number[] = new Array<number>(8).fill(0);
  #first = 0;
  #count = 0;
  #bytes = 0;

  constructor(limit: LaneLimit) {
    this.limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an item of `bytes` fits beside what waits. */
  hasRoom(bytes: number): boolean {
    return this.#count < this.limit.countMax && this.#bytes + bytes <= this.limit.bytesMax;
  }

  /** @param nowMs monotonic, for the age of the oldest */
  push(item: T, bytes: number, nowMs: number): void {
    if (this.#count === this.#items.length) this.#grow();
    const index = (this.#first + this.#count) & (this.#items.length - 1);
    this.#items[index] = item;
    this.#sizes[index] = bytes;
    this.#sinceMs[index] = nowMs;
    this.#count += 1;
    this.#bytes += bytes;
  }

  shift(): T | undefined {
    if (this.#count === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#bytes -= this.#sizes[this.#first]!;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#count -= 1;
    return item;
  }

  /** The newest waiting item. */
  get last(): T | undefined {
    if (this.#count === 0) return undefined;
    return this.#items[(this.#first + this.#count - 1) & (this.#items.length - 1)];
  }

  /** When the oldest waiting item was pushed; undefined when nothing waits. */
  get oldestMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#sinceMs[this.#first];
  }

  /** Whether the newest waiting item may grow or shrink to `bytes`. */
  hasRoomInLast(bytes: number): boolean {
    const index = (this.#first + this.#count - 1) & (this.#items.length - 1);
    return this.#bytes - this.#sizes[index]! + bytes <= this.limit.bytesMax;
  }

  /** Puts `item` in the place of the newest waiting one, which keeps its age. */
  replaceLast(item: T, bytes: number): void {
    const index = (this.#first + this.#count - 1) & (this.#items.length - 1);
    this.#items[index] = item;
    this.#bytes += bytes - this.#sizes[index]!;
    this.#sizes[index] = bytes;
  }

  #grow(): void {
    const size = this.#items.length;
    const items = new Array<T | undefined>(size * 2);
    const sizes = new Array<number>(size * 2).fill(0);
    const sinceMs = new Array<number>(size * 2).fill(0);
    for (let i = 0; i < this.#count; i += 1) {
      const from = (this.#first + i) & (size - 1);
      items[i] = this.#items[from];
      sizes[i] = this.#sizes[from]!;
      sinceMs[i] = this.#sinceMs[from]!;
    }
    this.#items = items;
    this.#sizes = sizes;
    this.#sinceMs = sinceMs;
    this.#first = 0;
  }
}
