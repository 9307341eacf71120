/** An Asterisk in a process of its own that stalls, lies, says half of it, and restarts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import type { Time } from "../../../base/ports.js";
import { startFarEnd, type FarEnd } from "../testing/far-end.js";
import type { AriFault } from "../testing/mock-asterisk-main.js";
import { trunkConformance, type TrunkHarness } from "../trunk-conformance.js";
import type { Trunk, TrunkEvent } from "../trunk.js";
import { createAsteriskTrunk } from "./asterisk-trunk.js";

const entry = "access/trunks/testing/mock-asterisk-main.js";
const logs: string[] = [];

/** The trunk's patience passes fifty times as fast. */
function hurried(): Time {
  const time = nodeTime();
  return { ...time, after: (ms, run) => time.after(ms / 50, run) };
}

function trunkTo(port: number, time: Time = hurried()): Trunk {
  return createAsteriskTrunk({
    ...{ name: "sip", app: "voxtree", callerId: "1000", endpoint: "PJSIP/{to}@trunk" },
    address: { url: `http://127.0.0.1:${port}/ari`, user: "u", password: "not-a-secret" },
    ...{ mediaClient: "media", format: "auto", time },
    log: (_level, message) => void logs.push(message),
  });
}

let far: FarEnd;
let calls = 0;

beforeAll(async () => {
  far = await startFarEnd(entry);
});
afterAll(() => far.kill());

const leftOvers = async (from = far): Promise<string[]> => [
  ...((await from.ask("channels")) as string[]),
  ...((await from.ask("bridges")) as string[]),
];

function dial(over: Trunk, to: string, ringMsMax = 10_000) {
  const callId = `f-${(calls += 1)}`;
  const seen: TrunkEvent[] = [];
  const waiting = new Map<string, () => void>();
  const when = (kind: TrunkEvent["kind"]): Promise<void> =>
    new Promise((resolve) => {
      if (seen.some((event) => event.kind === kind)) resolve();
      else waiting.set(kind, resolve);
    });
  const request = { callId, to, mediaUrl: "ws://unused", token: "secret", ringMsMax };
  const attempt = over.originate(request, (event) => {
    seen.push(event);
    waiting.get(event.kind)?.();
  });
  const channelId = `voxtree.${callId}`;
  return { callId, channelId, attempt, seen, when, end: () => seen.at(-1) };
}

describe("Asterisk, as all trunks", () => {
  let harness: TrunkHarness;

  beforeAll(async () => {
    const trunk = trunkTo(far.port, nodeTime());
    await trunk.start();
    const channelOf = (callId: string): string => `voxtree.${callId}`;
    harness = {
      ...{ trunk, time: nodeTime(), mediaUrl: "ws://unused", token: "secret" },
      callees: {
        ...{ answers: "answers", early: "early", busy: "busy", rejects: "rejects" },
        ...{ unknown: "unknown", congested: "congested", silent: "silent" },
      },
      calleeHangsUp: async (callId) => void (await far.ask("hangup", channelOf(callId))),
      leftOvers,
      keysOf: async (callId) => (await far.ask("keys", channelOf(callId))) as string,
      transfer: { answers: "answers", fails: "busy" },
    };
  });
  afterAll(() => harness.trunk.stop());

  for (const { name, isFor, run } of trunkConformance) {
    test(name, async (context) => {
      if (!isFor(harness)) context.skip("this network cannot");
      await run(harness);
    });
  }
});

describe("an Asterisk that is not well", () => {
  let trunk: Trunk;

  beforeEach(async () => {
    logs.length = 0;
    trunk = trunkTo(far.port);
    await trunk.start();
  });
  afterEach(async () => {
    await far.ask("heal");
    await far.ask("mute", false);
    await far.ask("stall", false);
    await trunk.stop();
    for (const id of (await far.ask("channels")) as string[]) await far.ask("hangup", id);
  });

  const fails = async (fault: Partial<AriFault> & Pick<AriFault, "request" | "how">) => {
    await far.ask("fail", { isDone: true, times: 1, ...fault } satisfies AriFault);
  };
  const dialledOf = (id: string): Promise<unknown> => far.ask("dialled", id);
  const nothingLeft = async (): Promise<void> => {
    await expect.poll(() => leftOvers()).toEqual([]);
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
  };

  const spoilt = ["stall", "cut", "half", "halfCut", "drip", "trouble"] as const;

  test.each(spoilt)(
    "dialled, and its answer to that is a %s: the call goes on, and is dialled once",
    async (how) => {
      await fails({ request: "POST /channels", how });
      const { attempt, channelId, when, end } = dial(trunk, "answers");
      await when("answered");
      attempt.hangup();
      await when("ended");
      expect(end()).toMatchObject({ outcome: "answered" });
      expect(await dialledOf(channelId)).toBe(1);
      await nothingLeft();
    },
  );

  test.each([
    ["stall", "unknown"],
    ["half", "unknown"],
    ["halfCut", "unknown"],
    ["drip", "unknown"],
    ["cut", "failed"],
    ["trouble", "failed"],
  ] as const)(
    "not dialled, and its answer to that is a %s: %s, and not dialled again",
    async (how, outcome) => {
      await fails({ request: "POST /channels", how, isDone: false });
      const { channelId, seen, when } = dial(trunk, "answers");
      await when("ended");
      expect(seen).toMatchObject([{ outcome, cause: expect.stringMatching(/./) as string }]);
      expect(await dialledOf(channelId)).toBe(0);
      await nothingLeft();
    },
  );

  test("dialled only after we had given up asking: unknown, and who answers is hung up on", async () => {
    await fails({ request: "POST /channels", how: "stall", isDone: false });
    const { channelId, when, end } = dial(trunk, "answers");
    await when("ended");
    expect(end()).toMatchObject({ outcome: "unknown" });
    await far.ask("dial", channelId);
    await expect.poll(() => dialledOf(channelId)).toBe(1);
    await nothingLeft();
  });

  test("a success without a word is one", async () => {
    await fails({ request: "POST /channels", how: "nonsense" });
    const { attempt, when } = dial(trunk, "answers");
    await when("answered");
    attempt.hangup();
    await when("ended");
    await nothingLeft();
  });

  test("what became of a lost request is asked until Asterisk says it", async () => {
    await fails({ request: "POST /channels", how: "cut", isDone: false });
    await fails({ request: "GET /channels/.*", how: "trouble", times: 3 });
    const { when, end } = dial(trunk, "answers");
    await when("ended");
    expect(end()).toMatchObject({ outcome: "failed" });
  });

  test.each(spoilt)("a hang-up whose answer is a %s is asked for until it is done", async (how) => {
    await fails({ request: "DELETE /channels/.*", how, isDone: false, times: 2 });
    const { attempt, when, end } = dial(trunk, "answers");
    await when("answered");
    attempt.hangup();
    await when("ended");
    expect(end()).toMatchObject({ outcome: "answered" });
    await nothingLeft();
  });

  test("one that never hangs up is given up, and what is left of it taken away later", async () => {
    await fails({ request: "DELETE /channels/.*", how: "trouble", isDone: false, times: 1000 });
    const { attempt, when, end } = dial(trunk, "answers");
    await when("answered");
    attempt.hangup();
    await when("ended");
    expect(end()).toEqual({
      ...{ kind: "ended", outcome: "answered" },
      cause: "Asterisk does not answer",
    });
    await far.ask("heal");
    await far.ask("drop");
    await nothingLeft();
  });

  test.each(["stall", "half", "trouble", "nonsense"] as const)(
    "a callee whose media cannot be opened (%s) is hung up on",
    async (how) => {
      const request = "POST /channels/externalMedia";
      await fails({ request, how, isDone: how !== "nonsense" });
      const { attempt, when, end } = dial(trunk, "answers");
      await when("answered");
      if (how === "nonsense") attempt.hangup();
      await when("ended");
      expect(end()).toMatchObject({ outcome: "answered" });
      await nothingLeft();
    },
  );

  test("bridges whose end is not taken at once are taken away in the end", async () => {
    await fails({ request: "DELETE /bridges/.*", how: "stall", isDone: false, times: 2 });
    const { attempt, when } = dial(trunk, "answers");
    await when("answered");
    attempt.hangup();
    await when("ended");
    await nothingLeft();
  });

  test("ends that it does not tell are found out", async () => {
    const ringing = dial(trunk, "silent", 1000);
    const talking = dial(trunk, "answers");
    await Promise.all([ringing.when("ringing"), talking.when("answered")]);
    await far.ask("mute", true);
    talking.attempt.hangup();
    await Promise.all([ringing.when("ended"), talking.when("ended")]);
    expect(talking.end()).toMatchObject({ outcome: "answered" });
    expect(ringing.end()).toMatchObject({ outcome: "no_answer" });
    await nothingLeft();
  });

  test("an answer that it does not tell is found out", async () => {
    await far.ask("mute", true);
    const { attempt, when } = dial(trunk, "answers", 1000);
    await when("answered");
    attempt.hangup();
    await when("ended");
    await nothingLeft();
  });

  test("lies, half events and foreign channels disturb nobody", async () => {
    const { channelId, attempt, seen, when } = dial(trunk, "silent");
    await when("ringing");
    const lies = [
      { type: "StasisStart", channel: { id: "somebody-else" } },
      { type: "ChannelDestroyed", channel: { id: "voxtree.none" }, cause: 17 },
      { type: "ChannelDestroyed", channel: {}, cause: "x" },
      { type: "Dial", peer: { id: channelId }, dialstatus: 7 },
      { type: "Dial", peer: { id: channelId }, dialstatus: "BUSY" },
      { type: "StasisStart", channel: { id: [channelId] } },
    ].map((lie) => JSON.stringify(lie));
    for (const text of ['{"type":"StasisSt', "[]", "null", "", ...lies]) await far.ask("raw", text);
    attempt.hangup();
    await when("ended");
    expect(seen.map(({ kind }) => kind)).toEqual(["ringing", "ended"]);
    await nothingLeft();
  });

  test("an event that never ends costs the connection, and no call", async () => {
    const { attempt, when, end } = dial(trunk, "silent", 500_000);
    await when("ringing");
    await far.ask("raw", "x".repeat(2 * 1024 * 1024));
    await expect.poll(() => logs).toContain("the trunk lost its Asterisk");
    await expect.poll(() => trunk.health().isUp).toBe(true);
    attempt.hangup();
    await when("ended");
    expect(end()).toMatchObject({ outcome: "cancelled" });
  });

  test.each(["trouble", "nonsense", "half"] as const)(
    "one that is back and does not say which channels it has (%s) is not up, and nobody is lost",
    async (how) => {
      const { attempt, when, end, seen } = dial(trunk, "silent", 500_000);
      await when("ringing");
      await fails({ request: "GET /channels", how, times: 3 });
      await far.ask("drop");
      await expect.poll(() => trunk.health().isUp).toBe(false);
      await expect.poll(() => trunk.health().isUp).toBe(true);
      expect(seen.map(({ kind }) => kind)).toEqual(["ringing"]);
      attempt.hangup();
      await when("ended");
      expect(end()).toMatchObject({ outcome: "cancelled" });
    },
  );

  test("stalled, it is left; its calls are known again when it is back", async () => {
    const { attempt, when, end } = dial(trunk, "answers");
    await when("answered");
    await far.ask("stall", true);
    await expect.poll(() => trunk.health().isUp).toBe(false);
    const refused = dial(trunk, "answers");
    await refused.when("ended");
    expect(refused.end()).toMatchObject({
      outcome: "failed",
      cause: expect.stringMatching(/down/) as string,
    });
    await far.ask("stall", false);
    await expect.poll(() => trunk.health().isUp).toBe(true);
    attempt.hangup();
    await when("ended");
    expect(end()).toMatchObject({ outcome: "answered" });
    await nothingLeft();
  });

  test("killed, it comes back without its calls; new ones go through", async () => {
    const first = await startFarEnd(entry);
    const over = trunkTo(first.port, nodeTime());
    await over.start();
    const [ringing, talking] = [dial(over, "silent"), dial(over, "answers")];
    await Promise.all([ringing.when("ringing"), talking.when("answered")]);
    await first.kill();
    const second = await startFarEnd(entry, { port: first.port });
    await Promise.all([ringing.when("ended"), talking.when("ended")]);
    expect(ringing.end()).toMatchObject({ outcome: "unknown" });
    expect(talking.end()).toMatchObject({ outcome: "answered" });
    await expect.poll(() => over.health()).toEqual({ isUp: true, attempts: 0 });
    const next = dial(over, "answers");
    await next.when("answered");
    next.attempt.hangup();
    await next.when("ended");
    await over.stop();
    await second.kill();
  });

  test("what an earlier life of ours left there is taken away, bridges too", async () => {
    const other = await startFarEnd(entry);
    const earlier = trunkTo(other.port);
    await earlier.start();
    const call = dial(earlier, "answers");
    await call.when("answered");
    await expect.poll(async () => (await leftOvers(other)).length).toBe(3);
    const next = trunkTo(other.port);
    await next.start();
    await call.when("ended");
    await expect.poll(() => leftOvers(other)).toEqual([]);
    await Promise.all([earlier.stop(), next.stop()]);
    await other.kill();
  });

  test("gone for good, it leaves no call hanging", async () => {
    const first = await startFarEnd(entry);
    const over = trunkTo(first.port);
    await over.start();
    const [ringing, talking] = [dial(over, "silent", 500_000), dial(over, "answers")];
    await Promise.all([ringing.when("ringing"), talking.when("answered")]);
    await first.kill();
    await Promise.all([ringing.when("ended"), talking.when("ended")]);
    expect(ringing.end()).toMatchObject({ outcome: "unknown" });
    expect(talking.end()).toMatchObject({ outcome: "answered" });
    await over.stop();
  });
});
