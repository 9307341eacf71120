import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAsteriskTrunk } from "../../access/trunks/asterisk/asterisk-trunk.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import { nodeTime } from "../../base/node-ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import { createNode } from "../../engine/node/node.js";
import { flowFile } from "../support/engine-rig.js";
import {
  freePort,
  isTelephonyAvailable,
  startTelephony,
  type Telephony,
} from "../support/telephony.js";

describe.skipIf(!isTelephonyAvailable())("calls through a real Asterisk", () => {
  let telephony: Telephony;
  let node: EngineNode;
  let trunk: Trunk;
  const logs: string[] = [];
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-asterisk-"));

  beforeAll(async () => {
    const port = await freePort();
    telephony = await startTelephony(`ws://127.0.0.1:${port}/media/asterisk`);
    const time = nodeTime();
    const log = (_level: string, message: string): void => void logs.push(message);
    trunk = createAsteriskTrunk({
      name: "sip",
      address: telephony.ari,
      app: "voxtree",
      endpoint: "PJSIP/trunk/sip:{to}",
      callerId: "1000",
      mediaClient: "media",
      format: "slin16",
      time,
      log,
    });
    const config = defaultConfig({
      gateway: { port },
      storage: { dataDir, kekFile: join(dataDir, "kek") },
      calls: { callsMax: 40, ringMsMax: 4000, answerMsMax: 10_000 },
      recognition: { isEnabled: false },
      flows: [flowFile("test/flows/two-keys.yaml")],
      trunks: [],
    });
    node = createNode(config, { time, trunks: [trunk], log });
    await node.start();
  }, 330_000);

  afterAll(async () => {
    await node?.stop();
    await telephony?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const dial = (callee: string, onView?: (view: CallView) => void): Promise<CallView> =>
    node.startCall(
      {
        userId: `person-${callee}`,
        flow: "two-keys",
        variables: { name: "Anna Miller" },
        trunk: "sip",
        to: `${callee}@${telephony.sip}`,
      },
      onView,
    );

  const callTo = async (callee: string): Promise<CallView> => {
    const { callId } = await dial(callee);
    return node.callEnded(callId);
  };

  /** What a call must not leave behind. */
  const expectNothingLeft = async (): Promise<void> => {
    await expect
      .poll(() => telephony.console("core show channels count"))
      .toMatch(/^0 active chan/);
    expect(await telephony.console("bridge show all")).not.toMatch(/stasis/);
    expect(node.health().liveCalls).toBe(0);
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
  };

  test("a callee who presses keys is heard, and hears us", async () => {
    const view = await callTo("dtmf");
    expect(view).toMatchObject({ outcome: "completed", protocol: "asterisk", format: "l16/16000" });
    expect(view.keys.map(({ digit }) => digit).slice(0, 2)).toEqual(["1", "2"]);
    await expectNothingLeft();
  });

  test("each outcome of the network is the outcome of its call", async () => {
    const callees = ["busy", "reject", "unknown", "congestion", "noanswer"];
    const views = await Promise.all(callees.map(callTo));
    expect(views.map(({ outcome, cause }) => [outcome, cause])).toEqual([
      ["busy", "Q.850 17, SIP 486"],
      ["rejected", expect.stringMatching(/^Q.850 21/)],
      ["invalid_number", "Q.850 1, SIP 404"],
      ["congestion", "Q.850 34, SIP 503"],
      ["no_answer", expect.stringMatching(/^Q.850 19/)],
    ]);
    await expectNothingLeft();
  });
});
