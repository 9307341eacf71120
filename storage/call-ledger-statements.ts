/** The prepared statements of the ledger, compiled once per open database. */
import type { LiveCall } from "./call-ledger.js";
import type { CallMemoryRow } from "./call-memory-codec.js";
import type { Statement } from "./call-record-statements.js";
import type { SqliteDatabase } from "./sqlite-database.js";

type Name = "remember" | "recall" | "live" | "settle" | "remove" | "strip" | "alive" | "life";
export type CallLedgerStatements = Readonly<Record<Name, Statement>>;

/** @throws the driver's error when the schema is not ours */
export function prepareLedgerStatements(database: SqliteDatabase): CallLedgerStatements {
  return {
    // Of a call that has ended nothing is kept any more, however late it comes.
    remember: database.prepare(`
      INSERT INTO call_ledger SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (
        SELECT 1 FROM call_records
        WHERE call_id = ?1 AND (outcome IS NOT NULL OR sealed IS NULL))
      ON CONFLICT (call_id) DO UPDATE SET user_index = excluded.user_index,
        saved_epoch_ms = excluded.saved_epoch_ms, sealed = excluded.sealed`),
    recall: database.prepare(`SELECT call_id AS callId, user_index AS userIndex,
      saved_epoch_ms AS savedEpochMs, sealed FROM call_ledger WHERE call_id = ?`),
    live: database.prepare(`SELECT r.call_id AS callId, r.flow_id AS flowId,
      r.started_epoch_ms AS startedEpochMs, l.saved_epoch_ms AS savedEpochMs
      FROM call_records r LEFT JOIN call_ledger l ON l.call_id = r.call_id
      WHERE r.outcome IS NULL ORDER BY r.started_epoch_ms, r.call_id LIMIT ?`),
    settle: database.prepare(`UPDATE call_records SET outcome = ?2, ended_epoch_ms = ?3
      WHERE call_id = ?1 AND outcome IS NULL`),
    remove: database.prepare(`DELETE FROM call_ledger WHERE call_id = ?`),
    strip: database.prepare(`DELETE FROM call_ledger WHERE user_index = ?`),
    alive: database.prepare(`INSERT INTO engine_life VALUES (1, ?)
      ON CONFLICT (id) DO UPDATE SET alive_epoch_ms = excluded.alive_epoch_ms`),
    life: database.prepare(`SELECT alive_epoch_ms AS aliveEpochMs FROM engine_life`),
  };
}

/** Inserts or replaces the memory of a call that lives. */
export function runRemember({ remember }: CallLedgerStatements, row: CallMemoryRow): void {
  remember.run(row.callId, row.userIndex, row.savedEpochMs, row.sealed);
}

/** The memory of a call. */
export function findMemory(
  { recall }: CallLedgerStatements,
  callId: string,
): CallMemoryRow | undefined {
  return recall.get(callId) as CallMemoryRow | undefined;
}

/** Calls without an outcome. */
export function listLive({ live }: CallLedgerStatements, countMax: number): LiveCall[] {
  const rows = live.all(countMax) as (LiveCall & { readonly savedEpochMs: number | null })[];
  return rows.map(({ savedEpochMs, ...call }) =>
    savedEpochMs === null ? call : { ...call, savedEpochMs },
  );
}
