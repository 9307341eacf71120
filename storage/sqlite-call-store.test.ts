import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeTime } from "../base/node-ports.js";
import { virtualTime } from "../base/virtual-time.js";
import { createAesSealer } from "./aes-sealer.js";
import type { CallRecord } from "./call-records.js";
import { createGroupCommit } from "./group-commit.js";
import { encodeCallRecord } from "./call-record-codec.js";
import { prepareLedgerStatements } from "./call-ledger-statements.js";
import { prepareStatements } from "./call-record-statements.js";
import { migrations } from "./schema.js";
import type { IndexedSealer } from "./sealer.js";
import type { CallStore } from "./call-ledger.js";
import { openSqliteCallStore, recordWrite } from "./sqlite-call-store.js";
import { openSqliteDatabase, readPragma, type SqliteDatabase } from "./sqlite-database.js";
import type { StorageError } from "./storage-error.js";

let root = "";
let file = "";
let sealer: IndexedSealer;
const opened: { close(): unknown }[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "voxtree-records-"));
  file = join(root, "data", "voxtree.db");
  sealer = createAesSealer({ dataDir: join(root, "data"), kekFile: join(root, "kek") });
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(root, { recursive: true, force: true });
});

function open(limits?: { rowsMax: number; bytesMax: number }): CallStore {
  const over = limits === undefined ? {} : { limits };
  const records = openSqliteCallStore({ file, sealer, time: nodeTime(), ...over });
  opened.push(records);
  return records;
}
function raw(): SqliteDatabase {
  const database = new Database(file);
  opened.push(database);
  return database;
}
const record = (over: Partial<CallRecord> = {}): CallRecord => ({
  callId: "call-1",
  userId: "+8613800001111",
  flowId: "appointment",
  startedEpochMs: 1_700_000_000_000,
  detail: {
    transcript: [{ side: "caller", text: "yes please", atMs: 1200 }],
    bytes: new Uint8Array(3),
  },
  ...over,
});
async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return "no error";
  } catch (error) {
    return (error as StorageError).code ?? String(error);
  }
}

describe("call records in SQLite", () => {
  it("gives back what was put, whatever is optional, also after it was opened again", async () => {
    const records = open();
    const ended = record({ callId: "b", outcome: "confirmed", endedEpochMs: 1_700_000_009_000 });
    await Promise.all([records.put(record()), records.put(ended)]);
    expect(await records.get("call-1")).toEqual(record());
    expect(await records.get("b")).toEqual(ended);
    expect(await records.get("unknown")).toBeUndefined();
    expect(await records.get("' OR 1=1 --")).toBeUndefined();
    await records.close();
    await records.close();
    expect(await codeOf(() => records.get("b"))).toBe("STORE_CLOSED");
    expect(await codeOf(() => records.put(ended))).toBe("STORE_CLOSED");
    expect(await open().get("b")).toEqual(ended);
  });

  it("leaves one file that holds everything when it is closed", async () => {
    const records = open();
    await records.put(record());
    await records.close();
    const names = readdirSync(join(root, "data")).filter((name) => name.startsWith("voxtree.db"));
    const sizes = names.map((name) => statSync(join(root, "data", name)).size);
    expect(names.every((name, at) => !name.endsWith("-wal") || sizes[at] === 0)).toBe(true);
    writeFileSync(join(root, "copy.db"), readFileSync(file));
    file = join(root, "copy.db");
    expect(await open().get("call-1")).toEqual(record());
  });

  it("reads a record that still waits in the queue", async () => {
    const records = open();
    const put = records.put(record());
    expect(await records.get("call-1")).toEqual(record());
    await put;
  });

  it("never lets a late put without outcome undo an outcome", async () => {
    const records = open();
    await records.put(record());
    await records.put(record({ outcome: "confirmed" }));
    await records.put(record({ detail: "late" }));
    expect(await records.get("call-1")).toEqual(record({ outcome: "confirmed" }));
    await records.put(record({ outcome: "corrected" }));
    expect((await records.get("call-1"))?.outcome).toBe("corrected");
  });

  it("lists a user's calls by the blind index, newest first, and nobody else's", async () => {
    const records = open();
    for (const at of [3, 1, 2]) {
      await records.put(record({ callId: `call-${at}`, startedEpochMs: at }));
    }
    await records.put(record({ callId: "other", userId: "someone else" }));
    const list = (countMax: number) => records.list({ userId: record().userId, countMax });
    expect((await list(2)).map((found) => found.callId)).toEqual(["call-3", "call-2"]);
    expect(await list(100)).toHaveLength(3);
    for (const none of [0, -1, NaN]) expect(await list(none)).toEqual([]);
    expect(await records.list({ userId: "nobody", countMax: 9 })).toEqual([]);
  });

  it("keeps nothing personal in the clear in any of its files, which are its owner's only", async () => {
    const records = open();
    await records.put(record({ outcome: "confirmed" }));
    for (const name of readdirSync(join(root, "data"), { recursive: true, encoding: "utf8" })) {
      const path = join(root, "data", name);
      if (!statSync(path).isFile()) continue;
      const bytes = readFileSync(path);
      expect(bytes.includes("13800001111") || bytes.includes("yes please")).toBe(false);
      expect([name, statSync(path).mode & 0o077]).toEqual([name, 0]);
    }
  });

  it("forgets a user: personal columns gone, the count of outcomes intact, late puts stay stripped", async () => {
    const records = open();
    await records.put(record());
    await records.put(record({ callId: "other", userId: "b" }));
    const waiting = records.put(record({ callId: "call-2" }));
    expect(await records.forget(record().userId)).toEqual({ recordCount: 2 });
    await waiting;
    expect(await codeOf(() => records.get("call-1"))).toBe("KEY_MISSING");
    await records.put(record({ outcome: "confirmed", endedEpochMs: 5 }));
    expect(await codeOf(() => records.get("call-1"))).toBe("KEY_MISSING");
    expect(await records.list({ userId: record().userId, countMax: 9 })).toEqual([]);
    expect(await records.forget(record().userId)).toEqual({ recordCount: 0 });
    expect((await records.get("other"))?.userId).toBe("b");
    const row = raw().prepare("SELECT * FROM call_records WHERE call_id = 'call-1'").get();
    expect(row).toMatchObject({ outcome: "confirmed", user_index: null, sealed: null });
  });

  it("finds rows that were altered by hand, in the seal or beside it", async () => {
    const records = open();
    await records.put(record({ outcome: "confirmed" }));
    await records.put(record({ callId: "b", outcome: "denied" }));
    const database = raw();
    for (const change of ["outcome = 'denied'", "started_epoch_ms = 1", "flow_id = 'x'"]) {
      database.exec(`UPDATE call_records SET ${change} WHERE call_id = 'call-1'`);
      await expect(records.get("call-1")).rejects.toThrow(/call record call-1: .*do not open/);
      await records.put(record({ outcome: "confirmed" }));
    }
    database.exec(
      "UPDATE call_records SET sealed = (SELECT sealed FROM call_records WHERE call_id = 'b')",
    );
    expect(await codeOf(() => records.get("call-1"))).toBe("SEAL_BROKEN");
    database.exec("UPDATE call_records SET sealed = x''");
    expect(await codeOf(() => records.get("call-1"))).toBe("SEAL_BROKEN");
  });

  it("names the field of a record that cannot be stored; its neighbours are stored", async () => {
    const records = open();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const bad: [string, Partial<Record<keyof CallRecord, unknown>>][] = [
      ["callId", { callId: "" }],
      ["callId", { callId: 7 }],
      ["flowId", { flowId: "x".repeat(201) }],
      ["outcome", { outcome: "" }],
      ["startedEpochMs", { startedEpochMs: 1.5 }],
      ["startedEpochMs", { startedEpochMs: "now" }],
      ["endedEpochMs", { endedEpochMs: -1 }],
      ["detail", { detail: () => 1 }],
      ["detail", { detail: 1n }],
      ["detail", { detail: circular }],
      ["detail", { detail: "x".repeat(1024 * 1024) }],
    ];
    const good = records.put(record());
    for (const [field, over] of bad) {
      await expect(records.put(record(over as Partial<CallRecord>))).rejects.toMatchObject({
        code: "RECORD_INVALID",
        detail: { field },
      });
    }
    expect(await codeOf(() => records.put(record({ userId: "" })))).toBe("ID_INVALID");
    await good;
    expect(await records.get("call-1")).toEqual(record());
  });

  it("refuses with STORE_BUSY what is beyond its bounds, and stores all that it took", async () => {
    const records = open({ rowsMax: 10, bytesMax: 1e6 });
    const puts = Array.from({ length: 30 }, (_, at) => records.put(record({ callId: `c${at}` })));
    const settled = await Promise.allSettled(puts);
    expect(settled.map((put) => put.status === "fulfilled")).toEqual(
      settled.map((_, at) => at < 10),
    );
    const refused = settled[10] as PromiseRejectedResult;
    expect(refused.reason).toMatchObject({ code: "STORE_BUSY", detail: { rows: 10, rowsMax: 10 } });
    expect(await records.list({ userId: record().userId, countMax: 99 })).toHaveLength(10);
    await records.put(record({ callId: "later" }));
    await records.close();
    const small = open({ rowsMax: 10, bytesMax: 2000 });
    const first = small.put(record());
    expect(await codeOf(() => small.put(record({ detail: "x".repeat(2000) })))).toBe("STORE_BUSY");
    await first;
  });
});

describe("group commit", () => {
  /** A database that writes down what is executed. */
  function watched(): { database: SqliteDatabase; executed: string[] } {
    const database = openSqliteDatabase({ file, epochMs: 0 });
    opened.push(database);
    const executed: string[] = [];
    const exec = database.exec.bind(database);
    database.exec = (sql) => {
      executed.push(sql);
      return exec(sql);
    };
    return { database, executed };
  }
  const writer = (database: SqliteDatabase) => {
    const [records, ledger] = [prepareStatements(database), prepareLedgerStatements(database)];
    return (callId: string, outcome?: string) => {
      const put = record({ callId, ...(outcome === undefined ? {} : { outcome }) });
      return recordWrite(records, ledger, encodeCallRecord(put, sealer));
    };
  };
  const limits = { rowsMax: 1000, bytesMax: 1e9 };

  it("writes all that waits in one transaction, FULL only when an outcome is among it", async () => {
    const { database, executed } = watched();
    const time = virtualTime();
    const write = writer(database);
    const group = createGroupCommit({ database, time, limits, file });
    const puts = [group.write(write("a")), group.write(write("b"))];
    expect(executed).toEqual([]);
    time.settle();
    await Promise.all(puts);
    expect(executed).toEqual(["PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE", "COMMIT"]);
    expect(Number(readPragma(database, "synchronous"))).toBe(1);
    executed.length = 0;
    const more = [group.write(write("c")), group.write(write("d", "confirmed"))];
    time.settle();
    await Promise.all(more);
    expect(executed).toEqual(["PRAGMA synchronous = FULL", "BEGIN IMMEDIATE", "COMMIT"]);
    expect(Number(readPragma(database, "synchronous"))).toBe(2);
    expect(time.pendingCount).toBe(0);
  });

  it("ends a transaction after 20 ms and writes the rest, in order, in the next ones", async () => {
    const { database, executed } = watched();
    const time = virtualTime();
    let nowMs = 0;
    const slow = { ...time, nowMs: () => (nowMs += 7) };
    const write = writer(database);
    const group = createGroupCommit({ database, time: slow, limits, file });
    const order: number[] = [];
    const puts = Array.from({ length: 10 }, (_, at) =>
      group.write(write(`call-${at}`)).then(() => order.push(at)),
    );
    time.settle();
    await Promise.all(puts);
    expect(executed.filter((sql) => sql === "COMMIT")).toHaveLength(4);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("fails all puts of a transaction that fails, and works again afterwards", async () => {
    const { database } = watched();
    const time = virtualTime();
    const write = writer(database);
    const group = createGroupCommit({ database, time, limits, file });
    database.exec(
      "CREATE TRIGGER full BEFORE INSERT ON call_records WHEN new.call_id = 'b' BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    );
    const puts = Promise.allSettled([group.write(write("a")), group.write(write("b"))]);
    time.settle();
    for (const put of await puts) {
      expect((put as PromiseRejectedResult).reason).toMatchObject({ code: "STORE_FAILED" });
    }
    expect(database.inTransaction).toBe(false);
    const again = group.write(write("a"));
    time.settle();
    await again;
    const count = database.prepare("SELECT count(*) AS count FROM call_records").get();
    expect(count).toMatchObject({ count: 1 });
  });
});

describe("opening the database file", () => {
  const openFile = (over: object = {}) => openSqliteDatabase({ file, epochMs: 7, ...over });
  const fill = async (): Promise<void> => {
    const records = open();
    const detail = "x".repeat(3000);
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => records.put(record({ callId: `c${at}`, detail }))),
    );
    await records.close();
  };

  it("says that a newer build wrote it, and changes nothing", async () => {
    await fill();
    const newer = [
      ...migrations,
      { version: migrations.length + 1, name: "later", sql: "CREATE TABLE later (x)" },
    ];
    openFile({ migrations: newer }).close();
    await expect(codeOf(openFile)).resolves.toBe("SCHEMA_NEWER");
    expect(() => openFile()).toThrow(/schema 3, this build knows up to 2: use the newer build/);
    const database = openFile({ migrations: newer });
    const steps = database.prepare("SELECT version, name FROM migrations ORDER BY version").all();
    expect(steps).toMatchObject([{ version: 1 }, { version: 2 }, { version: 3, name: "later" }]);
    database.close();
  });

  it("applies each step once, and all or none", async () => {
    await fill();
    const broken = [
      ...migrations,
      { version: migrations.length + 1, name: "bad", sql: "CREATE TABLE a (x); NONSENSE" },
    ];
    await expect(codeOf(() => openFile({ migrations: broken }))).resolves.toBe("STORE_FAILED");
    const records = open();
    expect(await records.list({ userId: record().userId, countMax: 99 })).toHaveLength(50);
    const tables = raw().prepare("SELECT name FROM sqlite_master WHERE name = 'a'").all();
    expect(tables).toEqual([]);
  });

  it("says that a damaged file is damaged, wherever the damage is", async () => {
    await fill();
    const whole = readFileSync(file);
    for (const at of [0, 4096 + 8, Math.floor(whole.length / 2), whole.length - 4096]) {
      const damaged = Buffer.from(whole).fill(0xa5, at, at + 4096);
      file = join(root, `damaged-${at}.db`);
      writeFileSync(file, damaged);
      await expect(codeOf(openFile), `damage at ${at}`).resolves.toBe("STORE_CORRUPT");
      expect(() => openFile()).toThrow(/restore it from a backup, or move it away/);
    }
    file = join(root, "cut.db");
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    await expect(codeOf(openFile)).resolves.toBe("STORE_CORRUPT");
    file = join(root, "text.db");
    writeFileSync(file, "this is not a database, and it is longer than a header".repeat(100));
    await expect(codeOf(openFile)).resolves.toBe("STORE_CORRUPT");
  });

  it("does not touch the database of another program", async () => {
    file = join(root, "theirs.db");
    const theirs = raw();
    theirs.exec("CREATE TABLE important (x)");
    await expect(codeOf(openFile)).resolves.toBe("STORE_FOREIGN");
    expect(theirs.prepare("SELECT name FROM sqlite_master").all()).toMatchObject([
      { name: "important" },
    ]);
  });

  it("names the file that cannot be opened or is locked", async () => {
    await expect(codeOf(() => openFile({ file: root }))).resolves.toBe("STORE_FAILED");
    await fill();
    const other = raw();
    other.exec("BEGIN EXCLUSIVE");
    expect(() => openFile()).toThrow(/voxtree\.db is locked by another process/);
    other.exec("ROLLBACK");
    openFile().close();
  });
});
