import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import { createAesSealer } from "../../storage/aes-sealer.js";
import type { CallStore } from "../../storage/call-ledger.js";
import { openSqliteCallStore } from "../../storage/sqlite-call-store.js";
import type { CallView } from "../engine-node.js";
import type { JobPool } from "../jobs/job-pool.js";
import { newView, recordOf } from "./call-view.js";
import { encodeLiveCall } from "./live-call.js";
import { dropLostCalls, findLostCalls } from "./process-loss.js";

let folder = "";
let store: CallStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "voxtree-lost-"));
  const sealer = createAesSealer({ dataDir: folder, kekFile: join(folder, "kek") });
  store = openSqliteCallStore({ file: join(folder, "voxtree.db"), sealer, time: nodeTime() });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const startedEpochMs = 1_700_000_000_000;
const viewOf = (callId: string, over: Partial<CallView> = {}): CallView => {
  const request = { userId: `user of ${callId}`, flow: "two-keys", trunk: "t", to: "x" };
  return { ...newView(callId, request, startedEpochMs), ...over };
};
const live = { status: "live", state: "second" } as const;
async function begin(callId: string, memory?: Uint8Array): Promise<void> {
  await store.put(recordOf(viewOf(callId)));
  if (memory === undefined) return;
  const userId = `user of ${callId}`;
  await store.remember({ callId, userId, savedEpochMs: startedEpochMs + 5000, memory });
}
function memoryOf(callId: string): Uint8Array {
  const userId = `user of ${callId}`;
  const spec = { callId, userId, flowId: "two-keys", variables: {}, isRecorded: true };
  const limits = { answerMsMax: 1, durationMsMax: 1 };
  const view = viewOf(callId, live);
  return encodeLiveCall({ spec: { ...spec, ...limits }, view, losses: 0, clockOffsetMs: 0 });
}
function recover(closeRecording: () => number = () => 3000) {
  const logs: { level: string; message: string; callId?: string; code?: string }[] = [];
  const jobs = {
    run: async () => Promise.resolve({ kind: "closeRecording", recordedMs: closeRecording() }),
  } as unknown as JobPool;
  const log = (level: string, message: string, fields: object): void =>
    void logs.push({ level, message, ...fields });
  const run = async () => {
    const lost = await findLostCalls(store, log);
    await dropLostCalls(lost, { store, jobs, log });
  };
  return { logs, run };
}

test("a lost call has the outcome dropped, its last state, and the time of the last sign of life", async () => {
  await begin("a", memoryOf("a"));
  await store.alive(startedEpochMs + 7000);
  const { run } = recover();
  await run();
  const record = await store.get("a");
  expect(record).toMatchObject({ outcome: "dropped", endedEpochMs: startedEpochMs + 7000 });
  expect(record?.detail).toMatchObject({
    status: "ended",
    outcome: "dropped",
    state: "second",
    recordedMs: 3000,
    endedEpochMs: startedEpochMs + 7000,
  });
});

test("one without a memory, and one whose memory does not read, are dropped as they went on record", async () => {
  await begin("none");
  await begin("cut", memoryOf("cut").subarray(0, 60));
  await begin("other", memoryOf("cut"));
  const { run, logs } = recover();
  await run();
  for (const callId of ["none", "cut", "other"]) {
    const record = await store.get(callId);
    expect(record).toMatchObject({ outcome: "dropped", detail: { recordedMs: 3000 } });
    expect((record?.detail as CallView).state).toBeUndefined();
  }
  const errors = logs.filter(({ level }) => level === "error");
  expect(errors).toMatchObject([
    { callId: "cut", code: "LIVE_CALL_CORRUPT" },
    { callId: "other", code: "LIVE_CALL_CORRUPT" },
  ]);
});

test("one whose user was forgotten, or whose recording does not close, is dropped all the same", async () => {
  await begin("forgotten", memoryOf("forgotten"));
  await begin("torn", memoryOf("torn"));
  await store.forget("user of forgotten");
  const { run, logs } = recover(() => {
    throw new Error("the disk is gone");
  });
  await run();
  expect((await store.liveCalls({ countMax: 9 })).calls).toEqual([]);
  expect(await store.get("torn")).toMatchObject({ outcome: "dropped", detail: { recordedMs: 0 } });
  expect(logs.map(({ message }) => message)).toContain(
    "the recording of a lost call could not be closed",
  );
});

test("a second recovery finds nothing; one whose store failed leaves the rest to the next", async () => {
  await begin("a", memoryOf("a"));
  await begin("b", memoryOf("b"));
  const put = store.put.bind(store);
  store.put = (record) =>
    record.callId === "a" ? Promise.reject(new Error("locked")) : put(record);
  const first = recover();
  await first.run();
  expect(first.logs.map(({ message }) => message)).toContain("a lost call could not be ended");
  store.put = put;
  const second = recover();
  await second.run();
  const dropped = (logs: typeof first.logs) =>
    logs.filter(({ message }) => message.includes("was dropped")).map(({ callId }) => callId);
  expect([dropped(first.logs), dropped(second.logs)]).toEqual([["b"], ["a"]]);
  const third = recover();
  await third.run();
  expect(third.logs).toEqual([]);
});
