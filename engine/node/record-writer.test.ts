import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { CallRecord } from "../../storage/call-records.js";
import { StorageError } from "../../storage/storage-error.js";
import { RecordWriter } from "./record-writer.js";

const recordOf = (callId: string, outcome = "completed"): CallRecord => ({
  callId,
  userId: "u",
  flowId: "f",
  startedEpochMs: 1,
  endedEpochMs: 2,
  outcome,
  detail: {},
});

/** A writer on a store whose moods the test decides. */
function writer() {
  const time = virtualTime();
  const stored: string[] = [];
  const logs: { level: string; message: string; callId?: string; outcome?: string }[] = [];
  let failure: ((record: CallRecord) => Error | undefined) | undefined;
  let attempts = 0;
  const records = new RecordWriter({
    time,
    store: {
      put(record) {
        attempts += 1;
        const error = failure?.(record);
        if (error !== undefined) return Promise.reject(error);
        stored.push(`${record.callId} ${record.outcome}`);
        return Promise.resolve();
      },
    },
    log: (level, message, fields) => void logs.push({ level, message, ...fields }),
  });
  const run = async (ms: number): Promise<void> => {
    for (let ranMs = 0; ranMs < ms; ranMs += 50) {
      time.advance(50);
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    }
  };
  return {
    time,
    records,
    stored,
    logs,
    run,
    attempts: () => attempts,
    failWith: (how: typeof failure) => void (failure = how),
  };
}

const locked = (): Error => new StorageError("STORE_LOCKED", "locked");

test("what the store does not take is tried again until it is there, in the order of the ends", async () => {
  const { records, stored, logs, run, failWith } = writer();
  failWith(locked);
  await records.put(recordOf("a", "completed"));
  await run(500);
  await records.put(recordOf("b", "failed"));
  expect([records.waitingCount, records.find("a")?.outcome]).toEqual([2, "completed"]);
  await run(60_000);
  expect(stored).toEqual([]);
  failWith(undefined);
  await records.put(recordOf("c"));
  await run(6000);
  expect(stored).toEqual(["c completed", "a completed", "b failed"]);
  expect(records.waitingCount).toBe(0);
  // One line when it begins, one when it is over.
  expect(logs.map(({ level, callId }) => `${level} ${callId}`)).toEqual([
    "error a",
    "error b",
    "info a",
    "info b",
  ]);
});

test("attempts come ever more rarely, and for all that waits together", async () => {
  const { records, run, attempts, failWith } = writer();
  failWith(locked);
  for (let call = 0; call < 100; call += 1) await records.put(recordOf(`c${call}`));
  const before = attempts();
  await run(60_000);
  expect(attempts() - before).toBeLessThan(20);
  await records.stop(0);
});

test("a record that can never be stored is said at once, and holds up nobody", async () => {
  const { records, stored, logs, run, failWith } = writer();
  failWith(({ callId }) =>
    callId === "bad" ? new StorageError("RECORD_INVALID", "its outcome is no text") : locked(),
  );
  await records.put(recordOf("bad"));
  await records.put(recordOf("good"));
  failWith(undefined);
  await run(1000);
  expect(stored).toEqual(["good completed"]);
  expect(logs[0]).toMatchObject({ level: "error", callId: "bad", code: "RECORD_INVALID" });
  expect(logs[0]!.message).toContain("NOT on record");
});

test("the end of the engine waits for the store for a while, and then says what is missing", async () => {
  const { records, stored, logs, run, failWith } = writer();
  failWith(locked);
  await records.put(recordOf("a"));
  await records.put(recordOf("b", "hangup"));
  const first = records.stop(3000);
  await run(1000);
  failWith(({ callId }) => (callId === "b" ? locked() : undefined));
  await run(3000);
  await first;
  expect(stored).toEqual(["a completed"]);
  const last = logs.at(-1);
  expect(last).toMatchObject({ level: "error", callId: "b", outcome: "hangup" });
  expect(last!.message).toContain("NOT on record");
  expect(records.waitingCount).toBe(0);
});

test("what is still under way at the end and then refused is said too, and leaves nothing behind", async () => {
  const { records, logs, run, time, failWith } = writer();
  failWith(locked);
  const late = records.put(recordOf("a"));
  const stopped = records.stop(0);
  await Promise.all([late, stopped]);
  await run(1000);
  expect(logs.map(({ level, callId }) => `${level} ${callId}`)).toEqual(["error a"]);
  expect(logs[0]!.message).toContain("NOT on record");
  expect([records.waitingCount, time.pendingCount]).toEqual([0, 0]);
});
