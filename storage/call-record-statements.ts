/** The prepared statements of the call records, compiled once per open database. */
import type { CallRecordRow } from "./call-record-codec.js";
import type { SqliteDatabase } from "./sqlite-database.js";

/** What we use of the driver's statement. */
export type Statement = {
  run(...values: unknown[]): { readonly changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
};

/** Our statements; rows come out as `CallRecordRow`. */
export type CallRecordStatements = Readonly<Record<"put" | "get" | "list" | "strip", Statement>>;

const columns = `call_id AS callId, user_index AS userIndex, flow_id AS flowId, outcome,
  started_epoch_ms AS startedEpochMs, ended_epoch_ms AS endedEpochMs, sealed`;

/** @throws the driver's error when the schema is not ours */
export function prepareStatements(database: SqliteDatabase): CallRecordStatements {
  return {
    // A late put of a call's former shard must not undo its outcome, and none may bring back what
    // was stripped: of a forgotten user's call only the plain columns change.
    put: database.prepare(`
      INSERT INTO call_records VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (call_id) DO UPDATE SET
        user_index = iif(call_records.sealed IS NULL, NULL, excluded.user_index),
        sealed = iif(call_records.sealed IS NULL, NULL, excluded.sealed),
        flow_id = excluded.flow_id, outcome = excluded.outcome,
        started_epoch_ms = excluded.started_epoch_ms, ended_epoch_ms = excluded.ended_epoch_ms
      WHERE call_records.outcome IS NULL OR excluded.outcome IS NOT NULL`),
    get: database.prepare(`SELECT ${columns} FROM call_records WHERE call_id = ?`),
    list: database.prepare(`SELECT ${columns} FROM call_records WHERE user_index = ?
      ORDER BY started_epoch_ms DESC, call_id LIMIT ?`),
    strip: database.prepare(`UPDATE call_records SET user_index = NULL, sealed = NULL
      WHERE user_index = ?`),
  };
}

/** Inserts or updates one row. */
export function runPut(statements: CallRecordStatements, row: CallRecordRow): void {
  statements.put.run(
    row.callId,
    row.userIndex,
    row.flowId,
    row.outcome,
    row.startedEpochMs,
    row.endedEpochMs,
    row.sealed,
  );
}

/** The row of a call. */
export function findRow(
  statements: CallRecordStatements,
  callId: string,
): CallRecordRow | undefined {
  const row = statements.get.get(callId);
  return row === undefined ? undefined : toRow(row);
}

/** A user's rows, newest first. */
export function listRows(
  statements: CallRecordStatements,
  userIndex: string,
  countMax: number,
): CallRecordRow[] {
  return statements.list.all(userIndex, countMax).map(toRow);
}

/** The driver gives blobs as a Buffer from `get` and as an ArrayBuffer from `all`. */
function toRow(row: unknown): CallRecordRow {
  const { sealed, ...rest } = row as CallRecordRow;
  return { ...rest, sealed: sealed instanceof ArrayBuffer ? new Uint8Array(sealed) : sealed };
}
