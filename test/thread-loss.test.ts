import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blockMessage, exhaustMessage, rejectMessage, whenView } from "./support/engine-rig.js";
import { expectWhole, startKeypadEngine, type KeypadEngine } from "./support/keypad-engine.js";

describe("threads that are lost under live calls", () => {
  let rig: KeypadEngine;
  beforeAll(async () => {
    rig = await startKeypadEngine();
  });
  afterAll(() => rig.stop());

  test.each([1, 2, 3])(
    "a shard thread that dies during text %i costs no call: another shard goes on where it was",
    async (count) => {
      const talking = whenView(({ transcript }) => transcript.length === count);
      // The first call of an idle engine is on shard 0, the second on shard 1.
      const { callId } = await rig.dial("two-keys", talking.listener);
      const other = await rig.dial("two-keys");
      await talking.seen;
      const runsAgain = rig.countOf("a thread runs again");
      await rig.threads.get("shard-0")!.terminate();
      expectWhole(await rig.node.callEnded(callId));
      expectWhole(await rig.node.callEnded(other.callId));
      await expect.poll(() => rig.countOf("a thread runs again")).toBe(runsAgain + 1);
    },
  );

  test.each([
    ["whose loop is blocked", blockMessage, "a thread is ended: its loop is blocked"],
    ["whose heap is exhausted", exhaustMessage, "a thread is lost"],
    ["with a rejection that nobody hears of", rejectMessage, "a thread is lost"],
  ])("a shard %s is ended, and its calls go on elsewhere", async (_what, harm, told) => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("two-keys", talking.listener);
    await talking.seen;
    const runsAgain = rig.countOf("a thread runs again");
    const toldBefore = rig.countOf(told);
    rig.threads.get("shard-0")!.post(harm);
    expectWhole(await rig.node.callEnded(callId));
    expect(rig.countOf(told)).toBe(toldBefore + 1);
    await expect.poll(() => rig.countOf("a thread runs again")).toBe(runsAgain + 1);
  });

  test("a store thread that dies under a call is replaced, and no outcome is lost", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("two-keys", talking.listener);
    await talking.seen;
    const runsAgain = rig.countOf("a thread runs again");
    const store = rig.threads.get("store")!;
    await store.terminate();
    await expect.poll(() => rig.countOf("a thread runs again")).toBe(runsAgain + 1);
    expect(rig.threads.get("store")).not.toBe(store);
    expectWhole(await rig.node.callEnded(callId));
    // From the disk, not from memory; and the next call begins, as its intent can be stored.
    await expect.poll(() => rig.node.health().liveCalls).toBe(0);
    expect(await rig.node.getCall(callId)).toMatchObject({ outcome: "completed" });
    const next = await rig.dial("two-keys");
    expect(await rig.node.hangup(next.callId)).toMatchObject({ outcome: "cancelled" });
  });

  test("when every shard dies at once, the calls wait for a new one", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("two-keys", talking.listener);
    await talking.seen;
    const runsAgain = rig.countOf("a thread runs again");
    const names = ["shard-0", "shard-1"];
    await Promise.all(names.map((name) => rig.threads.get(name)!.terminate()));
    expectWhole(await rig.node.callEnded(callId));
    await expect.poll(() => rig.countOf("a thread runs again")).toBe(runsAgain + 2);
  });

  test("a call that was there at two losses goes on alone, and ends alone at the third", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("silent", talking.listener);
    await talking.seen;
    const ended = rig.node.callEnded(callId);
    for (let loss = 1; loss <= 2; loss += 1) {
      const runsAgain = rig.countOf("a thread runs again");
      for (const name of ["shard-0", "shard-1"]) await rig.threads.get(name)!.terminate();
      await expect.poll(() => rig.countOf("a thread runs again")).toBe(runsAgain + 2);
    }
    const alone = rig.logs.filter(({ fields }) => fields["isQuarantined"] === true);
    expect(alone.at(-1)?.fields).toMatchObject({ callId, losses: 2 });
    const other = await rig.dial("two-keys");
    const lostAtEpochMs = Date.now();
    const quarantine = (): string[] =>
      [...rig.threads.keys()].filter((name) => name.startsWith("quarantine"));
    // Its shard may still be starting: until then it waits.
    await expect.poll(quarantine).not.toHaveLength(0);
    await Promise.all(quarantine().map((name) => rig.threads.get(name)!.terminate()));
    const view = await ended;
    expect(view).toMatchObject({ outcome: "failed" });
    // The callee is told so: the last words take some seconds.
    expect(view.endedEpochMs! - lostAtEpochMs).toBeGreaterThan(2500);
    expectWhole(await rig.node.callEnded(other.callId));
  });
});
