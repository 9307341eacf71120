import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAsteriskTrunk } from "../../access/trunks/asterisk/asterisk-trunk.js";
import { trunkConformance, type TrunkHarness } from "../../access/trunks/trunk-conformance.js";
import { nodeTime } from "../../base/node-ports.js";
import type { TrunkEvent } from "../../access/trunks/trunk.js";
import { freeUdpPort, startTelephony, type Telephony } from "../../bench/telephony/rig.js";
import { isTelephonyWanted } from "../support/telephony.js";

/** A callee that plays one scenario once. */
function startSipp({ binDir, runDir }: Telephony, scenario: string, port: number): ChildProcess {
  const sip = ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", String(port)];
  const file = ["-sf", `${runDir}/sipp/${scenario}.xml`, "-m", "1"];
  const quiet = ["-timeout", "60s", "-nostdin"];
  return spawn(`${binDir}/sipp`, [...file, ...sip, ...quiet], { stdio: "ignore", cwd: runDir });
}

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
      ...{ endpoint: "PJSIP/trunk/sip:{to}", mediaClient: telephony.mediaClient, format: "auto" },
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

  /** One attempt, from the first ring to its end. */
  const attempt = (to: string) => {
    const { trunk, mediaUrl, token } = harness;
    const request = { callId: randomUUID(), to, mediaUrl, token, ringMsMax: 10_000 };
    let settle!: (event: TrunkEvent) => void;
    const ended = new Promise<TrunkEvent>((resolve) => (settle = resolve));
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const handle = trunk.originate(request, (event) => {
      if (event.kind === "answered") answer();
      if (event.kind === "ended") settle(event);
    });
    return { handle, answered, ended };
  };

  test("every status that a SIP callee refuses with is the outcome that is documented", async () => {
    const outcomes = {
      ...{ 403: "rejected", 603: "rejected", 607: "rejected", 486: "busy", 600: "busy" },
      ...{ 404: "invalid_number", 604: "invalid_number", 410: "invalid_number" },
      ...{ 484: "invalid_number", 480: "no_answer", 408: "no_answer", 488: "media_mismatch" },
      ...{ 500: "congestion", 503: "congestion", 487: "cancelled" },
    };
    const seen = await Promise.all(
      Object.keys(outcomes).map(async (status) => {
        const port = await freeUdpPort();
        const sipp = startSipp(telephony, `reject-${status}`, port);
        const { ended } = attempt(`callee@127.0.0.1:${port}`);
        const event = await ended;
        sipp.kill("SIGKILL");
        return [status, event] as const;
      }),
    );
    for (const [status, event] of seen) {
      const outcome = outcomes[Number(status) as keyof typeof outcomes];
      const cause = expect.stringContaining(`SIP ${status}`) as string;
      expect([status, event]).toMatchObject([status, { outcome, cause }]);
    }
  });

  test("a sipp callee who answers and hangs up, and a baresip who answers by itself", async () => {
    const port = await freeUdpPort();
    const sipp = startSipp(telephony, "hangup", port);
    const baresip = spawn(`${telephony.binDir}/baresip`, ["-f", `${telephony.runDir}/baresip`], {
      stdio: "ignore",
    });
    const first = attempt(`callee@127.0.0.1:${port}`);
    expect(await first.ended).toMatchObject({ outcome: "answered" });
    const second = attempt(`human@127.0.0.1:${telephony.calleePort}`);
    await second.answered;
    second.handle.hangup();
    expect(await second.ended).toMatchObject({ outcome: "answered" });
    sipp.kill("SIGKILL");
    baresip.kill("SIGKILL");
    await expect.poll(() => harness.leftOvers()).toEqual([]);
  });

  test("200 calls leave no channel, bridge, socket or timer behind, there or here", async () => {
    const { trunk, callees, mediaUrl, token } = harness;
    let dialled = 0;
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        const callId = `leak-${(dialled += 1)}`;
        // Every other one hangs up.
        const isTheirs = dialled % 2 === 0;
        const to = isTheirs ? `brief@${telephony.sip}` : callees.answers!;
        const request = { callId, to, mediaUrl, token, ringMsMax: 10_000 };
        const attempt = trunk.originate(request, ({ kind }) => {
          if (kind === "answered" && !isTheirs) attempt.hangup();
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
