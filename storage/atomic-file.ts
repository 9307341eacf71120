/**
 * Small files that appear whole or not at all. A temporary file is written, synced and then
 * *linked* to its name: linking fails when the name is taken, so of several creators exactly one
 * wins and nobody ever reads half a file (`O_EXCL` on the name itself would show it empty first).
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Is this the error of a system call with that code, e.g. `ENOENT`? */
export function isSystemError(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && (thrown as NodeJS.ErrnoException).code === code;
}

/**
 * Creates `path` with `bytes`, mode 0600, durable; missing folders are made with mode 0700.
 *
 * @returns false when the file exists already (it is left as it is)
 * @throws the system error when the folder cannot be written
 */
export function createFileOnce(path: string, bytes: Uint8Array): boolean {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(temporary, path);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false;
    throw error;
  } finally {
    unlinkIfPresent(temporary);
  }
  syncFolder(folder);
  return true;
}

/** The bytes of a small file, or undefined when there is none. */
export function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Removes a file; true when there was one. */
export function unlinkIfPresent(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}

/** Makes the names in a folder durable. Windows cannot open folders and needs no such step. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
