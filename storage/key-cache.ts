/** Unwrapped keys in memory: a bounded number, and overwritten when they leave. */

/** A key in memory is good as long as the file it came from is this one. */
export type FileIdentity = { readonly ino: number; readonly ctimeMs: number };
export type CachedKey = FileIdentity & { readonly key: Buffer };

/** Is it the same file, unchanged? A file made anew has another inode or a later change time. */
export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.ino === b.ino && a.ctimeMs === b.ctimeMs;
}

export type KeyCache = {
  get(userIndex: string): CachedKey | undefined;
  /** Keeps a key as the most recently used and returns it; the least recently used may go. */
  keep(userIndex: string, entry: CachedKey): Buffer;
  drop(userIndex: string): void;
  dropAll(): void;
  /** At most `usersMax`. */
  readonly size: number;
};

/** @param usersMax keys at once; the one unused for longest makes room */
export function createKeyCache(usersMax: number): KeyCache {
  const entries = new Map<string, CachedKey>(); // its order is the order of use
  const drop = (userIndex: string): void => {
    entries.get(userIndex)?.key.fill(0);
    entries.delete(userIndex);
  };
  return {
    get: (userIndex) => entries.get(userIndex),
    keep(userIndex, entry) {
      entries.delete(userIndex);
      entries.set(userIndex, entry);
      const [oldest] = entries.keys();
      if (entries.size > usersMax && oldest !== undefined) drop(oldest);
      return entry.key;
    },
    drop,
    dropAll: () => [...entries.keys()].forEach(drop),
    get size() {
      return entries.size;
    },
  };
}
