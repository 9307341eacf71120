/**
 * One engine per data directory. The lock is the kernel's: an exclusive transaction on a file in
 * the directory, which SQLite holds by `fcntl` locks. It goes with its process, however that ends,
 * and no pid that comes again, no clock and no name of the directory can be mistaken for it
 * (docs/decisions/0020).
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import Database from "libsql";
import { StorageError } from "./storage-error.js";

export type DataLock = {
  /** Lets others in. Twice is harmless. */
  release(): void;
};

/** Who has the lock, for people: whether anybody does, only the lock itself can tell. */
type Holder = { readonly pid: number; readonly host: string; readonly since: string };

/**
 * Takes the directory, made when absent, for this engine.
 *
 * @param epochMs wall time, for the message that others get
 * @throws {StorageError} `DATA_IN_USE` with pid and host of the other engine, `DATA_UNLOCKABLE`
 *   where the file system has no locks or is not to be written
 */
export function lockDataDir(dataDir: string, epochMs: number): DataLock {
  const lockFile = join(dataDir, "engine.lock");
  const holderFile = join(dataDir, "engine.holder.json");
  let database: InstanceType<typeof Database> | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    closeSync(openSync(lockFile, "a", 0o600));
    // Nobody holds it for a moment only: there is nothing to wait for.
    database = new Database(lockFile, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    const since = new Date(epochMs).toISOString();
    const holder: Holder = { pid: process.pid, host: hostname(), since };
    writeFileSync(holderFile, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  } catch (error) {
    release(database);
    throw isBusy(error) ? inUse(dataDir, holderFile) : unlockable(lockFile, error);
  }
  let held: typeof database | undefined = database;
  return {
    release() {
      release(held);
      held = undefined;
    },
  };
}

/** The driver may keep the file open for a while after `close`: the transaction is what locks. */
function release(database: InstanceType<typeof Database> | undefined): void {
  if (database?.inTransaction === true) database.exec("ROLLBACK");
  database?.close();
}

function isBusy(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^SQLITE_(BUSY|LOCKED)/.test(code);
}

function inUse(dataDir: string, holderFile: string): StorageError {
  const holder = readHolder(holderFile);
  const path = resolve(dataDir);
  const who =
    holder === undefined
      ? "another engine"
      : `another engine (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
  return new StorageError(
    "DATA_IN_USE",
    `${path} is in use by ${who}: stop it, or give this one a storage.dataDir of its own`,
    { dataDir: path, ...holder },
  );
}

function unlockable(lockFile: string, cause: unknown): StorageError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${lockFile} cannot be locked (${why}): the data directory must be writable, on a file system with POSIX locks`;
  return new StorageError("DATA_UNLOCKABLE", message, { lockFile }, { cause });
}

/** Undefined when it does not read: it is only there to be shown. */
function readHolder(holderFile: string): Holder | undefined {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderFile, "utf8")) as Partial<Holder>;
    const isWhole =
      typeof pid === "number" && [host, since].every((one) => typeof one === "string");
    return isWhole ? { pid, host: host!, since: since! } : undefined;
  } catch {
    // Torn or absent: the other engine is just starting.
    return undefined;
  }
}
