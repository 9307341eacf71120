/** What every trunk must do about transfers; part of the suite of all trunks. */
import assert from "node:assert/strict";
import { answered, codeOf, nothingLeft, ready, type TrunkCase } from "./conformance-call.js";

export const transferCases: readonly TrunkCase[] = [
  {
    name: "a transferred callee is told once, and ends when the callee hangs up",
    isFor: ({ transfer }) => transfer !== undefined,
    async run(harness) {
      const dialled = await answered(harness);
      await dialled.when("answered");
      await ready(harness, () => dialled.attempt.transfer(harness.transfer!.answers));
      await dialled.when("transferred");
      assert.doesNotMatch(dialled.kinds, /ended/);
      await harness.calleeHangsUp(dialled.callId);
      assert.equal((await dialled.ended()).outcome, "answered");
      await nothingLeft(harness);
    },
  },
  {
    name: "a transferred callee goes on talking when we stop, and when we are back",
    isFor: ({ transfer }) => transfer !== undefined,
    async run(harness) {
      const dialled = await answered(harness);
      await ready(harness, () => dialled.attempt.transfer(harness.transfer!.answers));
      await dialled.when("transferred");
      await harness.trunk.stop();
      assert.equal((await dialled.ended()).outcome, "answered");
      await harness.trunk.start();
      assert.notDeepEqual(await harness.leftOvers(), [], "the callee was cut off");
      await harness.calleeHangsUp(dialled.callId);
      await nothingLeft(harness);
    },
  },
  {
    name: "a transfer that does not come about leaves the callee ours",
    isFor: ({ transfer }) => transfer !== undefined,
    async run(harness) {
      const dialled = await answered(harness);
      const code = await codeOf(
        ready(harness, () => dialled.attempt.transfer(harness.transfer!.fails)),
      );
      assert.equal(code, "TRUNK_TRANSFER");
      assert.doesNotMatch(dialled.kinds, /ended|transferred/);
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
  {
    name: "says that it cannot transfer, where it cannot",
    isFor: ({ transfer }) => transfer === undefined,
    async run(harness) {
      const dialled = await answered(harness);
      assert.equal(await codeOf(dialled.attempt.transfer("2")), "TRUNK_UNSUPPORTED");
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];
