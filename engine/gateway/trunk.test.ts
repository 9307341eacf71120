import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectMediaTrunk, type MediaClient, type MediaTrunk } from "../../access/client/index.js";
import { virtualTime } from "../../base/virtual-time.js";
import type { NativeCallOptions } from "../../access/client/index.js";
import { encodeControl } from "../../codecs/wire/native-control.js";
import { emptyNativeHeader, encodeRecord, RECORD_TYPES } from "../../codecs/wire/native-v1.js";
import {
  isKind,
  settlePorts,
  startGateway,
  type GatewayRig,
} from "../../test/support/gateway-rig.js";
import { memoryNetwork } from "../../test/support/memory-transport.js";

const format = { codec: "pcmu", rateHz: 8000 } as const;
const frameBytes = 160;
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A gateway, a trunk to it, and what each of its calls was told. */
async function trunkLine(config: { streamsMax?: number; resumeGraceMs?: number } = {}) {
  const time = virtualTime();
  const network = memoryNetwork(time);
  const rig = await startGateway({ time, transport: network.transport, config });
  ends.push(() => rig.stop());
  const audio = new Uint8Array(50 * frameBytes);
  for (let index = 0; index < 50; index += 1) audio.fill(index, index * frameBytes);
  rig.gateway.receive({
    kind: "addPrompt",
    prompt: { promptId: "p", formatKey: "pcmu/8000", audio },
  });
  const closed: string[] = [];
  const trunk = connectMediaTrunk({
    url: "ws://memory/media/native/v1",
    socket: network.open,
    time,
    rng: { next: () => 0.5 },
    closed: (code) => void closed.push(`closed ${code}`),
  });
  const run = async (ms: number): Promise<void> => {
    for (let ranMs = 0; ranMs < ms; ranMs += 10) {
      time.advance(Math.min(10, ms - ranMs));
      await settlePorts();
    }
  };
  return { time, network, rig, trunk, run, closed };
}

function start(trunk: MediaTrunk, callId: string, token = callId) {
  const told: string[] = [];
  const heard: number[] = [];
  const listener: NativeCallOptions["listener"] = {
    ready: () => void told.push("ready"),
    lost: () => void told.push("lost"),
    resumed: () => void told.push("resumed"),
    played: ({ payload }) => void heard.push(payload[0]!),
    hangup: (reason) => void told.push(`hangup: ${reason}`),
    error: ({ code }) => void told.push(`error ${code}`),
    closed: (code) => void told.push(`closed ${code}`),
  };
  const client: MediaClient = trunk.start({ callId, token, format, listener });
  return { client, told, heard };
}

/** So many calls on one trunk, all taken by the shard. */
async function talking(calls: number, config?: Parameters<typeof trunkLine>[0]) {
  const line = await trunkLine(config);
  const ids = Array.from({ length: calls }, (_, index) => `c${index}`);
  for (const callId of ids) line.rig.expectCall(callId, callId, 60_000);
  const callees = ids.map((callId) => start(line.trunk, callId));
  await line.run(30);
  const opened = line.rig.notices.items.filter(isKind("legOpened"));
  const slots = ids.map((id) => opened.find(({ callId }) => callId === id)!.slot);
  for (const slot of slots) line.rig.shard.postMessage({ kind: "legTaken", slot });
  await line.run(10);
  const taken = (rig: GatewayRig = line.rig): Map<number, number[]> => {
    const bySlot = new Map<number, number[]>();
    rig.reader.drain(({ slot, payload }) => {
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), payload[0]!]);
    }, 100_000);
    return bySlot;
  };
  return { ...line, callees, slots, taken };
}

const count = (to: number): number[] => Array.from({ length: to }, (_, index) => index);

describe("a trunk", () => {
  test("lets a call in that is quicker than the word that it is expected", async () => {
    const { rig, trunk, run, time } = await talking(1);
    const { told } = start(trunk, "quick");
    // The node's message is behind the record on its way, and read in the next turn.
    time.soon(() => rig.expectCall("quick", "quick", 60_000));
    await run(50);
    expect(told).toEqual(["ready"]);
    const gone = start(trunk, "gone");
    gone.client.hangup();
    time.soon(() => rig.expectCall("gone", "gone", 60_000));
    await run(50);
    expect(gone.told).not.toContain("hangup: no call is waiting under this call id and token");
    expect(rig.gateway.counters().legs).toBe(2);
  });

  test("carries many calls at once, each with its own audio, keys and end", async () => {
    const { callees, slots, rig, run, taken, trunk, network } = await talking(20);
    for (const slot of slots) {
      rig.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    }
    for (let frame = 0; frame < 10; frame += 1) {
      callees.forEach(({ client }, index) =>
        client.sendFrame(new Uint8Array(frameBytes).fill(index)),
      );
      await run(20);
    }
    callees[3]!.client.sendDtmf("7");
    await run(1500);
    expect(callees.every(({ heard }) => heard.length === 50)).toBe(true);
    expect(callees[7]!.heard).toEqual(count(50));
    const bySlot = taken();
    slots.forEach((slot, index) => expect(bySlot.get(slot)).toEqual(Array(10).fill(index)));
    const [key] = rig.notices.items.filter(isKind("keypad"));
    expect(key).toMatchObject({ slot: slots[3], digit: "7" });
    expect(network.connections).toHaveLength(1);
    callees[0]!.client.hangup();
    rig.shard.postMessage({ kind: "hangup", slot: slots[1]!, reason: "done" });
    await run(50);
    expect(callees[0]!.told).toEqual(["ready", "closed 1000"]);
    expect(callees[1]!.told).toEqual(["ready", "hangup: done", "closed 1000"]);
    expect(callees[2]!.told).toEqual(["ready"]);
    expect(trunk.callCount).toBe(18);
  });

  test("packs the frames of a slot into one message, either way", async () => {
    const { callees, slots, rig, run, network } = await talking(20);
    const [connection] = network.connections;
    let sent = 0;
    let received = 0;
    const send = connection!.send.bind(connection);
    connection!.send = (message) => {
      sent += 1;
      send(message);
    };
    const frames = 25;
    for (const slot of slots) {
      rig.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    }
    await run(20);
    const before = sent;
    for (let frame = 0; frame < frames; frame += 1) {
      for (const { client } of callees) client.sendFrame(new Uint8Array(frameBytes));
      await run(20);
    }
    rig.reader.drain(() => void (received += 1), 10_000);
    expect(received).toBe(20 * frames);
    // Ten slots of 2 ms in 20 ms, at most; here all calls began in one of them.
    expect(sent - before).toBeLessThanOrEqual(2 * frames);
  });

  test("stays when its last call ends, and takes the next one", async () => {
    const { callees, rig, run, trunk, closed } = await talking(1);
    callees[0]!.client.hangup();
    await run(5000);
    rig.expectCall("next", "next");
    const next = start(trunk, "next");
    await run(30);
    expect([next.told, closed]).toEqual([["ready"], []]);
    trunk.close();
    await run(30);
    expect(closed).toEqual(["closed 1000"]);
    expect(next.told.at(-1)).toBe("closed 1000");
  });

  test("that is lost gives every call its grace: all of them come back, nothing is doubled", async () => {
    const { callees, slots, rig, run, taken, network } = await talking(10);
    for (const slot of slots) {
      rig.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    }
    const say = async (frames: number, from: number): Promise<void> => {
      for (let frame = 0; frame < frames; frame += 1) {
        for (const { client } of callees)
          client.sendFrame(new Uint8Array(frameBytes).fill(from + frame));
        await run(20);
      }
    };
    await say(15, 0);
    network.connections[0]!.cut();
    callees[9]!.client.hangup();
    await say(40, 15);
    await run(1500);
    for (const { told, heard } of callees.slice(0, 9)) {
      expect(told).toEqual(["ready", "lost", "resumed"]);
      expect(heard).toEqual(count(50));
    }
    const bySlot = taken();
    for (const slot of slots.slice(0, 9)) expect(bySlot.get(slot)).toEqual(count(55));
    expect(rig.gateway.counters()).toMatchObject({ legs: 10, legsAway: 1, resumed: 9 });
    await run(10_000);
    expect(rig.gateway.counters()).toMatchObject({ legs: 9, legsAway: 0 });
  });

  test("turns one call away and carries the others on", async () => {
    const { callees, run, trunk } = await talking(2);
    const stranger = start(trunk, "unknown");
    await run(30);
    expect(stranger.told).toEqual([
      "hangup: no call is waiting under this call id and token",
      "closed 1000",
    ]);
    expect(callees.map(({ told }) => told)).toEqual([["ready"], ["ready"]]);
  });

  test("has room for so many calls and no more", async () => {
    const { run, trunk, callees } = await talking(3, { streamsMax: 3 });
    await run(20);
    expect(() => start(trunk, "more")).toThrowError("3 calls are on this connection");
    expect(callees.every(({ told }) => told.length === 1)).toBe(true);
  });
});

/** A trunk over a real socket, written record by record. */
async function rawTrunk() {
  const rig = await startGateway();
  ends.push(() => rig.stop());
  const socket = new WebSocket(`${rig.url}/media/native/v1`, ["voxtree.v1"]);
  socket.binaryType = "arraybuffer";
  const seen: { type: number; streamId: number }[] = [];
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("message", (data: ArrayBuffer) => {
    const view = new DataView(data);
    for (let at = 0; at < data.byteLength; at += 24 + view.getUint32(at + 20, true)) {
      seen.push({ type: view.getUint8(at + 1), streamId: view.getUint32(at + 4, true) });
    }
  });
  await new Promise((resolve) => socket.on("open", resolve));
  const record = (fields: object, payload: Uint8Array = new Uint8Array(0)): void =>
    socket.send(encodeRecord({ ...emptyNativeHeader(), ...fields }, payload));
  const limits = { messageBytesMax: 65_536, controlBytesMax: 8192, streamsMax: 100 };
  record({ type: RECORD_TYPES.hello }, encodeControl("hello", { versions: [1], limits }));
  const startStream = (streamId: number, callId: string): void => {
    rig.expectCall(callId, callId);
    const body = {
      callId,
      token: callId,
      format: { ...format, frameMs: 20 as const },
      parameters: {},
    };
    record({ type: RECORD_TYPES.start, streamId }, encodeControl("start", body));
  };
  const until = async (type: number, streamId: number): Promise<void> => {
    await expect
      .poll(() => seen.some((one) => one.type === type && one.streamId === streamId))
      .toBe(true);
  };
  return { rig, socket, record, startStream, until, closed, seen };
}

describe("one call that breaks a rule on a trunk", () => {
  const audio = { type: RECORD_TYPES.audio, codecId: 1 };
  const frame = new Uint8Array(frameBytes);

  test.each([
    ["a lost record", { ...audio, sequence: 9 }, frame],
    ["a frame of the wrong length", { ...audio, sequence: 1 }, new Uint8Array(80)],
    ["another codec", { ...audio, codecId: 3, sequence: 1 }, frame],
    ["a reserved flag", { ...audio, flags: 1, sequence: 1 }, frame],
    ["a word of the engine's", { type: RECORD_TYPES.ready, sequence: 1 }, Uint8Array.of(0x80)],
    ["a key without a digit", { type: RECORD_TYPES.dtmf, sequence: 1 }, Uint8Array.of(0x80)],
  ])(
    "by %s is ended; the others go on, and its number is free again",
    async (_what, bad, bytes) => {
      const { rig, record, startStream, until } = await rawTrunk();
      startStream(1, "good");
      startStream(2, "bad");
      await until(RECORD_TYPES.ready, 2);
      const slotOf = async (callId: string): Promise<number> =>
        (
          await rig.notices.find(
            (one): one is never => one.kind === "legOpened" && one.callId === callId,
          )
        )["slot"];
      const [good, wrong] = [await slotOf("good"), await slotOf("bad")];
      rig.shard.postMessage({ kind: "legTaken", slot: good });
      record({ streamId: 2, ...bad }, bytes);
      await until(RECORD_TYPES.error, 2);
      // What it still sends before it learns of that is of no interest.
      record({ ...audio, streamId: 2, sequence: 77 }, frame);
      const closed = await rig.notices.find(isKind("legClosed"));
      expect(closed).toMatchObject({ slot: wrong, reason: "protocolError" });
      record({ ...audio, streamId: 1, sequence: 1 }, frame);
      await expect.poll(() => rig.reader.drain(() => undefined, 10)).toBe(1);
      const answer = encodeControl("hangup", { reason: "answer" });
      record({ type: RECORD_TYPES.hangup, streamId: 2, sequence: 5 }, answer);
      startStream(2, "again");
      await rig.notices.find(
        (one): one is never => one.kind === "legOpened" && one.callId === "again",
      );
      expect(rig.gateway.counters()).toMatchObject({ legs: 2, protocolErrors: 1, connections: 1 });
    },
  );

  test("by records of a stream that is not open is not heard; a broken envelope ends all", async () => {
    const { rig, record, socket, startStream, until, closed } = await rawTrunk();
    startStream(1, "good");
    await until(RECORD_TYPES.ready, 1);
    record({ ...audio, streamId: 5 }, frame);
    record({ ...audio, streamId: 1, sequence: 1 }, frame);
    record({ type: RECORD_TYPES.start, streamId: 6 }, Uint8Array.of(0x80));
    await until(RECORD_TYPES.error, 6);
    expect(rig.gateway.counters().legs).toBe(1);
    socket.send(new Uint8Array([1, 1, 0]));
    expect(await closed).toBe(1002);
    await rig.notices.find(isKind("legClosed"));
  });
});
