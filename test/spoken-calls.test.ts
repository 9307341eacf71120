import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";
import { flowFile, startEngine, whenView, type EngineRig } from "./support/engine-rig.js";

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
