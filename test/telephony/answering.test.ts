/** Who has answered, through the whole engine: real audio of callees inside a real Asterisk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  freePort,
  freeUdpPort,
  startTelephony,
  type Telephony,
} from "../../bench/telephony/rig.js";
import { defaultConfig } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import { createNode } from "../../engine/node/node.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import { flowFile } from "../support/engine-rig.js";
import { isTelephonyWanted } from "../support/telephony.js";
import { audibleFromMs, recognisedIn, recordingOf, toneIn } from "./callee-recording.js";

describe.skipIf(!isTelephonyWanted())("who has answered a call through Asterisk", () => {
  let telephony: Telephony;
  let node: EngineNode;
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-answering-"));
  /** Of all callees, dialled at once. */
  const views = new Map<string, CallView>();
  const callees = ["human", "voicemail", "vacant", "disconnected", "fax"];

  beforeAll(async () => {
    const port = await freePort();
    telephony = await startTelephony(`ws://127.0.0.1:${port}/media/asterisk`);
    const config = defaultConfig({
      gateway: { port },
      storage: { dataDir, kekFile: join(dataDir, "kek") },
      flows: [flowFile("test/flows/greets.yaml")],
      trunks: [
        {
          ...{ kind: "asterisk", name: "sip", app: "voxtree", callerId: "1000", ...telephony.ari },
          ...{
            endpoint: "PJSIP/trunk/sip:{to}",
            mediaClient: telephony.mediaClient,
            format: "auto",
          },
        },
      ],
    });
    node = createNode(config);
    await node.start();
    const call = async (callee: string, at = telephony.sip): Promise<void> => {
      const to = `${callee}@${at}`;
      const request = { userId: callee, flow: "greets", variables: {}, trunk: "sip", to };
      const { callId } = await node.startCall(request);
      views.set(callee, await node.callEnded(callId));
    };
    const nobody = `127.0.0.1:${await freeUdpPort()}`;
    await Promise.all([...callees.map((callee) => call(callee)), call("nobody", nobody)]);
  }, 330_000);

  afterAll(async () => {
    await node?.stop();
    await telephony?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("a person is greeted, as soon as their own greeting is over", () => {
    const view = views.get("human")!;
    expect(view).toMatchObject({ outcome: "greeted", answeredBy: { who: "human" } });
    expect(view.answeredBy!.cause).toMatch(/^HUMAN-/);
  });

  test("a machine is known, and gets the flow's message", () => {
    const view = views.get("voicemail")!;
    expect(view).toMatchObject({ outcome: "voicemail", answeredBy: { who: "machine" } });
    const said = view.transcript.filter(({ side }) => side === "agent");
    expect(said.map(({ text }) => text)).toEqual(["Please call us back today. Goodbye."]);
  });

  test("a machine's own recording has our message, behind its beep", async (context) => {
    const recording = () => recordingOf(telephony.runDir, "voicemail");
    await expect.poll(recording).toBeDefined();
    const { heard, said, rateHz } = recording()!;
    const beep = toneIn(said, rateHz)!;
    expect(beep.hz).toBeCloseTo(1000, -1);
    const atMs = audibleFromMs(heard, rateHz)!;
    expect(atMs).toBeGreaterThanOrEqual(beep.toMs);
    // Not the silence that takes the place of a beep where there is none.
    expect(atMs - beep.toMs).toBeLessThan(1500);
    process.stdout.write(`voicemail: beep until ${beep.toMs} ms, our message at ${atMs} ms\n`);
    if (!isPocketSphinxAvailable().ok) context.skip("no recogniser here");
    const message = "Please call us back today. Goodbye.";
    const behind = heard.slice((beep.toMs * rateHz) / 1000);
    expect(await recognisedIn(behind, rateHz, [message])).toBe(message);
  });

  test("where nobody listens there is no answer", () => {
    const view = views.get("nobody")!;
    expect(view).toMatchObject({ outcome: "no_answer", cause: "Q.850 18, SIP 408" });
  });

  test.each([
    ["vacant", "invalid_number", /^SIT$/],
    ["disconnected", "invalid_number", /^WORDS$/],
    ["fax", "fax", /^FAXTONE$/],
  ])("a line that is %s ends as %s, and hears nothing of us", (callee, outcome, cause) => {
    const view = views.get(callee)!;
    expect(view).toMatchObject({ outcome, answeredBy: { who: outcome } });
    expect(view.answeredBy!.cause).toMatch(cause);
    expect(view.transcript.filter(({ side }) => side === "agent")).toEqual([]);
  });
});
