import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whenView } from "./support/engine-rig.js";
import { startKeypadEngine, type KeypadEngine } from "./support/keypad-engine.js";

describe("the engine, keypad only", () => {
  let rig: KeypadEngine;
  beforeAll(async () => {
    rig = await startKeypadEngine();
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
    expect(rig.countOf("a message was not delivered")).toBe(0);
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
    const again = rig.logs.filter(({ message }) => message === "a thread runs again");
    const gateways = again.filter(({ fields }) => fields["thread"] === "gateway-0");
    expect(gateways).toHaveLength(1);
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
