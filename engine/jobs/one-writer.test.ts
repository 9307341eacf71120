import { describe, expect, test } from "vitest";
import { oneWriter } from "./one-writer.js";
import type { Job, JobResult } from "./jobs.js";

/** A pool whose jobs end when the test says so. */
function rig() {
  const begun: Job[] = [];
  const ends: { ok(): void; fail(): void }[] = [];
  const pool = oneWriter({
    run(job) {
      begun.push(job);
      return new Promise<JobResult>((resolve, reject) => {
        const ok = () => resolve({ kind: "recordedChunks", chunks: begun.length });
        ends.push({ ok, fail: () => reject(new Error("it hung")) });
      });
    },
    pendingCount: 0,
    stop: () => Promise.resolve(),
  });
  return { pool, begun, ends };
}

const write = (...callIds: string[]) =>
  ({ kind: "record", chunks: callIds.map((callId) => ({ callId })) }) as unknown as Job;
const ask = (callId: string): Job => ({ kind: "recordedChunks", callId, userId: "u" });
const settled = () => new Promise(setImmediate);

describe("jobs about one recording", () => {
  test("wait for what an earlier shard left behind, in order; others do not", async () => {
    const { pool, begun, ends } = rig();
    const late = pool.run(write("a", "b"));
    const cursor = pool.run(ask("a"));
    const end = pool.run({ kind: "closeRecording", callId: "a", userId: "u" });
    void pool.run(write("c"));
    expect(begun.map(({ kind }) => kind)).toEqual(["record", "record"]);
    expect(pool.pendingCount).toBe(2);
    ends[0]!.ok();
    await late;
    await settled();
    expect(begun.map(({ kind }) => kind)).toEqual(["record", "record", "recordedChunks"]);
    ends[2]!.ok();
    await cursor;
    await settled();
    expect(begun).toHaveLength(4);
    ends[3]!.ok();
    await end;
    expect(pool.pendingCount).toBe(0);
  });

  test("go on behind one that failed, whose failure only its own asker hears", async () => {
    const { pool, begun, ends } = rig();
    const hung = pool.run(write("a"));
    const next = pool.run(write("a"));
    ends[0]!.fail();
    await expect(hung).rejects.toThrow("it hung");
    await settled();
    expect(begun).toHaveLength(2);
    ends[1]!.ok();
    await expect(next).resolves.toBeDefined();
  });

  test("begin at once when nobody is at it any more", async () => {
    const { pool, begun, ends } = rig();
    const first = pool.run(write("a"));
    ends[0]!.ok();
    await first;
    await settled();
    void pool.run(write("a"));
    expect(begun).toHaveLength(2);
  });
});
