/**
 * Opens the SQLite file of the engine: ours, whole, of a schema we know, in WAL mode. Whatever is
 * wrong with the file is said here, at the start, and never by a half-working store.
 */
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";
import { EngineError } from "../base/errors.js";
import { applicationId, migrations, type Migration } from "./schema.js";
import { StorageError } from "./storage-error.js";

export type SqliteDatabase = InstanceType<typeof Database>;

/** Checking every page takes about a second per 256 MiB; a larger file shows damage when read. */
const checkedBytesMax = 256 * 1024 * 1024;
/** How long a statement waits for another process's lock. We are meant to be the only writer. */
const lockedMsMax = 2000;

/**
 * @param options.epochMs wall time, written beside each applied migration
 * @param options.migrations the schema; default: ours
 * @throws {StorageError} `STORE_CORRUPT`, `STORE_FOREIGN`, `SCHEMA_NEWER`, `STORE_LOCKED`,
 *   `STORE_FAILED`, each naming the file
 */
export function openSqliteDatabase(options: {
  readonly file: string;
  readonly epochMs: number;
  readonly migrations?: readonly Migration[];
}): SqliteDatabase {
  const { file } = options;
  let database: SqliteDatabase | undefined;
  try {
    createOwnerOnly(file);
    database = new Database(file, { timeout: lockedMsMax });
    requireOurs(database, file);
    configure(database, file);
    migrate(database, file, options.migrations ?? migrations, options.epochMs);
    return database;
  } catch (error) {
    database?.close();
    throw storeError(error, file);
  }
}

/** Folds the write-ahead log into the file, so that the file alone is the store, and closes. */
export function closeSqliteDatabase(database: SqliteDatabase): void {
  try {
    // The driver keeps the file open until its statements are collected, so SQLite's own fold on
    // close may never happen.
    database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  } finally {
    database.close();
  }
}

/** Reads a pragma's single value. */
export function readPragma(database: SqliteDatabase, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown> | undefined;
  return row === undefined ? undefined : Object.values(row)[0];
}

/** Whatever the driver threw, as ours. */
export function storeError(error: unknown, file: string): EngineError {
  if (error instanceof EngineError) return error;
  const sqliteCode = (error as { code?: unknown } | null)?.code;
  const code = typeof sqliteCode === "string" ? sqliteCode : "";
  const detail = { file, sqliteCode: code };
  const options = { cause: error };
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    const message = `${file} is damaged or no SQLite database: restore it from a backup, or move it away to begin anew`;
    return new StorageError("STORE_CORRUPT", message, detail, options);
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    const message = `${file} is locked by another process for over ${lockedMsMax} ms: one engine owns a data directory`;
    return new StorageError("STORE_LOCKED", message, { ...detail, lockedMsMax }, options);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StorageError("STORE_FAILED", `${file}: ${reason}`, detail, options);
}

/** SQLite gives its log files the mode of the database: made here, nobody else may read them. */
function createOwnerOnly(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, "a", 0o600));
}

function requireOurs(database: SqliteDatabase, file: string): void {
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_master").get() as {
    count: number;
  };
  const id = Number(readPragma(database, "application_id"));
  if (id !== applicationId && (id !== 0 || tables.count > 0)) {
    throw new StorageError(
      "STORE_FOREIGN",
      `${file} is a SQLite database of another program (application id ${id}): name another file`,
      { file, applicationId: id },
    );
  }
  if (statSync(file).size > checkedBytesMax) return;
  const verdict = String(readPragma(database, "quick_check(1)"));
  if (verdict === "ok") return;
  throw new StorageError(
    "STORE_CORRUPT",
    `${file} is damaged (${verdict}): restore it from a backup, or move it away to begin anew`,
    { file, verdict },
  );
}

function configure(database: SqliteDatabase, file: string): void {
  const mode = String(readPragma(database, "journal_mode = WAL"));
  if (mode !== "wal") {
    throw new StorageError(
      "STORE_FAILED",
      `${file} cannot keep a write-ahead log (journal mode stays ${mode}): use a local disk`,
      { file, mode },
    );
  }
  database.exec("PRAGMA synchronous = NORMAL");
  // What was erased is overwritten in the file, too.
  readPragma(database, "secure_delete = ON");
  // Keeps the log from staying at its largest size for ever.
  readPragma(database, `journal_size_limit = ${64 * 1024 * 1024}`);
}

function migrate(
  database: SqliteDatabase,
  file: string,
  known: readonly Migration[],
  epochMs: number,
): void {
  const newest = known.at(-1)?.version ?? 0;
  database
    .transaction(() => {
      database.exec(`CREATE TABLE IF NOT EXISTS migrations (
      version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, applied_epoch_ms INTEGER NOT NULL
    ) STRICT`);
      const last = database.prepare("SELECT max(version) AS version FROM migrations").get() as {
        version: number | null;
      };
      const version = last.version ?? 0;
      if (version > newest) {
        throw new StorageError(
          "SCHEMA_NEWER",
          `${file} has schema ${version}, this build knows up to ${newest}: use the newer build`,
          { file, version, versionMax: newest },
        );
      }
      database.exec(`PRAGMA application_id = ${applicationId}`);
      const insert = database.prepare("INSERT INTO migrations VALUES (?, ?, ?)");
      for (const step of known.filter((migration) => migration.version > version)) {
        database.exec(step.sql);
        insert.run(step.version, step.name, epochMs);
      }
    })
    .immediate();
}
