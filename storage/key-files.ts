/**
 * The users' data keys on disk, each wrapped under the key-encryption key, one file per user:
 *
 *     <dataDir>/keys/<first 2 hex digits>/<64 hex digits: keyed hash of the user id>.key
 *
 *      0      4              16                      48             64
 *      ├ VXK1 ┼ nonce, 12 B  ┼ wrapped data key, 32 B ┼ GCM tag, 16 B ┤   AAD: "VXK1" + file name
 *
 * Threads and processes share these files and nothing else. A key in memory is used only while
 * its file is still the same one, so forgetting a user takes effect everywhere at once.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createFileOnce, isSystemError, readIfPresent, syncFolder } from "./atomic-file.js";
import { createKeyCache, isSameFile } from "./key-cache.js";
import { keyBytes } from "./master-key.js";
import { StorageError } from "./storage-error.js";

const magic = Buffer.from("VXK1", "latin1");
const nonceBytes = 12;
const tagBytes = 16;
const fileBytes = magic.length + nonceBytes + keyBytes + tagBytes;

export type KeyFiles = {
  /** The user's key, or undefined when there is none. Borrowed: valid until the next call. */
  find(userIndex: string): Buffer | undefined;
  /** The user's key, made when there is none. Borrowed: valid until the next call. */
  findOrCreate(userIndex: string): Buffer;
  /** Unlinks the key, then overwrites what it held; harmless when there is none. */
  forget(userIndex: string): void;
  /** Overwrites the keys in memory. */
  dropCache(): void;
};

/**
 * @param options.wrapKey 32 bytes, from the key-encryption key
 * @param options.usersMax keys held in memory; the one unused for longest is dropped
 */
export function createKeyFiles(options: {
  readonly dataDir: string;
  readonly wrapKey: Buffer;
  readonly usersMax: number;
}): KeyFiles {
  const cache = createKeyCache(options.usersMax);
  const pathOf = (userIndex: string) =>
    join(options.dataDir, "keys", userIndex.slice(0, 2), `${userIndex}.key`);

  const find = (userIndex: string): Buffer | undefined => {
    const path = pathOf(userIndex);
    const status = statSync(path, { throwIfNoEntry: false });
    const cached = cache.get(userIndex);
    if (status !== undefined && cached !== undefined && isSameFile(status, cached)) {
      return cache.keep(userIndex, cached);
    }
    cache.drop(userIndex);
    const wrapped = status === undefined ? undefined : readIfPresent(path);
    if (status === undefined || wrapped === undefined) return undefined;
    const key = unwrap(options.wrapKey, userIndex, wrapped, path);
    return cache.keep(userIndex, { key, ino: status.ino, ctimeMs: status.ctimeMs });
  };
  const findOrCreate = (userIndex: string): Buffer => {
    // Whoever creates reads back: with several creators at once, one file wins for all of them.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const key = find(userIndex);
      if (key !== undefined) return key;
      createFileOnce(pathOf(userIndex), wrap(options.wrapKey, userIndex));
    }
    throw new StorageError("KEY_MISSING", "the user's key was forgotten again and again", {});
  };
  return {
    find,
    findOrCreate,
    forget(userIndex) {
      cache.drop(userIndex);
      shred(pathOf(userIndex));
    },
    dropCache: () => cache.dropAll(),
  };
}

function boundName(userIndex: string): Buffer {
  return Buffer.concat([magic, Buffer.from(userIndex, "latin1")]);
}

/** A fresh data key in its wrapped form. */
function wrap(wrapKey: Buffer, userIndex: string): Buffer {
  const key = randomBytes(keyBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", wrapKey, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundName(userIndex));
  const wrapped = Buffer.concat([cipher.update(key), cipher.final()]);
  key.fill(0);
  return Buffer.concat([magic, nonce, wrapped, cipher.getAuthTag()]);
}

function unwrap(wrapKey: Buffer, userIndex: string, file: Buffer, path: string): Buffer {
  const nonceEnd = magic.length + nonceBytes;
  try {
    if (file.length !== fileBytes || !file.subarray(0, magic.length).equals(magic)) {
      throw new Error(`${file.length} bytes, not ${fileBytes} that start with ${String(magic)}`);
    }
    const nonce = file.subarray(magic.length, nonceEnd);
    const decipher = createDecipheriv("aes-256-gcm", wrapKey, nonce, { authTagLength: tagBytes });
    decipher.setAAD(boundName(userIndex));
    decipher.setAuthTag(file.subarray(nonceEnd + keyBytes));
    return Buffer.concat([
      decipher.update(file.subarray(nonceEnd, nonceEnd + keyBytes)),
      decipher.final(),
    ]);
  } catch (cause) {
    throw new StorageError(
      "KEY_WRONG",
      `${path} does not open under this key-encryption key: it was altered, or belongs elsewhere`,
      { path },
      { cause },
    );
  }
}

/**
 * Unlinks first, so that no reader meets a half-overwritten key, then overwrites the blocks through
 * the open file. Copy-on-write disks may keep the old blocks: they still need the KEK to be read.
 */
function shred(path: string): void {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    throw error;
  }
  try {
    unlinkSync(path);
    syncFolder(dirname(path));
    writeSync(file, randomBytes(fileBytes), 0, fileBytes, 0);
    fsyncSync(file);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error; // another thread forgot the user as well
  } finally {
    closeSync(file);
  }
}
