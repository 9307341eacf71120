/**
 * What every trunk must do, as a list of cases that need no test framework. A case dials callees of
 * the trunk's own network, real or simulated; where a network has no such callee, or cannot do
 * something, the case says that it is not for it.
 */
import assert from "node:assert/strict";
import {
  answered,
  codeOf,
  Dialled,
  nothingLeft,
  somethingAt,
  waitMsMax,
  type CalleeKind,
  type TrunkCase,
} from "./conformance-call.js";
import { limitTrunk } from "./limited-trunk.js";
import { transferCases } from "./transfer-conformance.js";
import type { TrunkOutcome } from "./trunk.js";

export type { TrunkHarness } from "./conformance-call.js";

/** A case about an outcome that needs nothing but a callee. */
function ends(kind: CalleeKind, outcome: TrunkOutcome): TrunkCase {
  return {
    name: `a callee who is "${kind}" ends as ${outcome}, with the network's own cause`,
    isFor: ({ callees }) => callees[kind] !== undefined,
    async run(harness) {
      const ringMsMax = kind === "silent" ? 1000 : 10_000;
      const dialled = new Dialled(harness, harness.callees[kind]!, { ringMsMax });
      assert.equal((await dialled.ended()).outcome, outcome);
      assert.doesNotMatch(dialled.kinds, /answered/);
      await nothingLeft(harness);
    },
  };
}

const always = (): boolean => true;

const endings: readonly TrunkCase[] = [
  ends("busy", "busy"),
  ends("rejects", "rejected"),
  ends("unknown", "invalid_number"),
  ends("congested", "congestion"),
  ends("silent", "no_answer"),
  {
    name: "an answered callee is told once; we hang up, twice, and it ends once, as answered",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      assert.equal(harness.trunk.health().attempts, 1);
      dialled.attempt.hangup();
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "answered");
      dialled.attempt.hangup();
      assert.match(dialled.kinds, /^(ringing )?(earlyMedia )?answered ended$/);
      await nothingLeft(harness);
    },
  },
  {
    name: "a callee who hangs up ends the attempt, as answered",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      await harness.calleeHangsUp(dialled.callId);
      assert.equal((await dialled.ended()).outcome, "answered");
      await nothingLeft(harness);
    },
  },
  {
    name: "early media is told before the answer, and is none",
    isFor: ({ callees }) => callees.early !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.early!);
      await dialled.when("answered");
      assert.match(dialled.kinds, /^(ringing )?earlyMedia (ringing )?answered$/);
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];

const interventions: readonly TrunkCase[] = [
  {
    name: "stops ringing when told to, as cancelled",
    isFor: ({ callees }) => callees.silent !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.silent!);
      if (harness.isRingingSecret === true) await somethingAt(harness);
      else await dialled.when("ringing");
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "cancelled");
      await nothingLeft(harness);
    },
  },
  {
    name: "hung up at once, before the network has said a word, nobody is left ringing",
    isFor: ({ callees }) => callees.silent !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.silent!);
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "cancelled");
      await nothingLeft(harness);
    },
  },
  {
    name: "a call id that is in use is refused, and its call is left alone",
    isFor: always,
    async run(harness) {
      const first = await answered(harness);
      const second = new Dialled(harness, harness.callees.answers!, { callId: first.callId });
      assert.equal((await second.ended()).outcome, "failed");
      assert.doesNotMatch(first.kinds, /ended/);
      first.attempt.hangup();
      await first.ended();
      await nothingLeft(harness);
    },
  },
  {
    name: "a number that would say more than a number is refused",
    isFor: always,
    async run(harness) {
      const hostile = ["", "1&2", "1,2", "1 2", "1\n\nexit", "{a=b}1", "1}2", "x".repeat(200)];
      for (const to of hostile) {
        const { outcome } = await new Dialled(harness, to).ended();
        assert.equal(outcome, "invalid_number", JSON.stringify(to));
      }
      await nothingLeft(harness);
    },
  },
  {
    name: "sends keys to the callee, or says that it cannot; other characters are no keys",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      const { attempt, callId } = dialled;
      if (harness.keysOf === undefined) {
        assert.equal(await codeOf(attempt.sendDtmf("1")), "TRUNK_UNSUPPORTED");
      } else {
        await attempt.sendDtmf("12#");
        const until = harness.time.nowMs() + waitMsMax;
        while ((await harness.keysOf(callId)) !== "12#" && harness.time.nowMs() < until) {
          await new Promise<void>((resolve) => harness.time.after(50, resolve));
        }
        assert.equal(await harness.keysOf(callId), "12#");
        assert.equal(await codeOf(attempt.sendDtmf("1\n2")), "TRUNK_REQUEST");
      }
      attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];

const crowds: readonly TrunkCase[] = [
  {
    name: "many at once end each with their own outcome",
    isFor: ({ callees }) => callees.busy !== undefined && callees.rejects !== undefined,
    async run(harness) {
      const { busy, rejects } = harness.callees;
      const all = Array.from({ length: 10 }, (_, index) =>
        new Dialled(harness, index % 2 === 0 ? busy! : rejects!).ended(),
      );
      const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
      assert.deepEqual(
        outcomes,
        outcomes.map((_, index) => (index % 2 === 0 ? "busy" : "rejected")),
      );
      await nothingLeft(harness);
    },
  },
  {
    name: "within limits, a call beyond the lines is refused before it is dialled, and lines come back",
    isFor: always,
    async run(harness) {
      const trunk = limitTrunk(harness.trunk, { attemptsMax: 1 }, harness.time);
      const first = new Dialled(harness, harness.callees.answers!, { trunk });
      const second = new Dialled(harness, harness.callees.answers!, { trunk });
      const { outcome, cause } = await second.ended();
      assert.equal(outcome, "congestion");
      assert.match(cause, /^not dialled: all 1 lines of trunk/);
      assert.equal(second.kinds, "ended");
      assert.match(trunk.reserve!("other")!.why, /all 1 lines/);
      await first.when("answered");
      first.attempt.hangup();
      await first.ended();
      assert.equal(trunk.reserve!("other"), undefined);
      await nothingLeft(harness);
    },
  },
  {
    name: "stopped, it hangs everybody up and dials nobody; started again, it dials",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      await harness.trunk.stop();
      await dialled.ended();
      const refused = new Dialled(harness, harness.callees.answers!);
      assert.equal((await refused.ended()).outcome, "failed");
      await harness.trunk.start();
      assert.equal(harness.trunk.health().isUp, true);
      const again = await answered(harness);
      again.attempt.hangup();
      await again.ended();
      await nothingLeft(harness);
    },
  },
];

/** All cases; the last one stops the trunk and starts it again. */
export const trunkConformance: readonly TrunkCase[] = [
  ...endings,
  ...interventions,
  ...transferCases,
  ...crowds,
];
