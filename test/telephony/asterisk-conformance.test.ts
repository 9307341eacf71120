import { WebSocketServer } from "ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAsteriskTrunk } from "../../access/trunks/asterisk/asterisk-trunk.js";
import { trunkConformance, type TrunkHarness } from "../../access/trunks/trunk-conformance.js";
import { nodeTime } from "../../base/node-ports.js";
import { startTelephony, type Telephony } from "../../bench/telephony/rig.js";
import { isTelephonyWanted } from "../support/telephony.js";

/** What this process holds: sockets and timers of calls that are over would show. */
function held(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCPSocketWrap|Timeout/.test(name))
    .sort();
}

describe.skipIf(!isTelephonyWanted())("a trunk through a real Asterisk", () => {
  let telephony: Telephony;
  let gateway: WebSocketServer;
  let harness: TrunkHarness;
  const sockets = () => gateway.clients.size;

  beforeAll(async () => {
    gateway = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => gateway.once("listening", resolve));
    const mediaUrl = `ws://127.0.0.1:${(gateway.address() as { port: number }).port}`;
    telephony = await startTelephony(`${mediaUrl}/media/asterisk`);
    const time = nodeTime();
    const trunk = createAsteriskTrunk({
      ...{ name: "sip", address: telephony.ari, app: "voxtree", callerId: "1000" },
      ...{ endpoint: "PJSIP/trunk/sip:{to}", mediaClient: "media", format: "slin16" },
      time,
      log: () => undefined,
    });
    await trunk.start();
    const at = (name: string): string => `${name}@${telephony.sip}`;
    const channels = async (): Promise<string[]> =>
      (await telephony.console("core show channels concise"))
        .split("\n")
        .filter((line) => line !== "");
    harness = {
      trunk,
      time,
      callees: {
        ...{ answers: at("keys"), early: at("early"), busy: at("busy"), rejects: at("reject") },
        ...{ unknown: at("unknown"), congested: at("congestion"), silent: at("noanswer") },
      },
      mediaUrl,
      token: "secret",
      async calleeHangsUp() {
        const theirs = (await channels()).filter((line) => line.includes("!from-trunk!"));
        for (const line of theirs) {
          await telephony.console(`channel request hangup ${line.split("!")[0]!}`);
        }
      },
      async leftOvers() {
        const bridges = await telephony.console("bridge show all");
        return [...(await channels()), ...(bridges.includes("stasis") ? ["a bridge"] : [])];
      },
      async keysOf() {
        const shown = await telephony.console("database get heard keys");
        return /Value: (\S+)/.exec(shown)?.[1] ?? "";
      },
      transfer: { answers: at("human"), fails: at("busy") },
    };
  }, 330_000);
  afterAll(async () => {
    await harness?.trunk.stop();
    await telephony?.stop();
    for (const socket of gateway.clients) socket.terminate();
    gateway.close();
  });

  for (const { name, isFor, run } of trunkConformance) {
    test(name, async (context) => {
      if (!isFor(harness)) context.skip("this network cannot");
      await run(harness);
    });
  }

  test("200 calls leave no channel, bridge, socket or timer behind, there or here", async () => {
    const { trunk, callees, mediaUrl, token } = harness;
    let dialled = 0;
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        const callId = `leak-${(dialled += 1)}`;
        const request = { callId, to: callees.answers!, mediaUrl, token, ringMsMax: 10_000 };
        const attempt = trunk.originate(request, ({ kind }) => {
          if (kind === "answered") attempt.hangup();
          if (kind === "ended") resolve();
        });
      });
    const inRow = async (): Promise<void> => {
      for (let index = 0; index < 10; index += 1) await call();
    };
    await call();
    await expect.poll(() => harness.leftOvers()).toEqual([]);
    await expect.poll(sockets).toBe(0);
    const before = held();
    await Promise.all(Array.from({ length: 20 }, inRow));
    expect(dialled).toBe(201);
    await expect.poll(() => harness.leftOvers()).toEqual([]);
    await expect.poll(sockets).toBe(0);
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
    // Connections to the REST interface are kept, a handful of them.
    const more = held().length - before.length;
    process.stdout.write(`200 calls: ${before.length} → ${held().length} sockets and timers\n`);
    expect(more).toBeLessThanOrEqual(4);
  });
});
