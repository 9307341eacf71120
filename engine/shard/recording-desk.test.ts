import { describe, expect, test } from "vitest";
import type { RecordedChunk } from "../../actors/call/cast-ports.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import { virtualTime } from "../../base/virtual-time.js";
import { RecordingDesk } from "./recording-desk.js";

function chunkOf(callId: string): RecordedChunk {
  const format = { codec: "pcmu", rateHz: 8000 } as const;
  const place = { callId, userId: "u", index: 0, isLast: false, startedEpochMs: 0 };
  return { ...place, format, sampleCount: 8000, callee: undefined, agent: undefined };
}

function rig(answer: (chunks: readonly RecordedChunk[]) => (ErrorData | undefined)[]) {
  const time = virtualTime();
  const jobs: string[][] = [];
  const desk = new RecordingDesk(time, (chunks) => {
    jobs.push(chunks.map(({ callId }) => callId));
    return new Promise((resolve) => resolve(answer(chunks)));
  });
  return { time, jobs, desk };
}

const broken = toErrorData(new EngineError("SEAL_BROKEN", "test", {}));

describe("the recording desk", () => {
  test("gathers the chunks of many calls into one job", async () => {
    const { time, jobs, desk } = rig((chunks) => chunks.map(() => undefined));
    const stored = ["a", "b", "c"].map((callId) => desk.record(chunkOf(callId)));
    expect(jobs).toEqual([]);
    time.advance(100);
    await Promise.all(stored);
    expect(jobs).toEqual([["a", "b", "c"]]);
  });

  test("fails the chunk that could not be stored, and no other", async () => {
    const answer = (chunks: readonly RecordedChunk[]) =>
      chunks.map(({ callId }) => (callId === "b" ? broken : undefined));
    const { time, desk } = rig(answer);
    const stored = Promise.allSettled(["a", "b", "c"].map((id) => desk.record(chunkOf(id))));
    time.advance(100);
    const states = (await stored).map(({ status }) => status);
    expect(states).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("fails all chunks of a job that is lost, and goes on with the next", async () => {
    let isLost = true;
    const { time, desk } = rig((chunks) => {
      if (isLost) throw new EngineError("JOB_LOST", "test");
      return chunks.map(() => undefined);
    });
    const first = Promise.allSettled(["a", "b"].map((id) => desk.record(chunkOf(id))));
    time.advance(100);
    expect((await first).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    isLost = false;
    const again = desk.record(chunkOf("a"));
    time.advance(100);
    await expect(again).resolves.toBeUndefined();
  });

  test("keeps a job short: more chunks make more jobs", async () => {
    const { time, jobs, desk } = rig((chunks) => chunks.map(() => undefined));
    const stored = Array.from({ length: 150 }, (_, index) => desk.record(chunkOf(`c${index}`)));
    time.advance(100);
    await Promise.all(stored);
    expect(jobs.map((job) => job.length)).toEqual([64, 64, 22]);
    expect(jobs.flat()).toEqual(Array.from({ length: 150 }, (_, index) => `c${index}`));
  });
});
