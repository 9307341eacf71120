/**
 * The key-encryption key (KEK): 32 random bytes in a file that only its owner may read. It is never
 * used as it is; one key per purpose is derived from it (HKDF-SHA-256, RFC 5869). A check value
 * beside the data tells a wrong KEK from missing data before anything is written with it.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { createFileOnce, isSystemError, readIfPresent } from "./atomic-file.js";
import { StorageError } from "./storage-error.js";

/** Size of the key-encryption key and of every key below it: AES-256. */
export const keyBytes = 32;

/** The keys derived from the KEK. */
export type MasterKey = {
  /** Wraps the users' data keys. */
  readonly wrapKey: Buffer;
  /** Keys the hashes that stand in for ids. */
  readonly indexKey: Buffer;
  /** Signs the tokens with which lost media connections come back, also after a restart. */
  readonly resumeKey: Buffer;
  /** Wraps the keys of prompts in a shared cache. */
  readonly promptKey: Buffer;
};

export type MasterKeyOptions = {
  /** Root of the stored data; the check value lies in its `keys/`. */
  readonly dataDir: string;
  /** Made with fresh random bytes, mode 0600, when both it and the data are absent. */
  readonly kekFile: string;
};

/**
 * Reads or creates the KEK and verifies that it is the one of this data.
 *
 * @throws {StorageError} `KEY_FILE_INVALID` when the file has the wrong size or is readable by
 *   others, or is absent although the data was sealed under one; `KEY_WRONG` when it is another KEK
 */
export function loadMasterKey(options: MasterKeyOptions): MasterKey {
  const checkFile = join(options.dataDir, "keys", "kek-check");
  const kek = readKek(options.kekFile) ?? createKek(options.kekFile, checkFile);
  const check = createHmac("sha256", derive(kek, "check")).update("voxtree").digest();
  const stored = readIfPresent(checkFile) ?? createCheck(checkFile, check);
  if (stored.length !== check.length || !timingSafeEqual(stored, check)) {
    throw new StorageError(
      "KEY_WRONG",
      `${options.kekFile} is not the key-encryption key that ${options.dataDir} was sealed under: ` +
        "put the original key file back, or use an empty data directory",
      { kekFile: options.kekFile, dataDir: options.dataDir },
    );
  }
  const master = {
    wrapKey: derive(kek, "wrap"),
    indexKey: derive(kek, "index"),
    resumeKey: derive(kek, "resume"),
    promptKey: derive(kek, "prompts"),
  };
  kek.fill(0);
  return master;
}

function createCheck(checkFile: string, check: Buffer): Buffer {
  createFileOnce(checkFile, check);
  return readIfPresent(checkFile) ?? check;
}

function createKek(kekFile: string, checkFile: string): Buffer {
  // A KEK made while sealed data lies there would hide the loss of the real one. The file is read
  // again, because another process may have made both files since our first look.
  if (readIfPresent(checkFile) !== undefined) {
    const kek = readKek(kekFile);
    if (kek !== undefined) return kek;
    throw new StorageError(
      "KEY_FILE_INVALID",
      `${kekFile} is missing, but ${checkFile} says that data was sealed under it: put it back`,
      { kekFile, checkFile },
    );
  }
  createFileOnce(kekFile, randomBytes(keyBytes));
  const kek = readKek(kekFile);
  if (kek !== undefined) return kek;
  throw new StorageError("KEY_FILE_INVALID", `${kekFile} vanished while it was created`, {
    kekFile,
  });
}

function readKek(kekFile: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(kekFile, "r");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw new StorageError(
      "KEY_FILE_INVALID",
      `the key-encryption key ${kekFile} cannot be opened: ${String(error)}`,
      { kekFile },
      { cause: error },
    );
  }
  try {
    return readOpenKek(file, kekFile);
  } finally {
    closeSync(file);
  }
}

/** Size and mode come from the open file, not from its name: nobody can swap it in between. */
function readOpenKek(file: number, kekFile: string): Buffer {
  const status = fstatSync(file);
  const mode = status.mode & 0o777;
  if (!status.isFile() || status.size !== keyBytes) {
    throw new StorageError(
      "KEY_FILE_INVALID",
      `${kekFile} has ${status.size} bytes, a key-encryption key is a file of exactly ${keyBytes}`,
      { kekFile, bytes: status.size, bytesRight: keyBytes },
    );
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new StorageError(
      "KEY_FILE_INVALID",
      `${kekFile} has mode 0${mode.toString(8)}, so others may use it: run chmod 600 on it`,
      { kekFile, mode: `0${mode.toString(8)}`, modeRight: "0600" },
    );
  }
  const kek = Buffer.alloc(keyBytes);
  readSync(file, kek, 0, keyBytes, 0);
  return kek;
}

function derive(kek: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", kek, "", `voxtree kek 1 ${purpose}`, keyBytes));
}
