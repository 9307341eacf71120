/**
 * Clients that mean no call, against a gateway with its real sockets: each is ended with a reason,
 * holds no more than it may, and the call beside it goes on as if nothing were.
 */
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectMediaClient, type MediaClient } from "../../access/client/index.js";
import { RawClient } from "../../access/transports/raw-client.js";
import { breathe } from "../../access/transports/transport-bench.js";
import { nodeTime } from "../../base/node-ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import type { GatewayConfig } from "../../config/schema.js";
import { feed, isKind, startGateway, type GatewayRig } from "../../test/support/gateway-rig.js";
import type { LegNotice } from "../control/messages.js";

const format = { codec: "l16", rateHz: 16000 } as const;
const frameBytes = 640;
const path = "/media/native/v1";
const open: { stop(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.stop();
});

type Heard = { kind: "ready" } | { kind: "closed"; code: number; reason: string };
type Callee = Awaited<ReturnType<typeof callIn>>;

/** A call that has been answered. */
async function callIn(gateway: GatewayRig, callId: string) {
  const heard = feed<Heard>();
  gateway.expectCall(callId, "secret");
  let socket!: WebSocket;
  const client: MediaClient = connectMediaClient({
    url: `${gateway.url}${path}`,
    callId,
    token: "secret",
    format,
    socket: (address, protocols) => (socket = new WebSocket(address, [...protocols])),
    listener: {
      ready: () => heard.push({ kind: "ready" }),
      frame: () => undefined,
      closed: (code, reason = "") => heard.push({ kind: "closed", code, reason }),
    },
    time: nodeTime(),
  });
  open.push({ stop: () => client.hangup() });
  await heard.find(isKind("ready"));
  const isIts = (notice: LegNotice) => notice.kind === "legOpened" && notice.callId === callId;
  const [leg] = (await gateway.notices.count(1, isIts)) as Extract<
    LegNotice,
    { kind: "legOpened" }
  >[];
  gateway.shard.postMessage({ kind: "legTaken", slot: leg!.slot });
  return { client, socket, heard, slot: leg!.slot };
}

async function start(config: Partial<GatewayConfig> = {}, time = nodeTime()) {
  const gateway = await startGateway({ config, time });
  open.push(gateway);
  return gateway;
}

/** What this call sends still reaches its shard. */
async function assertGoesOn(gateway: GatewayRig, { client, slot, heard }: Callee): Promise<void> {
  const value = (assertions += 1) & 0x7f;
  client.sendFrame(new Uint8Array(frameBytes).fill(value));
  for (;;) {
    let isHere = false;
    gateway.reader.drain((frame) => {
      isHere ||= frame.slot === slot && frame.payload[0] === value;
    }, 1000);
    if (isHere) break;
    await breathe();
  }
  expect(heard.items.some(isKind("closed"))).toBe(false);
}
let assertions = 0;

/** How the leg of this call ended. */
async function endOf(gateway: GatewayRig, { slot }: Callee): Promise<string> {
  const isIts = (notice: LegNotice) => notice.kind === "legClosed" && notice.slot === slot;
  const [closed] = await gateway.notices.count(1, isIts);
  return (closed as Extract<LegNotice, { kind: "legClosed" }>).reason;
}

function sendAudio({ client }: Callee, seconds: number): void {
  for (let frames = seconds * 50; frames > 0; frames--)
    client.sendFrame(new Uint8Array(frameBytes));
}

describe("a client that means no call", () => {
  test("and never reads: what waits for it is bounded, then its call ends with the reason", async () => {
    const time = Object.assign(virtualTime(), { soon: (run: () => void) => nodeTime().soon(run) });
    const gateway = await start({ bufferedBytesMax: 64 * 1024, idleMsMax: 600_000 }, time);
    const other = await callIn(gateway, "other");
    const deaf = await callIn(gateway, "deaf");
    deaf.socket.pause();
    // Ten minutes: far more than the system holds for a reader.
    const audio = new Uint8Array(10 * 60 * 50 * frameBytes);
    gateway.gateway.receive({
      kind: "addPrompt",
      prompt: { promptId: "long", formatKey: "l16/16000", audio },
    });
    const { slot } = deaf;
    gateway.shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "long" });
    let isOver = false;
    const end = endOf(gateway, deaf).then((reason) => ((isOver = true), reason));
    while (!isOver) {
      time.advance(20);
      await breathe();
    }
    expect(await end).toMatch(/^connectionLost: .* bytes wait to be read, at most 65536/);
    await assertGoesOn(gateway, other);
  });

  test("and floods: over ten seconds ahead of real time its call ends with the reason", async () => {
    const gateway = await start();
    const other = await callIn(gateway, "other");
    const flooder = await callIn(gateway, "flooder");
    sendAudio(flooder, 12);
    expect(await endOf(gateway, flooder)).toMatch(/^protocolError: .* send at the pace of speech/);
    const closed = await flooder.heard.find(isKind("closed"));
    expect(closed).toMatchObject({ code: 1002 });
    expect(closed.reason).toMatch(/more than 10000 ms of audio ahead of real time/);
    await assertGoesOn(gateway, other);
  });

  test("but was only held up for seconds, and sends them all at once, is heard in full", async () => {
    const gateway = await start();
    const other = await callIn(gateway, "other");
    const late = await callIn(gateway, "late");
    sendAudio(late, 8);
    let count = 0;
    while (count < 8 * 50) {
      gateway.reader.drain(({ slot }) => (count += slot === late.slot ? 1 : 0), 1000);
      await breathe();
    }
    await assertGoesOn(gateway, late);
    await assertGoesOn(gateway, other);
  });

  test("and speaks garbage in the middle of its call ends that call alone", async () => {
    const gateway = await start();
    const other = await callIn(gateway, "other");
    for (const message of [Buffer.alloc(30, 0xff), "text", Buffer.alloc(0), Buffer.alloc(70_000)]) {
      const callId = `garbage ${message.length}`;
      const rude = await callIn(gateway, callId);
      rude.socket.send(message);
      expect(await endOf(gateway, rude), callId).not.toBe("");
    }
    await assertGoesOn(gateway, other);
    expect(gateway.gateway.counters()).toMatchObject({ legs: 1 });
  });

  test("and only takes up room: no more sockets than there may be, and not for long", async () => {
    const gateway = await start({ connectionsMax: 5, startMsMax: 300 });
    const other = await callIn(gateway, "other");
    const port = Number(new URL(gateway.url).port);
    const idlers = [];
    for (let index = 0; index < 4; index++) idlers.push(await RawClient.upgrade(port, path));
    const refused = await RawClient.upgrade(port, path);
    expect(refused.head).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After/);
    for (const { client } of idlers) expect(await client.readCloseCode()).toBe(1008);
    for (const { client } of idlers) client.destroy();
    await callIn(gateway, "in its place");
    await assertGoesOn(gateway, other);
  });

  test("comes and goes by the hundred: nothing of it is left", async () => {
    const gateway = await start();
    const other = await callIn(gateway, "other");
    const port = Number(new URL(gateway.url).port);
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, () => RawClient.upgrade(port, path)),
      );
      clients.forEach(({ client }, index) => {
        if (index % 2 === 0) client.socket.resetAndDestroy();
        else client.destroy();
      });
    }
    while (gateway.gateway.counters().connections > 1) await breathe();
    await assertGoesOn(gateway, other);
  });
});
