import { afterEach, describe, expect, test } from "vitest";
import {
  connectMediaClient,
  type MediaClient,
  type MediaClientOptions,
} from "../../access/client/index.js";
import { virtualTime } from "../../base/virtual-time.js";
import type { LegCommand } from "../control/messages.js";
import {
  isKind,
  settlePorts,
  startGateway,
  type GatewayRig,
} from "../../test/support/gateway-rig.js";
import { memoryNetwork } from "../../test/support/memory-transport.js";

const format = { codec: "pcmu", rateHz: 8000 } as const;
const frameBytes = 160;
const resumeKey = new Uint8Array(32).fill(9);
const rigs: GatewayRig[] = [];

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.stop();
});

/** A prompt whose nth frame is filled with n. */
function numbered(frames: number): Uint8Array {
  const audio = new Uint8Array(frames * frameBytes);
  for (let index = 0; index < frames; index += 1) {
    audio.fill(index, index * frameBytes, (index + 1) * frameBytes);
  }
  return audio;
}

/** A gateway and its network, in virtual time. */
async function line(config: { resumeGraceMs?: number; idleMsMax?: number } = {}) {
  const time = virtualTime();
  const network = memoryNetwork(time);
  const start = async (): Promise<GatewayRig> => {
    const rig = await startGateway({ time, transport: network.transport, resumeKey, config });
    rigs.push(rig);
    const prompt = { promptId: "p", formatKey: "pcmu/8000", audio: numbered(100) };
    rig.gateway.receive({ kind: "addPrompt", prompt });
    return rig;
  };
  const rig = await start();
  const run = async (ms: number): Promise<void> => {
    for (let ranMs = 0; ranMs < ms; ranMs += 10) {
      time.advance(Math.min(10, ms - ranMs));
      await settlePorts();
    }
  };
  return { time, network, rig, run, start };
}

type Line = Awaited<ReturnType<typeof line>>;

/** A client, everything it was told, and what it heard. */
function dial({ time, network }: Line, more: Partial<MediaClientOptions> = {}) {
  const told: string[] = [];
  const heard: number[] = [];
  const words: (string | undefined)[] = [];
  const client: MediaClient = connectMediaClient({
    url: "ws://memory/media/native/v1",
    callId: "c1",
    token: "secret",
    format,
    socket: network.open,
    time,
    rng: { next: () => 0.5 },
    ...more,
    listener: {
      ready: ({ isResumed, resume }) => {
        told.push(isResumed ? "ready again" : "ready");
        words.push(resume);
      },
      lost: () => void told.push("lost"),
      resumed: ({ resume }) => {
        told.push("resumed");
        words.push(resume);
      },
      played: ({ payload }) => void heard.push(payload[0]!),
      hangup: (reason) => void told.push(`hangup: ${reason}`),
      error: ({ code }) => void told.push(`error ${code}`),
      closed: (code) => void told.push(`closed ${code}`),
    },
  });
  return { client, told, heard, words };
}

/** A call whose client is connected. */
async function answered(config?: Parameters<typeof line>[0], more?: { quietMsMax?: number }) {
  const lineOf = await line(config);
  lineOf.rig.expectCall("c1", "secret", 60_000);
  const callee = dial(lineOf, more);
  await lineOf.run(20);
  const { slot } = await lineOf.rig.notices.find(isKind("legOpened"));
  const command = (what: Omit<LegCommand, "slot">): void =>
    lineOf.rig.shard.postMessage({ ...what, slot } as LegCommand);
  command({ kind: "legTaken" });
  await lineOf.run(10);
  const taken = (rig = lineOf.rig): number[] => {
    const values: number[] = [];
    rig.reader.drain(({ payload }) => values.push(payload[0]!), 10_000);
    return values;
  };
  const kinds = (): string[] => lineOf.rig.notices.items.map(({ kind }) => kind);
  return {
    ...lineOf,
    ...callee,
    slot,
    command,
    taken,
    kinds,
    newest: () => lineOf.network.connections.at(-1)!,
  };
}

type Call = Awaited<ReturnType<typeof answered>>;

/** The callee speaks numbered frames for so long; `from` is the first number. */
async function speak(call: Call, ms: number, from: number): Promise<number> {
  for (let index = 0; index < ms / 20; index += 1) {
    call.client.sendFrame(new Uint8Array(frameBytes).fill(from + index));
    await call.run(20);
  }
  return from + ms / 20;
}

const count = (to: number): number[] => Array.from({ length: to }, (_, index) => index);

describe("a connection that is cut", () => {
  test("in the middle of a prompt: every frame of it is heard once, and its end is told once", async () => {
    const call = await answered();
    call.command({ kind: "playPrompt", utterance: 1, promptId: "p" } as never);
    await call.run(700);
    call.newest().cut();
    await call.run(3000);
    expect(call.told).toEqual(["ready", "lost", "resumed"]);
    expect(call.heard).toEqual(count(100));
    const notices = call.rig.notices.items.flatMap((one) =>
      one.kind === "playback" ? [one.notice] : [],
    );
    expect(notices.map(({ kind }) => kind)).toEqual([
      "playbackStarted",
      "playbackPaused",
      "playbackResumed",
      "playbackEnded",
    ]);
    expect(notices.at(-1)).toMatchObject({ heardMs: 2000, reason: "completed" });
    expect(call.kinds()).toEqual(expect.arrayContaining(["legAway", "legBack"]));
    expect(call.rig.gateway.counters()).toMatchObject({ legs: 1, legsAway: 0, resumed: 1 });
  });

  test("again and again, also before it was ready again: nothing is heard twice or left out", async () => {
    const call = await answered();
    call.command({ kind: "playPrompt", utterance: 1, promptId: "p" } as never);
    for (const waitMs of [300, 40, 101, 7, 450, 103]) {
      await call.run(waitMs);
      call.newest().cut();
    }
    await call.run(4000);
    expect(call.heard).toEqual(count(100));
    expect(call.told.filter((what) => what.startsWith("closed"))).toEqual([]);
  });

  test("while the callee speaks: every frame reaches the shard once, in order", async () => {
    const call = await answered();
    let next = await speak(call, 400, 0);
    call.newest().cut();
    call.network.setReachable(false);
    next = await speak(call, 800, next);
    call.network.setReachable(true);
    next = await speak(call, 1000, next);
    expect(call.taken()).toEqual(count(next));
  });

  test("for longer than speech is kept: what is lost is a gap in media time, not a jump back", async () => {
    const call = await answered();
    await speak(call, 100, 0);
    call.newest().cut();
    call.network.setReachable(false);
    await speak(call, 4000, 50);
    call.network.setReachable(true);
    await speak(call, 2000, 0);
    const times: number[] = [];
    call.rig.reader.drain(({ mediaSamples }) => times.push(mediaSamples), 10_000);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.at(-1)).toBe((6100 / 20 - 1) * 160);
    expect(call.told).toEqual(["ready", "lost", "resumed"]);
  });

  test("between keys: each key arrives once, in order, also those pressed meanwhile", async () => {
    const call = await answered();
    call.client.sendDtmf("1");
    await call.run(20);
    call.client.sendDtmf("2");
    // On its way when the connection is cut.
    call.newest().cut();
    call.client.sendDtmf("3");
    call.client.sendDtmf("3");
    await call.run(500);
    call.client.sendDtmf("4");
    await call.run(20);
    const keys = call.rig.notices.items.filter(isKind("keypad")).map(({ digit }) => digit);
    expect(keys).toEqual(["1", "2", "3", "3", "4"]);
  });

  test("while a prompt is cleared: the clear is made good, and only what comes after is heard", async () => {
    const call = await answered();
    call.command({ kind: "playPrompt", utterance: 1, promptId: "p" } as never);
    await call.run(300);
    call.newest().cut();
    call.network.setReachable(false);
    await call.run(100);
    call.command({ kind: "clear", utterance: 1 } as never);
    call.command({ kind: "playPrompt", utterance: 2, promptId: "p" } as never);
    await call.run(1000);
    const before = call.heard.length;
    call.network.setReachable(true);
    await call.run(4000);
    expect(before).toBeLessThan(25);
    expect(call.heard.slice(before)).toEqual(count(100));
  });
});

describe("the grace", () => {
  test("lets a client back in after 9.9 s", async () => {
    const call = await answered();
    call.command({ kind: "playPrompt", utterance: 1, promptId: "p" } as never);
    await call.run(500);
    call.newest().cut();
    call.network.setReachable(false);
    await call.run(9700);
    call.network.setReachable(true);
    const [word] = call.words;
    const other = dial(call, { resume: word! });
    await call.run(200);
    expect(other.told).toEqual(["ready again"]);
    await call.run(3000);
    expect(call.kinds()).not.toContain("legClosed");
    expect(call.rig.gateway.counters().legs).toBe(1);
  });

  test("is over after 10 s: the call ends as by a hang-up, and nobody is let in any more", async () => {
    const call = await answered();
    call.newest().cut();
    call.network.setReachable(false);
    await call.run(9990);
    expect(call.kinds()).not.toContain("legClosed");
    await call.run(20);
    const closed = await call.rig.notices.find(isKind("legClosed"));
    expect(closed.reason).toMatch(/lost, and nobody came back within 10000 ms/);
    call.network.setReachable(true);
    const late = dial(call, { resume: call.words[0]! });
    await call.run(100);
    expect(late.told).toEqual(["closed 1008"]);
    await call.run(2000);
    expect(call.told).toEqual(["ready", "lost", "closed 1008"]);
    expect(call.time.pendingCount).toBeLessThan(5);
  });

  test("may be none: then a lost connection ends the call at once", async () => {
    const call = await answered({ resumeGraceMs: 0 });
    expect(call.words).toEqual([undefined]);
    call.newest().cut();
    await call.run(20);
    expect(call.kinds()).toContain("legClosed");
    expect(call.told).toEqual(["ready", "closed 1006"]);
  });

  test("is not for a client that says goodbye", async () => {
    const call = await answered();
    call.client.hangup();
    await call.run(50);
    expect(call.kinds()).toContain("legClosed");
    expect(call.kinds()).not.toContain("legAway");
  });
});

describe("who comes back", () => {
  test("takes over while the old connection still seems open", async () => {
    const call = await answered({}, { quietMsMax: 600 });
    call.command({ kind: "playPrompt", utterance: 1, promptId: "p" } as never);
    await call.run(300);
    call.newest().freeze();
    let next = 0;
    next = await speak(call, 2000, next);
    await call.run(2500);
    expect(call.told).toEqual(["ready", "lost", "resumed"]);
    expect(call.heard).toEqual(count(100));
    expect(call.taken()).toEqual(count(next));
    expect(call.network.connections.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  });

  test("needs the newest word: a wrong one, another call's, or a used one opens nothing", async () => {
    const call = await answered();
    call.newest().cut();
    await call.run(500);
    const [used, newest] = call.words;
    expect(used).not.toBe(newest);
    for (const resume of [used!, "1.nonsense", `${newest!}x`, newest!.replace("1.", "2.")]) {
      const refused = dial(call, { resume });
      await call.run(50);
      expect(refused.told).toEqual(["closed 1008"]);
    }
    expect(call.rig.gateway.counters()).toMatchObject({ refusedStarts: 4, legs: 1, resumed: 1 });
    expect(call.told).toEqual(["ready", "lost", "resumed"]);
  });

  test("is one of two with the same word: the other is sent away, and does not fight for it", async () => {
    const call = await answered();
    const [word] = call.words;
    const rivals = [dial(call, { resume: word! }), dial(call, { resume: word! })];
    await call.run(3000);
    const { legs, resumed } = call.rig.gateway.counters();
    expect(legs).toBe(1);
    expect(resumed).toBeLessThanOrEqual(2);
    const open = [call, ...rivals].filter(({ told }) => !told.some((one) => /^closed/.test(one)));
    expect(open).toHaveLength(1);
  });

  test("may have missed its first ready: the call's own token is good until that was read", async () => {
    const lineOf = await line();
    lineOf.rig.expectCall("c1", "secret", 60_000);
    const first = dial(lineOf);
    // The stream is started, and `ready` on its way.
    lineOf.time.advance(2);
    expect(lineOf.network.connections).toHaveLength(1);
    lineOf.network.connections[0]!.cut();
    await lineOf.run(10);
    expect(first.told).toEqual(["closed 1006"]);
    const again = dial(lineOf);
    await lineOf.run(50);
    expect(again.told).toEqual(["ready again"]);
    const third = dial(lineOf);
    await lineOf.run(50);
    expect(third.told).toEqual(["closed 1008"]);
  });

  test("may come in another format to no call", async () => {
    const call = await answered();
    call.newest().cut();
    call.network.setReachable(false);
    await call.run(100);
    call.network.setReachable(true);
    const other = { codec: "l16", rateHz: 16000 } as const;
    for (const more of [{ format: other }, { frameMs: 10 } as const]) {
      const stranger = dial(call, { resume: call.words[0]!, ...more });
      await call.run(20);
      expect(stranger.told).toEqual(["closed 1008"]);
    }
  });
});

describe("another life of the gateway", () => {
  test("takes a call up that it never had: the shard is told of a new leg, keys go on", async () => {
    const call = await answered();
    let next = await speak(call, 200, 0);
    call.client.sendDtmf("1");
    await call.run(20);
    const before = call.taken();
    // The process dies, and another one waits for who was on a call.
    call.newest().cut();
    call.network.setReachable(false);
    call.client.sendDtmf("2");
    next = await speak(call, 200, next);
    const rig = await call.start();
    const expected = { callId: "c1", shardIndex: 0, generation: 0, expiresInMs: 5000 };
    rig.gateway.receive({ kind: "expectResume", ...expected });
    call.network.setReachable(true);
    await call.run(2000);
    const { slot, adoption } = await rig.notices.find(isKind("legOpened"));
    expect(adoption).toBeUndefined();
    rig.shard.postMessage({ kind: "legTaken", slot });
    next = await speak(call, 200, next);
    expect([...before, ...call.taken(rig)]).toEqual(count(next));
    expect(rig.notices.items.filter(isKind("keypad")).map(({ digit }) => digit)).toEqual(["2"]);
    expect(call.told).toEqual(["ready", "lost", "resumed"]);
    const { generation } = await rig.reports.find(isKind("mediaOpened"));
    // Until its client has read the next one, the token that it came with stays good.
    const confirmed = await rig.reports.find(isKind("mediaConfirmed"));
    expect([generation, confirmed.generation]).toEqual([0, 1]);
    rig.shard.postMessage({ kind: "playPrompt", slot, utterance: 9, promptId: "p" });
    await call.run(2500);
    expect(call.heard).toEqual(count(100));
  });

  test("says when nobody came, to the node, which knows what becomes of the call", async () => {
    const { rig, run } = await line();
    const call = { callId: "c9", shardIndex: 0, generation: 3, expiresInMs: 1000 };
    rig.gateway.receive({ kind: "expectResume", ...call });
    await run(990);
    expect(rig.reports.items.some(isKind("resumeExpired"))).toBe(false);
    await run(20);
    expect(await rig.reports.find(isKind("resumeExpired"))).toMatchObject({ callId: "c9" });
    expect(rig.notices.items).toEqual([]);
  });
});
