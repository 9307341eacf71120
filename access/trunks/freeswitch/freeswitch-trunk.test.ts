import { WebSocketServer } from "ws";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import { startFarEnd, type FarEnd } from "../testing/far-end.js";
import { trunkConformance, type TrunkHarness } from "../trunk-conformance.js";
import type { Trunk, TrunkEvent } from "../trunk.js";
import { createFreeSwitchTrunk, type FreeSwitchTrunkOptions } from "./freeswitch-trunk.js";

const entry = "access/trunks/testing/mock-freeswitch-main.js";
const password = "ClueCon-not";
const logs: string[] = [];

function trunkTo(port: number, changes: Partial<FreeSwitchTrunkOptions> = {}): Trunk {
  return createFreeSwitchTrunk({
    name: "switch",
    ...{ host: "127.0.0.1", port, password, app: "voxtree" },
    endpoint: "sofia/gateway/provider/{to}",
    callerId: "1000",
    ...{ media: "audio_fork", rateHz: 8000 },
    time: nodeTime(),
    log: (_level, message) => void logs.push(message),
    ...changes,
  });
}

/** A gateway that lets every stream in, or cuts each at once while its doors are not open. */
async function openGateway() {
  const starts: string[] = [];
  const doors = { isOpen: true };
  const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  sockets.on("connection", (socket) => {
    if (!doors.isOpen) return socket.terminate();
    socket.once("message", (data) => starts.push((data as Buffer).toString()));
  });
  await new Promise((resolve) => sockets.once("listening", resolve));
  const { port } = sockets.address() as { port: number };
  return { sockets, starts, doors, url: `ws://127.0.0.1:${port}` };
}

let far: FarEnd;
let gateway: Awaited<ReturnType<typeof openGateway>>;

beforeAll(async () => {
  [far, gateway] = await Promise.all([startFarEnd(entry, { password }), openGateway()]);
});
afterAll(async () => {
  await far.kill();
  for (const socket of gateway.sockets.clients) socket.terminate();
  gateway.sockets.close();
});

describe.each(["audio_fork", "audio_stream"] as const)("FreeSWITCH with mod_%s", (media) => {
  let harness: TrunkHarness;

  beforeAll(async () => {
    const trunk = trunkTo(far.port, { media });
    await trunk.start();
    const channelOf = (callId: string): string => `voxtree.${callId}`;
    harness = {
      trunk,
      time: nodeTime(),
      callees: {
        ...{ answers: "answers", early: "early", busy: "busy", rejects: "rejects" },
        ...{ unknown: "unknown", congested: "congested", silent: "silent" },
      },
      mediaUrl: gateway.url,
      token: "secret",
      calleeHangsUp: async (callId) => void (await far.ask("hangup", channelOf(callId))),
      leftOvers: async () => (await far.ask("channels")) as string[],
      keysOf: async (callId) => (await far.ask("keys", channelOf(callId))) as string,
      transfer: { answers: "answers", fails: "busy" },
    };
  });
  afterAll(() => harness.trunk.stop());

  // What differs between the modules is how the media is connected.
  const isAboutMedia = /answered|transferred|keys/;
  const cases = trunkConformance.filter(
    ({ name }) => media === "audio_fork" || isAboutMedia.test(name),
  );
  for (const { name, isFor, run } of cases) {
    test(name, async (context) => {
      if (!isFor(harness)) context.skip("this network cannot");
      await run(harness);
    });
  }
});

describe("a trunk through a FreeSWITCH", () => {
  let trunk: Trunk;
  let calls = 0;

  beforeEach(async () => {
    logs.length = 0;
    gateway.starts.length = 0;
    gateway.doors.isOpen = true;
    trunk = trunkTo(far.port);
    await trunk.start();
  });
  afterEach(async () => {
    await far.ask("stall", false);
    await trunk.stop();
    for (const id of (await far.ask("channels")) as string[]) await far.ask("hangup", id);
  });

  const dial = (to: string, over = trunk) => {
    const callId = `f-${(calls += 1)}`;
    const seen: TrunkEvent[] = [];
    const waiting = new Map<string, () => void>();
    const when = (kind: TrunkEvent["kind"]): Promise<void> =>
      new Promise((resolve) => {
        if (seen.some((event) => event.kind === kind)) resolve();
        else waiting.set(kind, resolve);
      });
    const mediaUrl = gateway.url;
    const request = { callId, to, mediaUrl, token: "secret", ringMsMax: 5000 };
    const attempt = over.originate(request, (event) => {
      seen.push(event);
      waiting.get(event.kind)?.();
    });
    return { callId, attempt, seen, when };
  };
  const originates = async (callId: string): Promise<number> => {
    const commands = (await far.ask("commands")) as string[];
    return commands.filter((line) => line.includes(`origination_uuid=voxtree.${callId},`)).length;
  };

  test("gives FreeSWITCH the call and its token as metadata without spaces, both ways", async () => {
    const { callId, attempt, when } = dial("answers");
    await expect.poll(() => gateway.starts).toHaveLength(1);
    expect(JSON.parse(gateway.starts[0]!)).toEqual({ callId, token: "secret", sampleRate: 8000 });
    attempt.hangup();
    await when("ended");
  });

  test("keys that the callee presses are told as they come", async () => {
    const { callId, attempt, seen, when } = dial("answers");
    await when("answered");
    for (const digit of ["1", "#", "d", "!"]) {
      await far.ask("press", { id: `voxtree.${callId}`, digit });
    }
    attempt.hangup();
    await when("ended");
    const keys = seen.flatMap((event) => (event.kind === "dtmf" ? [event.digit] : []));
    expect(keys).toEqual(["1", "#", "D"]);
  });

  test.each([
    ["busy", "busy", "USER_BUSY, SIP 486"],
    ["codec", "media_mismatch", "INCOMPATIBLE_DESTINATION, SIP 488"],
    ["nobody", "unreachable", "RECOVERY_ON_TIMER_EXPIRE, SIP 408"],
    ["nogateway", "failed", "INVALID_GATEWAY"],
  ])("%s ends as %s, with the cause by name", async (to, outcome, cause) => {
    const { seen, when } = dial(to);
    await when("ended");
    expect(seen.at(-1)).toEqual({ kind: "ended", outcome, cause });
  });

  test("a callee whose media cannot be connected is hung up on", async () => {
    gateway.doors.isOpen = false;
    const dialled = dial("answers");
    await dialled.when("ended");
    expect(dialled.seen.at(-1)).toMatchObject({ outcome: "answered" });
  });

  test.each([true, false])(
    "a lost answer to dialling is not dialled again (FreeSWITCH had done it: %s)",
    async (isDone) => {
      await far.ask("dieAt", { command: "originate", isDone });
      const { callId, seen, when, attempt } = dial("answers");
      if (isDone) await when("answered");
      else await when("ended");
      if (!isDone) expect(seen.at(-1)).toMatchObject({ outcome: "unknown" });
      attempt.hangup();
      await when("ended");
      expect(await originates(callId)).toBe(isDone ? 1 : 0);
    },
  );

  test("ends that were missed while the connection was away are asked for", async () => {
    const ringing = dial("silent");
    const talking = dial("answers");
    await Promise.all([ringing.when("ringing"), talking.when("answered")]);
    await far.ask("mute", true);
    await far.ask("drop");
    await far.ask("hangup", `voxtree.${ringing.callId}`);
    await far.ask("hangup", `voxtree.${talking.callId}`);
    expect([ringing, talking].some(({ seen }) => seen.at(-1)?.kind === "ended")).toBe(false);
    await far.ask("mute", false);
    await Promise.all([ringing.when("ended"), talking.when("ended")]);
    expect(ringing.seen.at(-1)).toMatchObject({ outcome: "unknown" });
    expect(talking.seen.at(-1)).toMatchObject({ outcome: "answered" });
    expect(logs).toContain("the trunk lost its FreeSWITCH");
  });

  test("channels of an earlier life are hung up, those of others are left alone", async () => {
    const other = trunkTo(far.port, { app: "other" });
    await other.start();
    const theirs = dial("silent", other);
    await theirs.when("ringing");
    const ours = dial("answers");
    await ours.when("answered");
    const next = trunkTo(far.port);
    await next.start();
    await ours.when("ended");
    expect(await far.ask("channels")).toEqual([`other.${theirs.callId}`]);
    await Promise.all([next.stop(), other.stop()]);
  });

  test("lies, half events and foreign channels disturb nobody", async () => {
    const ringing = dial("silent");
    await ringing.when("ringing");
    const event = (fields: object): string => {
      const json = JSON.stringify(fields);
      return `Content-Length: ${Buffer.byteLength(json)}\nContent-Type: text/event-json\n\n${json}`;
    };
    const id = `voxtree.${ringing.callId}`;
    const lies = [
      event({ "Event-Name": "CHANNEL_ANSWER", "Unique-ID": "somebody" }),
      event({ "Event-Name": "CHANNEL_HANGUP_COMPLETE" }),
      event({ "Event-Name": "BACKGROUND_JOB", "Job-UUID": "never", _body: "-ERR USER_BUSY" }),
      event({ "Event-Name": "CHANNEL_PROGRESS", "Unique-ID": id }),
      "Content-Type: log/data\nContent-Length: 3\n\nabc",
      'Content-Length: 4\nContent-Type: text/event-json\n\n{"Ev',
      "Content-Type: command/reply\nReply-Text: +OK nobody asked\n\n",
    ];
    for (const lie of lies) await far.ask("raw", lie);
    ringing.attempt.hangup();
    await ringing.when("ended");
    expect(ringing.seen.map(({ kind }) => kind)).toEqual(["ringing", "ended"]);
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
  });

  test("a stream that cannot be read any more is opened anew, and calls go on", async () => {
    const ringing = dial("silent");
    await ringing.when("ringing");
    await far.ask("raw", "Content-Length: minus\n\n");
    await expect.poll(() => logs).toContain("the trunk lost its FreeSWITCH");
    await expect.poll(() => trunk.health().isUp).toBe(true);
    ringing.attempt.hangup();
    await ringing.when("ended");
    expect(ringing.seen.at(-1)).toMatchObject({ outcome: "cancelled" });
  });

  test("one connection serves all calls", async () => {
    const before = (await far.ask("connections")) as { all: number };
    const all = Array.from({ length: 20 }, () => dial("busy"));
    await Promise.all(all.map(({ when }) => when("ended")));
    expect(await far.ask("connections")).toMatchObject({ all: before.all });
  });
});

describe("a FreeSWITCH that is not well", () => {
  /** Its patience passes twenty times as fast. */
  const hurried = () => {
    const time = nodeTime();
    return { ...time, after: (ms: number, run: () => void) => time.after(ms / 20, run) };
  };

  test("a wrong password is said", async () => {
    const trunk = trunkTo(far.port, { password: "wrong", time: hurried() });
    await expect(trunk.start()).rejects.toThrow(/no FreeSWITCH at 127.0.0.1:\d+ .*-ERR invalid/);
  });

  test("a stalled one is left, and its calls are known again when it is back", async () => {
    const trunk = trunkTo(far.port, { time: hurried() });
    await trunk.start();
    await far.ask("stall", true);
    await expect.poll(() => trunk.health().isUp).toBe(false);
    const refused = await new Promise<TrunkEvent>((resolve) => {
      const request = { callId: "s", to: "1", mediaUrl: "", token: "", ringMsMax: 1000 };
      trunk.originate(request, resolve);
    });
    expect(refused).toMatchObject({
      outcome: "failed",
      cause: expect.stringMatching(/down/) as string,
    });
    await far.ask("stall", false);
    await far.ask("drop");
    await expect.poll(() => trunk.health().isUp).toBe(true);
    await trunk.stop();
  });

  test("one that is killed and comes back has lost its calls; new ones go through", async () => {
    const first = await startFarEnd(entry, { password });
    const trunk = trunkTo(first.port);
    await trunk.start();
    const ended = new Promise<TrunkEvent>((resolve) => {
      const request = { callId: "k", to: "silent", mediaUrl: "", token: "", ringMsMax: 9000 };
      trunk.originate(request, (event) => {
        if (event.kind === "ringing") void first.kill().then(restart);
        if (event.kind === "ended") resolve(event);
      });
    });
    let second: FarEnd | undefined;
    const restart = async (): Promise<void> => {
      second = await startFarEnd(entry, { password, port: first.port });
    };
    expect(await ended).toMatchObject({ outcome: "unknown" });
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
    await trunk.stop();
    await second?.kill();
  });
});
