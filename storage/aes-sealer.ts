/**
 * The Sealer on local files: AES-256-GCM under a data key per user.
 *
 *      0         1              13                          13 + n          29 + n
 *      ├ version ┼ nonce, 12 B  ┼ ciphertext of n bytes ... ┼ GCM tag, 16 B ┤
 *
 * AAD: "voxtree seal 1", a zero byte, the caller's context. Nonces are random (NIST SP 800-38D,
 * section 8.2.2): one user would have to be sealed for 2^32 times before they become a concern.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { createIndexMemo } from "./index-memo.js";
import { createKeyFiles } from "./key-files.js";
import { idBytes } from "./ids.js";
import { loadMasterKey, type MasterKeyOptions } from "./master-key.js";
import type { IndexedSealer, IndexKind } from "./sealer.js";
import { StorageError } from "./storage-error.js";

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes;
const label = Buffer.from("voxtree seal 1\0", "latin1");

/** What the AES-GCM seal adds to every plain text, in bytes. */
export const sealOverheadBytes = headBytes + tagBytes;

/** Users whose keys stay in memory: as many as one node has live calls, at about 200 B each. */
const cachedUsersMax = 2048;

export type AesSealerOptions = MasterKeyOptions & {
  /** Default 2048. */
  readonly usersMax?: number;
};

/**
 * Opens the keys of `dataDir`; makes the key-encryption key and the folders at first use.
 *
 * @throws {StorageError} `KEY_FILE_INVALID`, `KEY_WRONG`
 */
export function createAesSealer(options: AesSealerOptions): IndexedSealer {
  const { wrapKey, indexKey } = loadMasterKey(options);
  const { dataDir, usersMax = cachedUsersMax } = options;
  const keys = createKeyFiles({ dataDir, wrapKey, usersMax });
  const computeIndex = (kind: IndexKind, id: string): string =>
    createHmac("sha256", indexKey)
      .update(`${kind}\0`)
      .update(idBytes(`${kind}Id`, id))
      .digest("hex");
  const userIndexes = createIndexMemo(usersMax, (id) => computeIndex("user", id));
  const blindIndex = (kind: IndexKind, id: string): string =>
    kind === "user" ? userIndexes.of(id) : computeIndex(kind, id);
  const openIndexed = (userIndex: string, sealed: Uint8Array, context: Uint8Array): Uint8Array => {
    const key = keys.find(userIndex);
    if (key === undefined) throw keyMissing(userIndex);
    return openWith(key, sealed, context);
  };
  return {
    overheadBytes: sealOverheadBytes,
    blindIndex,
    openIndexed,
    seal: (userId, plain, context) =>
      sealWith(keys.findOrCreate(blindIndex("user", userId)), plain, context),
    open: (userId, sealed, context) => openIndexed(blindIndex("user", userId), sealed, context),
    has: (userId) => keys.find(blindIndex("user", userId)) !== undefined,
    forget(userId) {
      const userIndex = blindIndex("user", userId);
      userIndexes.drop(userId);
      return keys.forget(userIndex);
    },
    dropCache() {
      userIndexes.dropAll();
      keys.dropCache();
    },
  };
}

function keyMissing(userIndex: string): StorageError {
  const userHash = userIndex.slice(0, 12);
  return new StorageError(
    "KEY_MISSING",
    `user ${userHash}… (hash) has no key: nothing was sealed for them, or they were forgotten`,
    { userHash },
  );
}

function sealWith(key: Buffer, plain: Uint8Array, context: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.concat([label, context]));
  const head = Buffer.concat([Buffer.of(version), nonce]);
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openWith(key: Buffer, sealed: Uint8Array, context: Uint8Array): Uint8Array {
  if (sealed.length < sealOverheadBytes || sealed[0] !== version) {
    throw new StorageError(
      "SEAL_BROKEN",
      `${sealed.length} sealed bytes of version ${sealed[0] ?? "none"} are no seal: ` +
        `at least ${sealOverheadBytes} bytes of version ${version} are`,
      { bytes: sealed.length, version: sealed[0] },
    );
  }
  const tagStart = sealed.length - tagBytes;
  const nonce = sealed.subarray(1, headBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.concat([label, context]));
  decipher.setAuthTag(sealed.subarray(tagStart));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes, tagStart)), decipher.final()]);
  } catch (cause) {
    throw new StorageError(
      "SEAL_BROKEN",
      `${sealed.length} sealed bytes do not open: they were altered or moved to another place, ` +
        "or their key was forgotten and the user has a new one",
      { bytes: sealed.length },
      { cause },
    );
  }
}
