import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeTime } from "../base/node-ports.js";
import { virtualTime } from "../base/virtual-time.js";
import { createAesSealer } from "./aes-sealer.js";
import { memoryBytesMax, type CallMemoryEntry, type CallStore } from "./call-ledger.js";
import type { CallRecord } from "./call-records.js";
import { createGroupCommit } from "./group-commit.js";
import { migrations } from "./schema.js";
import type { IndexedSealer } from "./sealer.js";
import { openSqliteCallStore } from "./sqlite-call-store.js";
import { openSqliteDatabase, type SqliteDatabase } from "./sqlite-database.js";

let root = "";
let file = "";
let sealer: IndexedSealer;
const opened: { close(): unknown }[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "voxtree-ledger-"));
  file = join(root, "data", "voxtree.db");
  sealer = createAesSealer({ dataDir: join(root, "data"), kekFile: join(root, "kek") });
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(root, { recursive: true, force: true });
});

function open(): CallStore {
  const store = openSqliteCallStore({ file, sealer, time: nodeTime() });
  opened.push(store);
  return store;
}
function raw(): SqliteDatabase {
  const database = new Database(file);
  opened.push(database);
  return database;
}
const record = (callId = "call-1", over: Partial<CallRecord> = {}): CallRecord => {
  const startedEpochMs = 1_700_000_000_000;
  return { callId, userId: "user-1", flowId: "two-keys", startedEpochMs, detail: {}, ...over };
};
const entry = (text: string, over: Partial<CallMemoryEntry> = {}): CallMemoryEntry => {
  const memory = new TextEncoder().encode(text);
  return { callId: "call-1", userId: "user-1", savedEpochMs: 5, memory, ...over };
};
const textOf = async (store: CallStore, callId = "call-1"): Promise<string | undefined> => {
  const kept = await store.recall(callId);
  return kept === undefined ? undefined : new TextDecoder().decode(kept.memory);
};
const ended = { outcome: "confirmed", endedEpochMs: 1_700_000_009_000 };

describe("the memory of a live call", () => {
  it("is the newest one, also after the store was opened again", async () => {
    const store = open();
    await store.put(record());
    await Promise.all(["a", "b", "c"].map((text) => store.remember(entry(text))));
    expect(await textOf(store)).toBe("c");
    await store.close();
    expect(await textOf(open())).toBe("c");
  });

  it("is written once for many that wait, and all of them are told", async () => {
    const store = open();
    await store.put(record());
    const counter = raw();
    counter.exec(`CREATE TABLE writes (n INTEGER);
      CREATE TRIGGER counted AFTER INSERT ON call_ledger BEGIN INSERT INTO writes VALUES (1); END;
      CREATE TRIGGER again AFTER UPDATE ON call_ledger BEGIN INSERT INTO writes VALUES (1); END`);
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.remember(entry(`${at}`))));
    expect(counter.prepare("SELECT count(*) AS count FROM writes").get()).toMatchObject({
      count: 1,
    });
    expect(await textOf(store)).toBe("49");
  });

  it("goes with the outcome, in one transaction, and never comes back", async () => {
    const store = open();
    await store.put(record());
    await store.remember(entry("a"));
    raw().exec(`CREATE TRIGGER kept BEFORE DELETE ON call_ledger
      BEGIN SELECT RAISE(ABORT, 'no'); END`);
    await expect(store.put(record("call-1", ended))).rejects.toMatchObject({
      code: "STORE_FAILED",
    });
    expect((await store.get("call-1"))?.outcome).toBeUndefined();
    expect(await textOf(store)).toBe("a");
    raw().exec("DROP TRIGGER kept");
    await Promise.all([store.put(record("call-1", ended)), store.remember(entry("late"))]);
    await store.remember(entry("later"));
    expect(await textOf(store)).toBeUndefined();
    expect((await store.liveCalls({ countMax: 10 })).calls).toEqual([]);
  });

  it("is sealed on the disk, and opens only as what it was saved as", async () => {
    const store = open();
    await store.put(record());
    await store.put(record("call-2"));
    await store.remember(entry("my name is Anna Miller"));
    await store.remember(entry("I am Bob", { callId: "call-2" }));
    await store.close();
    for (const name of readdirSync(join(root, "data"), { recursive: true, encoding: "utf8" })) {
      if (!name.includes("voxtree.db")) continue;
      expect(readFileSync(join(root, "data", name)).includes("Anna Miller"), name).toBe(false);
    }
    const again = open();
    const database = raw();
    database.exec("UPDATE call_ledger SET saved_epoch_ms = 6 WHERE call_id = 'call-2'");
    await expect(again.recall("call-2")).rejects.toMatchObject({ code: "SEAL_BROKEN" });
    database.exec(`UPDATE call_ledger SET saved_epoch_ms = 5, sealed =
      (SELECT sealed FROM call_ledger WHERE call_id = 'call-2') WHERE call_id = 'call-1'`);
    await expect(again.recall("call-1")).rejects.toMatchObject({ code: "SEAL_BROKEN" });
    database.exec("UPDATE call_ledger SET sealed = substr(sealed, 1, 30)");
    await expect(again.recall("call-1")).rejects.toMatchObject({ code: "SEAL_BROKEN" });
  });

  it("is refused when it is too large, and the one before stays", async () => {
    const store = open();
    await store.put(record());
    await store.remember(entry("x".repeat(memoryBytesMax)));
    await expect(store.remember(entry("y".repeat(memoryBytesMax + 1)))).rejects.toMatchObject({
      code: "MEMORY_TOO_LARGE",
      detail: { callId: "call-1", bytes: memoryBytesMax + 1, bytesMax: memoryBytesMax },
    });
    expect((await textOf(store))?.[0]).toBe("x");
    await expect(store.remember(entry("z", { savedEpochMs: 1.5 }))).rejects.toMatchObject({
      code: "MEMORY_INVALID",
    });
  });

  it("is forgotten with its user", async () => {
    const store = open();
    await store.put(record());
    await store.remember(entry("a"));
    await store.forget("user-1");
    await store.remember(entry("b"));
    expect(await textOf(store)).toBeUndefined();
  });
});

describe("the calls that were live", () => {
  it("are those without an outcome, with or without a memory, and the last sign of life", async () => {
    const store = open();
    expect(await store.liveCalls({ countMax: 10 })).toEqual({ calls: [] });
    await store.put(record("live"));
    await store.put(record("dialling", { startedEpochMs: 1_700_000_000_001 }));
    await store.put(record("over", ended));
    await store.remember(entry("a", { callId: "live", savedEpochMs: 77 }));
    await store.alive(88);
    await store.alive(99);
    const { calls, aliveEpochMs } = await store.liveCalls({ countMax: 10 });
    expect(calls).toEqual([
      { callId: "live", flowId: "two-keys", startedEpochMs: 1_700_000_000_000, savedEpochMs: 77 },
      { callId: "dialling", flowId: "two-keys", startedEpochMs: 1_700_000_000_001 },
    ]);
    expect(aliveEpochMs).toBe(99);
  });

  it("can be ended though their record does not open; an outcome that is there stays", async () => {
    const store = open();
    await store.put(record());
    await store.remember(entry("a"));
    await store.put(record("over", ended));
    await store.forget("user-1");
    await store.settle({ callId: "call-1", outcome: "dropped", endedEpochMs: 9 });
    await store.settle({ callId: "over", outcome: "dropped", endedEpochMs: 9 });
    const rows = raw()
      .prepare("SELECT call_id AS callId, outcome FROM call_records ORDER BY 1")
      .all();
    expect(rows).toEqual([
      { callId: "call-1", outcome: "dropped" },
      { callId: "over", outcome: "confirmed" },
    ]);
  });

  it("of a store of the version before are found as well", async () => {
    const before = openSqliteDatabase({ file, epochMs: 1, migrations: migrations.slice(0, 1) });
    before.exec("INSERT INTO call_records VALUES ('old', NULL, 'two-keys', NULL, 3, NULL, NULL)");
    before.close();
    const { calls } = await open().liveCalls({ countMax: 10 });
    expect(calls).toEqual([{ callId: "old", flowId: "two-keys", startedEpochMs: 3 }]);
  });
});

it("the ledger goes ahead of records that wait", async () => {
  const database = openSqliteDatabase({ file, epochMs: 1 });
  opened.push(database);
  const time = virtualTime();
  let nowMs = 0;
  const slow = { ...time, nowMs: () => (nowMs += 15) };
  const limits = { rowsMax: 100, bytesMax: 1e6 };
  const group = createGroupCommit({ database, time: slow, limits, file });
  const order: string[] = [];
  const write = (callId: string, kind: "memory" | "record") => {
    const run = (): void => void order.push(callId);
    return group.write({ callId, kind, isFinal: false, bytes: 0, run });
  };
  const writes = ["a", "b", "c", "d"].map((callId) => write(callId, "record"));
  writes.push(write("m", "memory"));
  time.settle();
  await Promise.all(writes);
  expect(order).toEqual(["m", "a", "b", "c", "d"]);
});
