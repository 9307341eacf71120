import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { JobPool } from "../jobs/job-pool.js";
import { Farewells } from "./farewells.js";

const spec = {
  callId: "c",
  userId: "u",
  flowId: "f",
  variables: {},
  isRecorded: true,
  answerMsMax: 1,
  durationMsMax: 1,
};

function rig(close: () => number = () => 4000) {
  const time = virtualTime();
  const said: string[] = [];
  const ended: [string, number][] = [];
  const logs: string[] = [];
  const jobs = {
    run: async () => Promise.resolve({ kind: "closeRecording", recordedMs: close() }),
  } as unknown as JobPool;
  const farewells = new Farewells({
    time,
    jobs,
    say: (callId, flowId) => void said.push(`${callId} ${flowId}`),
    ended: (callId, recordedMs) => void ended.push([callId, recordedMs]),
    log: (_level, message) => void logs.push(message),
  });
  return { time, farewells, said, ended, logs };
}
async function flush(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

test("a call ends when its last words are heard, once, with what is recorded of it", async () => {
  const { farewells, said, ended, time } = rig();
  farewells.begin(spec);
  farewells.begin(spec);
  farewells.mediaClosed("another");
  await flush();
  expect([said, ended]).toEqual([["c f"], []]);
  farewells.mediaClosed("c");
  farewells.mediaClosed("c");
  await flush();
  expect(ended).toEqual([["c", 4000]]);
  expect(time.pendingCount).toBe(0);
});

test("a gateway that does not answer, or is lost, ends it as well", async () => {
  const silent = rig();
  silent.farewells.begin(spec);
  silent.time.advance(30_000);
  await flush();
  expect(silent.ended).toEqual([["c", 4000]]);
  const lost = rig();
  lost.farewells.begin(spec);
  lost.farewells.gatewayLost();
  await flush();
  expect(lost.ended).toEqual([["c", 4000]]);
});

test("a recording that does not close is said, and the call ends; one that is none is left alone", async () => {
  const { farewells, ended, logs } = rig(() => {
    throw new Error("the disk is gone");
  });
  farewells.begin(spec);
  farewells.mediaClosed("c");
  farewells.begin({ ...spec, callId: "d", isRecorded: false });
  farewells.mediaClosed("d");
  await flush();
  expect(new Map(ended)).toEqual(
    new Map([
      ["c", 0],
      ["d", 0],
    ]),
  );
  expect(logs).toEqual(["the recording of a failed call could not be closed"]);
});
