/**
 * Voiceprint templates on disk, one sealed file for each person: biometric data. The name of a file
 * is a keyed hash, its bytes are under the person's key: who is forgotten is forgotten here, too.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readIfPresent, syncFolder, unlinkIfPresent } from "./atomic-file.js";
import type { IndexedSealer } from "./sealer.js";

/** A few kilobytes at most. */
export type VoiceprintFiles = {
  /** Replaces what there is; durable when it returns. @throws {StorageError} `KEY_WRONG` … */
  put(userId: string, template: Uint8Array): void;
  /** @returns undefined for who was never enrolled @throws {StorageError} `SEAL_BROKEN` … */
  get(userId: string): Uint8Array | undefined;
  /** @returns whether there was one */
  remove(userId: string): boolean;
};

const context = Buffer.from("voxtree voiceprint 1", "latin1");

export function voiceprintFiles(dataDir: string, sealer: IndexedSealer): VoiceprintFiles {
  const folder = join(dataDir, "voiceprints");
  const pathOf = (userId: string): string => join(folder, sealer.blindIndex("user", userId));
  return {
    put(userId, template) {
      const sealed = sealer.seal(userId, template, context);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = pathOf(userId);
      replaceFile(path, sealed);
      syncFolder(folder);
    },
    get(userId) {
      const sealed = readIfPresent(pathOf(userId));
      // A file without its key is noise: the person was forgotten.
      if (sealed === undefined || !sealer.has(userId)) return undefined;
      return sealer.open(userId, sealed, context);
    },
    remove: (userId) => unlinkIfPresent(pathOf(userId)),
  };
}

/** The old bytes or the new ones, never half of them. */
function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
