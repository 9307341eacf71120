import { decode, encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import type { CallMemory } from "../../actors/call/cast-ports.js";
import { newView } from "./call-view.js";
import type { LiveCall } from "./live-call.js";
import { outlivedCall } from "./outlived-calls.js";
import type { LostCall } from "./process-loss.js";

const diedEpochMs = 1_700_000_000_000;
const graceMs = 10_000;
/** The old process's monotonic clock showed 5 million ms when it died; ours has just begun. */
const oldNowMs = 5_000_000;
const memory = {
  answeredAtMs: oldNowMs - 60_000,
  startedEpochMs: diedEpochMs - 60_000,
  lastUtterance: 7,
  lastKey: 2,
  recordingAnchor: { atMs: oldNowMs - 59_000.5, mediaSamples: 160 },
  snapshot: { form: 1, flow: "f", version: "v1", state: "ask" },
} as unknown as CallMemory;
const spec = {
  callId: "c",
  userId: "u",
  flowId: "f",
  variables: {},
  isRecorded: true,
  answerMsMax: 1,
  durationMsMax: 1,
};
const request = { userId: "u", flow: "f", trunk: "t", to: "x" };

type More = {
  readonly afterMs?: number;
  readonly graceMs?: number;
  readonly lacks?: "generation" | "memory";
};

/** What becomes of the call so long after the last sign of life of its process. */
function outlived(change: Partial<LiveCall> = {}, more: More = {}) {
  const { afterMs = 2000 } = more;
  const logs: { level: string; message: string; code?: string }[] = [];
  const call: LiveCall = {
    spec,
    view: { ...newView("c", request, 1), status: "live", state: "ask" },
    memory: encode(memory),
    losses: 1,
    clockOffsetMs: diedEpochMs - oldNowMs,
    generation: 3,
    ...change,
  };
  if (more.lacks !== undefined)
    delete (call as { generation?: number; memory?: Uint8Array })[more.lacks];
  const lost: LostCall = {
    callId: "c",
    startedEpochMs: 1,
    lastEpochMs: diedEpochMs,
    record: undefined,
    call,
  };
  const found = outlivedCall(lost, {
    clock: { nowMs: () => 100, epochMs: () => diedEpochMs + afterMs },
    graceMs: more.graceMs ?? graceMs,
    versionOf: (flowId) => (flowId === "f" ? "v1" : undefined),
    log: (level, message, fields) => void logs.push({ level, message, ...fields }),
  });
  return { found, logs };
}

test("a call whose client can come back goes on in the time of the new process", () => {
  const { found } = outlived();
  expect(found).toMatchObject({
    withinMs: 9000,
    restored: { losses: 1, processLosses: 1, generation: 3 },
  });
  // It was answered 60 s before its process died, 62 s ago.
  expect(decode(found!.restored.memory)).toEqual({
    ...memory,
    answeredAtMs: 100 - 62_000,
    lastUtterance: 1007,
    recordingAnchor: { atMs: 100 - 61_000.5, mediaSamples: 160 },
  });
});

test("it has no more time than its client waits, also where the wall clock was put back", () => {
  expect(outlived({}, { afterMs: -3_600_000 }).found!.withinMs).toBe(graceMs + 1000);
  expect(outlived({}, { afterMs: graceMs + 1001 }).found).toBeUndefined();
  expect(outlived({}, { graceMs: 0 }).found).toBeUndefined();
});

test("one that nobody can come back to, or that was not answered, ends with its process", () => {
  expect(outlived({}, { lacks: "generation" }).found).toBeUndefined();
  expect(outlived({}, { lacks: "memory" }).found).toBeUndefined();
});

test("one that was there at the end of three processes is not tried again: it may be what kills", () => {
  expect(outlived({ processLosses: 1 }).found?.restored.processLosses).toBe(2);
  expect(outlived({ processLosses: 2 }).found).toBeUndefined();
});

test("one whose flow is another today, or gone, ends and says so", () => {
  const other = { ...memory, snapshot: { ...memory.snapshot, version: "v0" } };
  for (const change of [{ memory: encode(other) }, { spec: { ...spec, flowId: "gone" } }]) {
    const { found, logs } = outlived(change);
    expect(found).toBeUndefined();
    expect(logs).toMatchObject([
      { level: "warn", message: expect.stringContaining("flow") as string },
    ]);
  }
});

test("one whose memory is cut or wrong ends and says so, wherever the cut is", () => {
  const whole = encode(memory);
  for (let at = 0; at < whole.length; at += 1) {
    const { found, logs } = outlived({ memory: whole.subarray(0, at) });
    expect(found, `cut at ${at}`).toBeUndefined();
    expect(logs).toMatchObject([{ level: "error", code: "CALL_MEMORY_CORRUPT" }]);
  }
  expect(outlived({ memory: encode({ ...memory, answeredAtMs: "x" }) }).found).toBeUndefined();
});
