/** The tables, as steps that only go forward. A released step is never edited: add the next one. */

/** One step; the steps a file lacks are applied in one transaction. */
export type Migration = { readonly version: number; readonly name: string; readonly sql: string };

/** Marks a SQLite file as ours (`PRAGMA application_id`): "VxTr". */
export const applicationId = 0x56785472;

/** In ascending order, versions without gaps from 1. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "call records",
    sql: `
      CREATE TABLE call_records (
        call_id          TEXT PRIMARY KEY NOT NULL,
        user_index       TEXT,
        flow_id          TEXT NOT NULL,
        outcome          TEXT,
        started_epoch_ms INTEGER NOT NULL,
        ended_epoch_ms   INTEGER,
        sealed           BLOB
      ) STRICT;
      CREATE INDEX call_records_by_user ON call_records (user_index, started_epoch_ms);
    `,
  },
  {
    version: 2,
    name: "ledger of live calls",
    sql: `
      CREATE TABLE call_ledger (
        call_id        TEXT PRIMARY KEY NOT NULL,
        user_index     TEXT NOT NULL,
        saved_epoch_ms INTEGER NOT NULL,
        sealed         BLOB NOT NULL
      ) STRICT;
      CREATE INDEX call_records_live ON call_records (started_epoch_ms) WHERE outcome IS NULL;
      CREATE TABLE engine_life (
        id             INTEGER PRIMARY KEY CHECK (id = 1),
        alive_epoch_ms INTEGER NOT NULL
      ) STRICT;
    `,
  },
];
