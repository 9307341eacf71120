/**
 * The Sealer port: everything a person says, dials or types passes through it before it touches a
 * disk. Bytes are sealed under a key of their user, so that forgetting the key forgets the user.
 */

/** Seals and opens bytes of one user. Synchronous: an adapter with a remote key service caches. */
export interface Sealer {
  /**
   * Encrypts and authenticates `plain` under the user's key (made at first use).
   *
   * @param context authenticated, not stored: what the bytes are and where they belong. The same
   *   bytes must be given to `open`.
   * @returns a fresh buffer, longer than `plain` by a constant of the adapter; `plain` is untouched
   * @throws {StorageError} `KEY_WRONG`, `ID_INVALID`
   */
  seal(userId: string, plain: Uint8Array, context: Uint8Array): Uint8Array;
  /**
   * The reverse of `seal`; the caller owns the result.
   *
   * @throws {StorageError} `SEAL_BROKEN`, `KEY_MISSING`, `KEY_WRONG`, `ID_INVALID`
   */
  open(userId: string, sealed: Uint8Array, context: Uint8Array): Uint8Array;
  /**
   * Destroys the user's key: whatever was sealed for this user is noise from now on, in every
   * thread and process and in every backup that does not hold the key file. Twice is harmless.
   */
  forget(userId: string): void;
}

/** What an id belongs to; the same text in two kinds has two unrelated indexes. */
export type IndexKind = "user" | "call";

/** A sealer that can also stand in for ids: what the stores of this room need. */
export interface IndexedSealer extends Sealer {
  /** By how much sealed bytes are longer than plain ones. */
  readonly overheadBytes: number;
  /**
   * Keyed hash of an id, 64 hex digits: equal ids meet, and without the key-encryption key nobody
   * can test a guessed phone number against it. Safe in a path.
   *
   * @throws {StorageError} `ID_INVALID`
   */
  blindIndex(kind: IndexKind, id: string): string;
  /** `open` for the store that knows the user only by `blindIndex("user", userId)`. */
  openIndexed(userIndex: string, sealed: Uint8Array, context: Uint8Array): Uint8Array;
  /** Does the user have a key now? */
  has(userId: string): boolean;
  /** Overwrites the keys held in memory; using the sealer afterwards loads them again. */
  dropCache(): void;
}
