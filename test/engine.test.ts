import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";
import type { CallView } from "../engine/engine-node.js";
import {
  blockMessage,
  exhaustMessage,
  flowFile,
  rejectMessage,
  startEngine,
  whenView,
  type EngineRig,
} from "./support/engine-rig.js";

/** Keypad calls: they need no recogniser, so they run everywhere. */
describe("the engine, keypad only", () => {
  let rig: EngineRig;
  const countOf = (text: string): number =>
    rig.logs.filter(({ message }) => message === text).length;
  beforeAll(async () => {
    rig = await startEngine({
      recognition: { isEnabled: false },
      flows: [
        flowFile("test/flows/two-keys.yaml"),
        flowFile("dialog/flows/appointment-reminder.yaml"),
        flowFile("dialog/flows/appointment-reminder.zh.yaml"),
      ],
      calls: { callsMax: 3, ringMsMax: 2000, answerMsMax: 8000 },
      threads: { shardHeapMbMax: 128 },
    });
  });
  afterAll(() => rig.stop());

  test("says what it lacks, and is ready all the same", () => {
    const { isReady, notes } = rig.node.health();
    expect(isReady).toBe(true);
    expect(notes.join("\n")).toMatch(/callers answer by keypad/);
    expect(notes.join("\n")).toMatch(/flow appointment-reminder-zh: .*voice/);
  });

  test("a call keeps its record and its recording, sealed, and gives both back", async () => {
    const { callId } = await rig.dial("two-keys");
    const view = await rig.node.callEnded(callId);
    expect(view).toMatchObject({ status: "ended", outcome: "completed", protocol: "twilio" });
    // Nothing was lost between its actors, and the mailboxes say so.
    const shards = await rig.node.mailboxes();
    const handled = shards.map((shard) => (shard.isAnswering ? shard.handled : 0));
    expect(Math.max(...handled)).toBeGreaterThan(100);
    expect(shards).toMatchObject(
      shards.map(() => ({ isAnswering: true, actors: 1, deadLetters: { full: 0, displaced: 0 } })),
    );
    expect(countOf("a message was not delivered")).toBe(0);
    expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    expect(view.transcript.map(({ text }) => text)).toEqual([
      "Press one, Anna Miller.",
      "Press two.",
      "Goodbye.",
    ]);
    const kept = await rig.node.getCall(callId);
    expect(kept).toEqual(view);
    const wav = await rig.node.readRecording(callId);
    expect(wav!.length).toBeGreaterThan((view.recordedMs / 1000) * 8000 * 2 * 1.9);
    expectSealed(rig.dataDir, ["Anna Miller", "Press one", "person-1"]);
  });

  test("each outcome of the network is the outcome of its call", async () => {
    const calls = await Promise.all(["busy", "rejects", "no-answer"].map((id) => rig.dial(id)));
    const views = await Promise.all(calls.map(({ callId }) => rig.node.callEnded(callId)));
    expect(views.map(({ outcome }) => outcome)).toEqual(["busy", "rejected", "no_answer"]);
    expect(views.every(({ recordedMs }) => recordedMs === 0)).toBe(true);
  });

  test("refuses exactly the calls beyond its bound, and takes them when there is room", async () => {
    const calls = await Promise.all(
      [1, 2, 3].map(() => rig.dial("no-answer").then(({ callId }) => callId)),
    );
    await expect(rig.dial("no-answer")).rejects.toMatchObject({
      code: "ADMISSION_REFUSED",
      detail: { callsMax: 3 },
    });
    await Promise.all(calls.map((callId) => rig.node.hangup(callId)));
    const { callId } = await rig.dial("busy");
    await rig.node.callEnded(callId);
  });

  test("wrong requests are told what would be right", async () => {
    const request = { userId: "u1", flow: "appointment-reminder", trunk: "loopback", to: "busy" };
    const start = (change: object) => rig.node.startCall({ ...request, ...change });
    await expect(start({ flow: "nope" })).rejects.toThrow(/not loaded; there is two-keys/);
    await expect(start({ userId: "" })).rejects.toMatchObject({ code: "USER_ID" });
    await expect(start({ variables: { name: "A" } })).rejects.toMatchObject({
      code: "FLOW_VARIABLES",
    });
    await expect(start({ flow: "appointment-reminder-zh" })).rejects.toMatchObject({
      code: "FLOW_UNSPEAKABLE",
    });
    const { variables } = rig.scripts.find(({ flow }) => flow === "appointment-reminder")!;
    await expect(start({ trunk: "sip", variables })).rejects.toThrow(/there is loopback/);
    expect(rig.node.health().liveCalls).toBe(0);
  });

  const expectWhole = (view: CallView): void => {
    expect(view).toMatchObject({ outcome: "completed" });
    expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    const texts = [...new Set(view.transcript.map(({ text }) => text))];
    expect(texts).toEqual(["Press one, Anna Miller.", "Press two.", "Goodbye."]);
    const durationMs = view.endedEpochMs! - view.answeredEpochMs!;
    expect(Math.abs(view.recordedMs - durationMs)).toBeLessThan(400);
  };

  test.each([1, 2, 3])(
    "a shard thread that dies during text %i costs no call: another shard goes on where it was",
    async (count) => {
      const talking = whenView(({ transcript }) => transcript.length === count);
      // The first call of an idle engine is on shard 0, the second on shard 1.
      const { callId } = await rig.dial("two-keys", talking.listener);
      const other = await rig.dial("two-keys");
      await talking.seen;
      const runsAgain = countOf("a thread runs again");
      await rig.threads.get("shard-0")!.terminate();
      expectWhole(await rig.node.callEnded(callId));
      expectWhole(await rig.node.callEnded(other.callId));
      await expect.poll(() => countOf("a thread runs again")).toBe(runsAgain + 1);
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
    const runsAgain = countOf("a thread runs again");
    const toldBefore = countOf(told);
    rig.threads.get("shard-0")!.post(harm);
    expectWhole(await rig.node.callEnded(callId));
    expect(countOf(told)).toBe(toldBefore + 1);
    await expect.poll(() => countOf("a thread runs again")).toBe(runsAgain + 1);
  });

  test("a store thread that dies under a call is replaced, and no outcome is lost", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("two-keys", talking.listener);
    await talking.seen;
    const runsAgain = countOf("a thread runs again");
    const store = rig.threads.get("store")!;
    await store.terminate();
    await expect.poll(() => countOf("a thread runs again")).toBe(runsAgain + 1);
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
    const runsAgain = countOf("a thread runs again");
    const names = ["shard-0", "shard-1"];
    await Promise.all(names.map((name) => rig.threads.get(name)!.terminate()));
    expectWhole(await rig.node.callEnded(callId));
    await expect.poll(() => countOf("a thread runs again")).toBe(runsAgain + 2);
  });

  test("a call that was there at two losses goes on alone, and ends alone at the third", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("silent", talking.listener);
    await talking.seen;
    const ended = rig.node.callEnded(callId);
    for (let loss = 1; loss <= 2; loss += 1) {
      const runsAgain = countOf("a thread runs again");
      for (const name of ["shard-0", "shard-1"]) await rig.threads.get(name)!.terminate();
      await expect.poll(() => countOf("a thread runs again")).toBe(runsAgain + 2);
    }
    const alone = rig.logs.filter(({ fields }) => fields["isQuarantined"] === true);
    expect(alone.at(-1)?.fields).toMatchObject({ callId, losses: 2 });
    const other = await rig.dial("two-keys");
    const lostAtEpochMs = Date.now();
    const names = [...rig.threads.keys()].filter((name) => name.startsWith("quarantine"));
    await Promise.all(names.map((name) => rig.threads.get(name)!.terminate()));
    const view = await ended;
    expect(view).toMatchObject({ outcome: "failed" });
    // The callee is told so: the last words take some seconds.
    expect(view.endedEpochMs! - lostAtEpochMs).toBeGreaterThan(2500);
    expectWhole(await rig.node.callEnded(other.callId));
  });

  test("a gateway thread that dies is replaced at the same port: clients that can, come back", async () => {
    const statuses = new Set<string>();
    const talking = [1, 2].map(() => whenView(({ transcript }) => transcript.length > 0));
    const [native, vendor] = await Promise.all([
      rig.dial("two-keys-native", (view) => {
        statuses.add(view.status);
        talking[0]!.listener(view);
      }),
      rig.dial("two-keys", talking[1]!.listener),
    ]);
    await Promise.all(talking.map(({ seen }) => seen));
    const ringing = await rig.dial("two-keys-later");
    const before = countOf("a thread runs again");
    await rig.threads.get("gateway-0")!.terminate();
    // Its protocol has no way back: it ends with a recording that reads.
    const lost = await rig.node.callEnded(vendor.callId);
    expect(lost).toMatchObject({ outcome: "failed" });
    expect(lost.recordedMs).toBeGreaterThan(0);
    const whole = await rig.node.callEnded(native.callId);
    expect(whole).toMatchObject({ outcome: "completed", protocol: "native-v1" });
    expect(whole.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    const lastedMs = whole.endedEpochMs! - whole.answeredEpochMs!;
    expect(Math.abs(whole.recordedMs - lastedMs)).toBeLessThan(1000);
    expect([...statuses]).toEqual(["live", "resuming", "ended"]);
    // Whoever was not there yet comes to the new one.
    expect(await rig.node.callEnded(ringing.callId)).toMatchObject({ outcome: "completed" });
    expect(countOf("a thread runs again")).toBe(before + 1);
  });

  test("a callee process that dies ends its calls; the next call finds a new one", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("two-keys", talking.listener);
    await talking.seen;
    process.kill(rig.trunk.pid!, "SIGKILL");
    expect(await rig.node.callEnded(callId)).toMatchObject({ outcome: "hangup" });
    const again = await rig.dial("busy");
    expect(await rig.node.callEnded(again.callId)).toMatchObject({ outcome: "busy" });
  });
});

const hasRecognizer = isPocketSphinxAvailable().ok;
if (!hasRecognizer) {
  const isRequired = process.env["VOXTREE_REQUIRE"]?.includes("pocketsphinx") === true;
  const why = "PocketSphinx is missing: apt-get install libpocketsphinx3 pocketsphinx-en-us";
  if (isRequired) throw new Error(why);
  console.warn(`SKIPPED: spoken calls. ${why}`);
}

describe.skipIf(!hasRecognizer)("the engine, spoken", () => {
  let rig: EngineRig;
  beforeAll(async () => {
    rig = await startEngine({ flows: [flowFile("dialog/flows/appointment-reminder.yaml")] });
  });
  afterAll(() => rig.stop());

  test("a recognition process that is killed in mid-call costs no call", async () => {
    const understood = whenView(({ transcript }) => transcript.some((t) => t.side === "callee"));
    const { callId } = await rig.dial("confirms-appointment", understood.listener);
    await understood.seen;
    for (const pid of rig.node.processIds()) process.kill(pid, "SIGKILL");
    expect(await rig.node.callEnded(callId)).toMatchObject({ outcome: "confirmed" });
  });

  test("an interruption silences us at the callee, and the answer is understood", async () => {
    const { callId } = await rig.dial("interrupts");
    const view = await rig.node.callEnded(callId);
    expect(view.outcome).toBe("confirmed");
    expect(view.interruptions.length).toBeGreaterThan(0);
    const [interruption] = rig.reports.get(callId)!.interruptions;
    expect(interruption).toMatchObject({ isCleared: true });
  });

  test("stop ends live calls politely: each has its outcome, record and recording", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await rig.dial("confirms-appointment", talking.listener);
    await talking.seen;
    const ended = rig.node.callEnded(callId);
    await rig.node.stop();
    expect(await ended).toMatchObject({ status: "ended", outcome: "cancelled" });
    expect((await ended).recordedMs).toBeGreaterThan(0);
  });
});

/** Nothing on disk shows any of these words. */
function expectSealed(folder: string, words: readonly string[]): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, name));
    } catch {
      continue; // a folder
    }
    for (const word of words) {
      const isShown = bytes.includes(word) || bytes.includes(Buffer.from(word, "utf16le"));
      expect(isShown, `"${word}" in ${name}`).toBe(false);
    }
  }
}
