/** A map with a bound on the bytes of its values: what was used longest ago leaves first. */

export type LeastRecentlyUsed<Value> = {
  /** The value, which thereby becomes the most recently used; undefined when absent. */
  get(key: string): Value | undefined;
  /** Adds or replaces a value of at most `bytesMax` bytes; returns how many left for it. */
  set(key: string, value: Value, bytes: number): number;
  readonly count: number;
  readonly bytes: number;
};

/** @param bytesMax the sum of all values' bytes never exceeds it */
export function leastRecentlyUsed<Value>(bytesMax: number): LeastRecentlyUsed<Value> {
  // A Map iterates in order of insertion: re-inserting at every use keeps the oldest use first.
  const entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  let total = 0;
  const remove = (key: string): boolean => {
    total -= entries.get(key)?.bytes ?? 0;
    return entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, bytes) {
      remove(key);
      let evictions = 0;
      for (const oldest of entries.keys()) {
        if (total + bytes <= bytesMax) break;
        remove(oldest);
        evictions += 1;
      }
      entries.set(key, { value, bytes });
      total += bytes;
      return evictions;
    },
    get count() {
      return entries.size;
    },
    get bytes() {
      return total;
    },
  };
}
