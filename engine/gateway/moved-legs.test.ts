import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectMediaClient } from "../../access/client/index.js";
import { createFrameRing, FrameRingReader, FrameRingWriter } from "../../base/frame-ring.js";
import { nodeTime } from "../../base/node-ports.js";
import { commandPort, feed, isKind, startGateway } from "../../test/support/gateway-rig.js";
import type { LegNotice } from "../control/messages.js";

const time = nodeTime();
const format = { codec: "l16", rateHz: 16000 } as const;
const frameBytes = 640;
const open: { stop(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.stop();
});

type Heard =
  | { kind: "ready" }
  | { kind: "frame"; value: number }
  | { kind: "closed"; code: number; reason: string };

/** A call whose leg is open on shard 0, and its callee. */
async function answered() {
  const rig = await startGateway();
  rig.expectCall("c1", "secret");
  const heard = feed<Heard>();
  const client = connectMediaClient({
    url: `${rig.url}/media/native/v1`,
    callId: "c1",
    token: "secret",
    format,
    socket: (address, protocols) => new WebSocket(address, [...protocols]),
    listener: {
      ready: () => heard.push({ kind: "ready" }),
      frame: ({ payload }) => heard.push({ kind: "frame", value: payload[0]! }),
      closed: (code, reason = "") => heard.push({ kind: "closed", code, reason }),
    },
    time,
  });
  open.push({ stop: () => client.hangup() }, rig);
  await heard.find(isKind("ready"));
  const leg = await rig.notices.find(isKind("legOpened"));
  rig.shard.postMessage({ kind: "legTaken", slot: leg.slot });
  const addPrompt = (promptId: string, value: number, frames: number): void => {
    const audio = new Uint8Array(frames * frameBytes).fill(value);
    rig.gateway.receive({
      kind: "addPrompt",
      prompt: { promptId, formatKey: "l16/16000", audio },
    });
  };
  const valuesHeard = (): number[] => heard.items.filter(isKind("frame")).map(({ value }) => value);
  const move = (shardIndex?: number): void =>
    rig.gateway.receive({
      kind: "moveCalls",
      lostShardIndex: 0,
      lostIncarnation: 1,
      calls: [shardIndex === undefined ? { callId: "c1" } : { callId: "c1", shardIndex }],
    });
  return { ...rig, client, heard, leg, addPrompt, valuesHeard, move };
}

/** Another shard, attached to the gateway. */
function attachShard({ gateway }: Pick<Awaited<ReturnType<typeof startGateway>>, "gateway">) {
  const { port1, port2 } = new MessageChannel();
  const [inbound, outbound] = [1, 2].map(() => createFrameRing({ bytes: 1 << 20, incarnation: 1 }));
  const rings = { inbound: inbound!, outbound: outbound! };
  gateway.receive({
    kind: "attachShard",
    link: { shardIndex: 1, incarnation: 1, port: port1, ...rings, taken: new SharedArrayBuffer(4) },
  });
  const notices = feed<LegNotice>();
  port2.on("message", (notice: LegNotice) => notices.push(notice));
  open.push({ stop: () => port2.close() });
  return {
    shard: commandPort(port2),
    notices,
    reader: new FrameRingReader(rings.inbound),
    writer: new FrameRingWriter(rings.outbound),
  };
}

describe("a leg that waits for a shard", () => {
  test("plays on, and what it hears goes to the shard that takes it, in order", async () => {
    const call = await answered();
    call.addPrompt("p", 9, 50);
    const { slot } = call.leg;
    call.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    await call.heard.find(isKind("frame"));
    const send = (value: number): void =>
      call.client.sendFrame(new Uint8Array(frameBytes).fill(value));
    send(1);
    await expect.poll(() => call.reader.waitingBytes).toBeGreaterThan(0);
    call.move();
    send(2);
    await expect.poll(() => call.valuesHeard().length).toBe(50);
    const other = attachShard(call);
    call.move(1);
    const taken = await other.notices.find(isKind("legOpened"));
    expect(taken).toMatchObject({ callId: "c1", slot, adoption: { lastUtterance: 1 } });
    other.shard.postMessage({ kind: "legTaken", slot });
    send(3);
    const frames: number[] = [];
    await expect
      .poll(() => {
        other.reader.drain(({ payload }) => frames.push(payload[0]!), 100);
        return frames;
      })
      .toEqual([1, 2, 3]);
  });

  test("says that its speech was cut, however many shards it is lost with before it speaks again", async () => {
    const call = await answered();
    call.shard.postMessage({ kind: "openStream", slot: call.leg.slot, utterance: 1 });
    call.writer.write(
      { slot: call.leg.slot, sequence: 1, flags: 0, mediaSamples: 0, atMs: 0 },
      new Uint8Array(frameBytes).fill(5),
    );
    await call.heard.find(isKind("frame"));
    const other = attachShard(call);
    call.move();
    call.move(1);
    call.move(1);
    const opened = await other.notices.count(2, isKind("legOpened"));
    for (const notice of opened) {
      expect(notice).toMatchObject({ adoption: { isStreamCut: true, playing: [] } });
    }
    other.shard.postMessage({ kind: "openStream", slot: call.leg.slot, utterance: 2 });
    other.shard.postMessage({ kind: "endStream", slot: call.leg.slot, utterance: 2 });
    await other.notices.find(isKind("playback"));
    call.move(1);
    const [, , third] = await other.notices.count(3, isKind("legOpened"));
    expect(third).toMatchObject({ adoption: { isStreamCut: false } });
  });
});

test("a prompt that waited for a shard that is lost plays on", async () => {
  const call = await answered();
  call.addPrompt("p", 9, 50);
  const { slot } = call.leg;
  call.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
  await call.heard.find(isKind("frame"));
  call.shard.postMessage({ kind: "hold", slot });
  const told = ({ items }: { readonly items: readonly LegNotice[] }): string[] =>
    items.flatMap((one) => (one.kind === "playback" ? [one.notice.kind] : []));
  await expect.poll(() => told(call.notices)).toContain("playbackPaused");
  const other = attachShard(call);
  call.move(1);
  await expect.poll(() => call.valuesHeard()).toHaveLength(50);
  await expect.poll(() => told(other.notices)).toContain("playbackEnded");
});

describe("speech that a lost shard was streaming", () => {
  /** Fifty frames of an utterance that will get no more, and another shard. */
  async function cutOff() {
    const call = await answered();
    const { slot } = call.leg;
    call.shard.postMessage({ kind: "openStream", slot, utterance: 1 });
    for (let sequence = 0; sequence < 50; sequence += 1) {
      const head = { slot, sequence: 1, flags: 0, mediaSamples: 0, atMs: 0 };
      call.writer.write(head, new Uint8Array(frameBytes).fill(5));
    }
    await call.heard.find(isKind("frame"));
    const other = attachShard(call);
    call.move(1);
    const opened = await other.notices.find(isKind("legOpened"));
    return { call, slot, other, opened };
  }

  test("sounds to the end of what is here of it, and nobody is told", async () => {
    const { call, slot, other, opened } = await cutOff();
    expect(opened).toMatchObject({ adoption: { playing: [], isStreamCut: true } });
    expect(opened.silentAtMs! - opened.atMs).toBeGreaterThan(500);
    await expect.poll(() => call.valuesHeard()).toHaveLength(50);
    call.addPrompt("p", 9, 1);
    other.shard.postMessage({ kind: "playPrompt", slot, utterance: 2, promptId: "p" });
    const first = await other.notices.find(isKind("playback"));
    expect(first.notice).toMatchObject({ kind: "playbackStarted", utterance: 2 });
  });

  test("makes way for what is said instead, at its first frame", async () => {
    const { call, slot, other } = await cutOff();
    other.shard.postMessage({ kind: "openStream", slot, utterance: 2 });
    const heard = call.valuesHeard().length;
    await expect.poll(() => call.valuesHeard().length).toBeGreaterThan(heard + 4);
    const head = { slot, sequence: 2, flags: 0, mediaSamples: 0, atMs: 0 };
    other.writer.write(head, new Uint8Array(frameBytes).fill(6));
    await expect.poll(() => call.valuesHeard().at(-1)).toBe(6);
    expect(call.valuesHeard().length).toBeLessThan(50);
  });
});

describe("the last words of a gateway", () => {
  test("silence what plays, are heard to their end, and hang up, without any shard", async () => {
    const call = await answered();
    call.addPrompt("p", 9, 500);
    call.addPrompt("sorry", 7, 25);
    const { slot } = call.leg;
    call.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    await call.heard.find(isKind("frame"));
    call.shard.close();
    call.gateway.receive({ kind: "farewell", callId: "c1", promptId: "sorry" });
    await call.heard.find(isKind("closed"));
    const values = call.valuesHeard();
    expect(values.slice(-25)).toEqual(Array(25).fill(7));
    expect(values.lastIndexOf(9)).toBe(values.length - 26);
    await call.reports.find(isKind("mediaClosed"));
  });

  test("are left out where there is no such prompt, or no stream", async () => {
    const call = await answered();
    call.gateway.receive({ kind: "farewell", callId: "c1", promptId: "unknown" });
    await call.heard.find(isKind("closed"));
    call.gateway.receive({ kind: "farewell", callId: "c2", promptId: "unknown" });
    const closed = await call.reports.count(2, isKind("mediaClosed"));
    expect(closed.map((report) => "callId" in report && report.callId)).toEqual(["c1", "c2"]);
  });
});
