/**
 * The blind indexes of the users that are on the phone: a call seals every second, and a keyed hash
 * costs as much as the seal. Bounded, and gone with the keys when they are dropped.
 */

export type IndexMemo = {
  of(id: string): string;
  drop(id: string): void;
  dropAll(): void;
};

/** @param idsMax remembered at once; the one that came first makes room */
export function createIndexMemo(idsMax: number, compute: (id: string) => string): IndexMemo {
  const known = new Map<string, string>();
  return {
    of(id) {
      const before = known.get(id);
      if (before !== undefined) return before;
      // What has no index is not remembered: it throws.
      const index = compute(id);
      const [oldest] = known.keys();
      if (known.size >= idsMax && oldest !== undefined) known.delete(oldest);
      known.set(id, index);
      return index;
    },
    drop: (id) => void known.delete(id),
    dropAll: () => known.clear(),
  };
}
