import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAsteriskTrunk } from "../../access/trunks/asterisk/asterisk-trunk.js";
import type { Trunk, TrunkEvent } from "../../access/trunks/trunk.js";
import { nodeTime } from "../../base/node-ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import { createNode } from "../../engine/node/node.js";
import { flowFile, whenView } from "../support/engine-rig.js";
import { freePort, startTelephony, type Telephony } from "../../bench/telephony/rig.js";
import { isTelephonyWanted } from "../support/telephony.js";

describe.skipIf(!isTelephonyWanted())("calls through a real Asterisk", () => {
  let telephony: Telephony;
  let node: EngineNode;
  let trunk: Trunk;
  const logs: string[] = [];
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-asterisk-"));

  beforeAll(async () => {
    const port = await freePort();
    const mediaUrl = `ws://127.0.0.1:${port}/media/asterisk`;
    telephony = await startTelephony(mediaUrl, { isAsDeployed: true });
    const time = nodeTime();
    const log = (_level: string, message: string): void => void logs.push(message);
    trunk = createAsteriskTrunk({
      name: "sip",
      address: telephony.ari,
      app: "voxtree",
      endpoint: "PJSIP/trunk/sip:{to}",
      callerId: "1000",
      mediaClient: telephony.mediaClient,
      format: "auto",
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
    expect(view).toMatchObject({ outcome: "completed", protocol: "asterisk", format: "pcmu/8000" });
    // The media socket and ARI both tell of each.
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

  /** Attempts on the trunk itself, without a flow, to see its events one by one. */
  const attempt = (callee: string, ringMsMax = 10_000) => {
    const seen: TrunkEvent[] = [];
    const waiting = new Map<string, () => void>();
    const when = (kind: TrunkEvent["kind"]): Promise<void> =>
      new Promise((resolve) => {
        if (seen.some((event) => event.kind === kind)) resolve();
        else waiting.set(kind, resolve);
      });
    const callId = randomUUID();
    const request = {
      callId,
      to: `${callee}@${telephony.sip}`,
      mediaUrl: "ws://unused",
      token: "none",
      ringMsMax,
    };
    const handle = trunk.originate(request, (event) => {
      seen.push(event);
      waiting.get(event.kind)?.();
    });
    return { callId, handle, seen, when };
  };

  test("stops ringing when told to, as cancelled", async () => {
    const { handle, seen, when } = attempt("noanswer");
    await when("ringing");
    handle.hangup();
    handle.hangup();
    await when("ended");
    expect(seen.map(({ kind }) => kind)).toEqual(["ringing", "ended"]);
    expect(seen[1]).toMatchObject({ outcome: "cancelled" });
    await expectNothingLeft();
  });

  test("cancelled before Asterisk has answered the request, nobody is left ringing", async () => {
    const { handle, seen, when } = attempt("noanswer");
    handle.hangup();
    await when("ended");
    expect(seen.at(-1)).toMatchObject({ outcome: "cancelled" });
    await expectNothingLeft();
  });

  test("a callee whose media our gateway refuses is hung up on: nobody talks to a dead line", async () => {
    const { seen, when } = attempt("human");
    await when("ended");
    expect(seen.map(({ kind }) => kind)).toEqual(["ringing", "answered", "ended"]);
    await expectNothingLeft();
  });

  test("refuses numbers that would say more than a number, and ids that are taken", async () => {
    const wrong = attempt("x&PJSIP/other");
    await wrong.when("ended");
    expect(wrong.seen).toMatchObject([{ outcome: "invalid_number" }]);
    const first = attempt("noanswer");
    const seen: TrunkEvent[] = [];
    await new Promise<void>((resolve) =>
      trunk.originate(
        { callId: first.callId, to: "x", mediaUrl: "", token: "", ringMsMax: 1000 },
        (event) => {
          seen.push(event);
          resolve();
        },
      ),
    );
    expect(seen).toMatchObject([{ outcome: "failed", cause: /another attempt/ }]);
    first.handle.hangup();
    await first.when("ended");
    await expectNothingLeft();
  });

  test("a callee who hangs up ends our side within half a second", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await dial("human", talking.listener);
    await talking.seen;
    const ended = node.callEnded(callId);
    const [channel] = (await telephony.console("core show channels concise"))
      .split("\n")
      .filter((line) => line.includes("!from-trunk!"));
    await telephony.console(`channel request hangup ${channel!.split("!")[0]!}`);
    const hungUpMs = performance.now();
    const view = await ended;
    process.stdout.write(`hang-up → ended: ${Math.round(performance.now() - hungUpMs)} ms\n`);
    expect(view.outcome).toBe("hangup");
    expect(view.cause).toMatch(/Q.850 16/);
    await expectNothingLeft();
  });

  test("we hang up on a callee in the middle of a prompt", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await dial("human", talking.listener);
    await talking.seen;
    expect(await node.hangup(callId)).toMatchObject({ outcome: "cancelled" });
    await expectNothingLeft();
  });

  test("twenty calls at once: every outcome is right and nothing is left behind", async () => {
    const views = await Promise.all(Array.from({ length: 20 }, () => callTo("dtmf")));
    expect(views.map(({ outcome }) => outcome)).toEqual(views.map(() => "completed"));
    await expectNothingLeft();
  });

  test("after a restart of Asterisk its calls are over, and new ones go through", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const live = await dial("human", talking.listener);
    const ringing = attempt("noanswer");
    await Promise.all([talking.seen, ringing.when("ringing")]);
    await telephony.restart();
    await ringing.when("ended");
    expect(ringing.seen.at(-1)).toMatchObject({ outcome: "unknown" });
    expect((await node.callEnded(live.callId)).status).toBe("ended");
    await expect.poll(() => trunk.health().isUp).toBe(true);
    expect(await callTo("dtmf")).toMatchObject({ outcome: "completed" });
    await expectNothingLeft();
  });
});
