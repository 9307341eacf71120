import { readFileSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { CallMemory, CallSpec, LegAdoption } from "../../actors/call/cast-ports.js";
import { createActorSystem, createSchedulerDispatcher } from "../../actors/kernel/index.js";
import { createFrameRing } from "../../base/frame-ring.js";
import { virtualTime } from "../../base/virtual-time.js";
import { castRig } from "../../test/support/cast-rig.js";
import type { LegCommand, LegNotice, NumberedCommand, ShardLinkData } from "../control/messages.js";
import { CommandOrder } from "../gateway/command-order.js";
import { Shard } from "./shard.js";

const flow = readFileSync(new URL("../../test/flows/two-keys.yaml", import.meta.url), "utf8");
const format = { codec: "pcmu", rateHz: 8000 } as const;

/** A gateway that keeps what it is told, and says what the test says. */
function fakeGateway() {
  const told: LegCommand[] = [];
  const taken = new SharedArrayBuffer(4);
  const order = new CommandOrder(taken, ({ number: _number, after: _after, ...command }) =>
    told.push(command),
  );
  let receive: (notice: LegNotice) => void = () => undefined;
  let isClosed = false;
  const port = {
    on: (_event: string, run: (notice: LegNotice) => void) => void (receive = run),
    postMessage: (command: NumberedCommand) => order.arrived(command),
    close: () => void (isClosed = true),
  } as unknown as MessagePort;
  const ring = () => createFrameRing({ bytes: 65_536, incarnation: 1 });
  const link: ShardLinkData = {
    shardIndex: 0,
    incarnation: 1,
    port,
    inbound: ring(),
    outbound: ring(),
    taken,
  };
  return {
    link,
    told,
    kinds: () => told.map(({ kind }) => kind),
    say: (notice: LegNotice) => receive(notice),
    open(callId: string, slot: number, adoption?: LegAdoption) {
      const leg = { callId, slot, format, frameBytes: 160, protocol: "test", atMs: 0 };
      receive({ kind: "legOpened", ...leg, ...(adoption === undefined ? {} : { adoption }) });
    },
    get isClosed() {
      return isClosed;
    },
  };
}

function startShard() {
  const time = virtualTime();
  const events: { callId: string; event: CallEvent }[] = [];
  const memories: CallMemory[] = [];
  const base = castRig({ flow, variables: { name: "Anna" } });
  const system = createActorSystem({
    name: "shard",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: () => undefined,
    onFailure: () => undefined,
  });
  const shard = new Shard({
    time,
    system,
    castPorts: (media) => ({
      ...base.ports,
      time,
      media,
      findPrompt: () => new Uint8Array(160),
      remember: (_callId, memory) => void memories.push(memory),
      report: (callId, event) => void events.push({ callId, event }),
    }),
  });
  const ended = () =>
    events.flatMap(({ callId, event }) =>
      event.kind === "ended" ? [[callId, event.outcome] as const] : [],
    );
  return { time, shard, events, memories, ended };
}

function specOf(callId: string, more: Partial<CallSpec> = {}): CallSpec {
  const limits = { answerMsMax: 30_000, durationMsMax: 600_000 };
  const { variables, ...rest } = { variables: { name: "Anna" }, ...more };
  return {
    callId,
    userId: "u",
    flowId: "two-keys",
    variables,
    isRecorded: false,
    ...limits,
    ...rest,
  };
}

describe("a new gateway", () => {
  test("ends the calls whose sockets went with the one before, and nobody else's", () => {
    const { time, shard, ended } = startShard();
    const first = fakeGateway();
    shard.attachGateway(first.link);
    shard.startCall(specOf("old"));
    time.settle();
    first.open("old", 1);
    time.settle();
    expect(first.kinds()).toEqual(["legTaken", "openStream"]);

    const second = fakeGateway();
    shard.attachGateway(second.link);
    time.settle();
    expect(first.isClosed).toBe(true);
    expect(ended()).toEqual([["old", "hangup"]]);

    // Even under the same number the leg is a stranger's.
    shard.startCall(specOf("new"));
    time.settle();
    second.open("new", 1);
    time.settle();
    const before = second.told.length;
    first.say({ kind: "keypad", slot: 1, digit: "1" });
    first.say({ kind: "legClosed", slot: 1, reason: "late" });
    time.advance(3000);
    expect(second.told.slice(before).map(({ kind }) => kind)).not.toContain("hangup");
    expect(ended()).toHaveLength(1);
    expect(shard.callCount).toBe(1);
  });

  test("tells itself of the legs whose call had not started: those of the one before are void", () => {
    const { time, shard, ended } = startShard();
    const first = fakeGateway();
    shard.attachGateway(first.link);
    first.open("c", 1);
    const second = fakeGateway();
    shard.attachGateway(second.link);
    shard.startCall(specOf("c"));
    time.settle();
    expect(second.told).toEqual([]);
    second.open("c", 2);
    time.settle();
    expect(second.kinds()).toEqual(["legTaken", "openStream"]);
    expect(ended()).toEqual([]);
  });

  test("goes on with calls whose clients come back to it: what was cut off is said again", () => {
    const { time, shard, ended } = startShard();
    const first = fakeGateway();
    shard.attachGateway(first.link);
    for (const [slot, callId] of ["kept", "gone"].entries()) {
      shard.startCall(specOf(callId));
      time.settle();
      first.open(callId, slot);
    }
    time.settle();
    shard.gatewayLost(new Set(["kept", "unknown"]));
    time.settle();
    expect(ended()).toEqual([["gone", "hangup"]]);
    time.advance(1000);
    const second = fakeGateway();
    shard.attachGateway(second.link);
    second.open("kept", 77);
    time.settle();
    expect(second.kinds()).toEqual(["legTaken", "clear", "clear", "openStream"]);
    expect(second.told.every((command) => command.slot === 77)).toBe(true);
    second.say({ kind: "keypad", slot: 77, digit: "1", number: 1 });
    second.say({ kind: "legClosed", slot: 77, reason: "over" });
    time.settle();
    expect(ended()).toEqual([
      ["gone", "hangup"],
      ["kept", "hangup"],
    ]);
  });
});

describe("a leg of which nobody says that it is closed", () => {
  test("goes with its call: the shard sleeps again", () => {
    const { time, shard, ended } = startShard();
    const gateway = fakeGateway();
    shard.attachGateway(gateway.link);
    shard.startCall(specOf("c"));
    time.settle();
    gateway.open("c", 1);
    time.settle();
    shard.hangup("c", "cancelled");
    time.advance(20_000);
    expect(gateway.kinds()).toContain("hangup");
    expect(ended()).toEqual([["c", "cancelled"]]);
    expect(shard.callCount).toBe(0);
    expect(time.pendingCount).toBe(0);
  });
});

describe("a leg that opens before its call starts", () => {
  test("keeps what is said of it meanwhile, its key and its end", () => {
    const { time, shard, events, ended } = startShard();
    const gateway = fakeGateway();
    shard.attachGateway(gateway.link);
    shard.startCall(specOf("other"));
    gateway.open("other", 4);
    gateway.say({ kind: "keypad", slot: 4, digit: "9" });
    time.settle();
    expect(events.map(({ event }) => event.kind)).toContain("keypad");
    gateway.told.length = 0;
    gateway.open("c", 5);
    gateway.say({ kind: "legClosed", slot: 5, reason: "gone" });
    expect(gateway.told).toEqual([]);
    shard.startCall(specOf("c"));
    time.settle();
    expect(gateway.told[0]).toEqual({ kind: "legTaken", slot: 5 });
    expect(events.map(({ event }) => event.kind)).toContain("answered");
    expect(ended()).toEqual([["c", "hangup"]]);
    expect(shard.callCount).toBe(1);
  });

  test("is hung up when the call does not start within two seconds", () => {
    const { time, shard } = startShard();
    const gateway = fakeGateway();
    shard.attachGateway(gateway.link);
    gateway.open("never", 5);
    time.advance(1999);
    expect(gateway.told).toEqual([]);
    time.advance(2);
    expect(gateway.told).toMatchObject([{ kind: "hangup", slot: 5 }]);
  });
});

test("the end of an utterance right behind an adoption is heard of", () => {
  const first = startShard();
  const lost = fakeGateway();
  first.shard.attachGateway(lost.link);
  first.shard.startCall(specOf("c"));
  first.time.settle();
  lost.open("c", 1);
  first.time.settle();
  const memory = first.memories.at(-1)!;

  const { time, shard } = startShard();
  const gateway = fakeGateway();
  shard.attachGateway(gateway.link);
  shard.adoptCall(specOf("c"), memory, 2);
  time.settle();
  const { lastUtterance } = memory;
  gateway.open("c", 1, { playing: [lastUtterance], lastUtterance, isStreamCut: false });
  const ended = { utterance: lastUtterance, atMs: 0, heardMs: 1000, reason: "completed" } as const;
  // Before the Call actor has run at all.
  gateway.say({ kind: "playback", slot: 1, notice: { kind: "playbackEnded", ...ended } });
  time.advance(20_000);
  // It knows that it may listen: it asks again when nobody answers.
  expect(
    gateway.kinds().filter((kind) => kind === "openStream" || kind === "playPrompt"),
  ).not.toEqual([]);
});

describe("calls that come all at once", () => {
  test("of a lost shard are all taken, however many", () => {
    const { time, shard } = startShard();
    const memory = { answeredAtMs: 0, startedEpochMs: 0, lastUtterance: 0 };
    for (let n = 0; n < 1000; n += 1) shard.adoptCall(specOf(`c${n}`), memory, 2);
    time.settle();
    expect(shard.callCount).toBe(1000);
  });

  test("under one name are one call: the second start does it no harm", () => {
    const { time, shard, events, ended } = startShard();
    shard.startCall(specOf("c"));
    shard.startCall(specOf("c"));
    shard.startCall(specOf("d"));
    time.settle();
    expect(shard.callCount).toBe(2);
    expect(ended()).toEqual([]);
    expect(events).toMatchObject([
      { callId: "c", event: { kind: "trouble", error: { code: "SUPERVISOR_SPEC" } } },
    ]);
  });

  test("and cannot be started have ended, once", () => {
    const { time, shard, ended } = startShard();
    shard.startCall(specOf("not a name"));
    shard.startCall(specOf("c"));
    time.settle();
    expect(ended()).toEqual([["not a name", "failed"]]);
    expect(shard.callCount).toBe(1);
  });
});
