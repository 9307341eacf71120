import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { Ledger, noShard } from "./ledger.js";
import { Resumptions } from "./resumptions.js";

const graceMs = 10_000;
const specOf = (callId: string) => {
  const limits = { answerMsMax: 1, durationMsMax: 1 };
  return { callId, userId: "u", flowId: "f", variables: {}, isRecorded: true, ...limits };
};

/** A ledger with a call of every kind. */
function rig() {
  const time = virtualTime();
  const ledger = new Ledger();
  const told: string[] = [];
  const resumptions = new Resumptions({
    time,
    ledger,
    graceMs,
    formatOf: () => "pcmu/8000",
    wake: ({ spec: { callId } }) => void told.push(`wake ${callId}`),
    changed: (callId, isResuming) => void told.push(`${callId} ${isResuming ? "away" : "there"}`),
    expired: (callId) => void told.push(`expired ${callId}`),
  });
  ledger.add(specOf("dialling"), 0, { token: "t", untilMs: 30_000 });
  ledger.add(specOf("native"), 1).generation = 4;
  ledger.add(specOf("vendor"), 0);
  ledger.add(specOf("farewell"), noShard).generation = 0;
  ledger.add(specOf("ending"), 1).endsAs = "cancelled";
  return { time, ledger, told, resumptions };
}

test("when the gateway is lost, those who can come back are waited for, the others are told apart", () => {
  const { time, resumptions, told } = rig();
  time.advance(500);
  expect(resumptions.gatewayLost()).toEqual({ waiting: ["native"], ended: ["vendor"] });
  expect(told).toEqual(["native away"]);
  time.advance(1000);
  const format = "pcmu/8000";
  expect(resumptions.awaited()).toEqual([
    { kind: "expectCall", callId: "dialling", token: "t", shardIndex: 0, expiresInMs: 28_500 },
    {
      kind: "expectResume",
      callId: "native",
      shardIndex: 1,
      generation: 4,
      format,
      expiresInMs: 9000,
    },
  ]);
  // Another loss meanwhile gives nobody more time.
  expect(resumptions.gatewayLost()).toEqual({ waiting: ["native"], ended: ["vendor"] });
  expect(resumptions.awaited()[1]).toMatchObject({ expiresInMs: 9000 });
});

test("who comes back is there; who does not has ended, once, whoever says so", () => {
  const { time, ledger, resumptions, told } = rig();
  resumptions.gatewayLost();
  resumptions.report({ kind: "mediaOpened", callId: "native", generation: 5 });
  expect(told).toEqual(["native away", "native there"]);
  expect(ledger.find("native")?.generation).toBe(5);
  time.advance(60_000);
  resumptions.report({ kind: "resumeExpired", callId: "native" });
  expect(told).toHaveLength(2);

  resumptions.gatewayLost();
  resumptions.report({ kind: "resumeExpired", callId: "native" });
  resumptions.report({ kind: "resumeExpired", callId: "native" });
  time.advance(60_000);
  expect(told.slice(2)).toEqual(["native away", "expired native"]);
});

test("where no gateway comes back to say it, the time is up all the same", () => {
  const { time, resumptions, told } = rig();
  resumptions.gatewayLost();
  time.advance(graceMs);
  expect(told).toEqual(["native away"]);
  time.advance(1000);
  expect(told).toEqual(["native away", "expired native"]);
  expect(time.pendingCount).toBe(0);
});

test("a dormant call is woken once, when its client comes", () => {
  const { ledger, resumptions, told } = rig();
  const restored = {
    spec: specOf("old"),
    memory: new Uint8Array(1),
    losses: 1,
    processLosses: 1,
    generation: 2,
  };
  const entry = ledger.restore(restored, 0);
  resumptions.hold("old", graceMs);
  for (let time = 0; time < 2; time += 1) {
    resumptions.report({ kind: "mediaOpened", callId: "old", generation: 2 });
  }
  expect(told.filter((what) => what.startsWith("wake"))).toEqual(["wake old"]);
  expect(entry.isDormant).toBe(false);
});

test("a call that was answered is invited no more, and its oldest good token is kept", () => {
  const { ledger, resumptions, told } = rig();
  resumptions.report({ kind: "mediaOpened", callId: "dialling", generation: 0 });
  expect(ledger.find("dialling")).toMatchObject({ invitation: undefined, generation: 0 });
  resumptions.report({ kind: "mediaAway", callId: "dialling" });
  resumptions.report({ kind: "mediaResumed", callId: "dialling", generation: 1 });
  expect(ledger.find("dialling")?.generation).toBe(0);
  resumptions.report({ kind: "mediaConfirmed", callId: "dialling", generation: 1 });
  expect(ledger.find("dialling")?.generation).toBe(1);
  expect(told).toEqual(["dialling there", "dialling away", "dialling there", "dialling there"]);
});
