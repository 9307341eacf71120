import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectMediaClient, type MediaClient } from "../../access/client/index.js";
import type { PlaybackNotice } from "../../actors/call/messages.js";
import { nodeTime } from "../../base/node-ports.js";
import { feed, isKind, startGateway as startRig } from "../../test/support/gateway-rig.js";
import type { GatewayReport, LegNotice } from "../control/messages.js";
import type { Gateway } from "./gateway.js";

const time = nodeTime();
const format = { codec: "l16", rateHz: 16000 } as const;
const frameBytes = 640;
const open: { stop(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.stop();
});

async function startGateway(config: { startMsMax?: number } = {}) {
  const rig = await startRig({ config });
  open.push(rig);
  return rig;
}

type Heard =
  | { kind: "ready" }
  | { kind: "frame"; utterance: number; value: number; atMs: number }
  | { kind: "closed"; code: number; reason: string };

function dial(url: string, callId: string, token: string) {
  const heard = feed<Heard>();
  const client: MediaClient = connectMediaClient({
    url: `${url}/media/native/v1`,
    callId,
    token,
    format,
    socket: (address, protocols) => new WebSocket(address, [...protocols]),
    listener: {
      ready: () => heard.push({ kind: "ready" }),
      frame: ({ utterance, payload, arrivedMs: atMs }) =>
        heard.push({ kind: "frame", utterance, value: payload[0]!, atMs }),
      closed: (code, reason = "") => heard.push({ kind: "closed", code, reason }),
    },
    time,
  });
  open.push({ stop: () => client.hangup() });
  return { client, heard };
}

async function answered() {
  const gateway = await startGateway();
  gateway.expectCall("c1", "secret");
  const callee = dial(gateway.url, "c1", "secret");
  await callee.heard.find(isKind("ready"));
  const leg = await gateway.notices.find(isKind("legOpened"));
  gateway.shard.postMessage({ kind: "legTaken", slot: leg.slot });
  return { ...gateway, ...callee, leg };
}

describe("letting in", () => {
  test("a stream with its call's token, once, and tells shard and node", async () => {
    const { leg, reports, url } = await answered();
    expect(leg).toMatchObject({ callId: "c1", format, frameBytes, protocol: "native-v1" });
    await reports.find(isKind("mediaOpened"));
    const second = dial(url, "c1", "secret");
    expect(await second.heard.find(isKind("closed"))).toMatchObject({ code: 1008 });
  });

  test("not with a wrong token, an unknown call, or too late; the right one still may", async () => {
    const { url, expectCall, gateway, heard } = { ...(await answered()) };
    expectCall("c2", "right");
    expectCall("c3", "late", -1);
    for (const [callId, token] of [
      ["c2", "wrong"],
      ["c9", "right"],
      ["c3", "late"],
    ] as const) {
      const refused = dial(url, callId, token);
      const closed = await refused.heard.find(isKind("closed"));
      expect(closed).toMatchObject({ code: 1008 });
      expect(closed.reason).toMatch(/no call is waiting/);
    }
    const admitted = dial(url, "c2", "right");
    await admitted.heard.find(isKind("ready"));
    expect(gateway.counters()).toMatchObject({ refusedStarts: 3, legs: 2 });
    expect(heard.items.some(isKind("closed"))).toBe(false);
  });

  test("no upgrade at an unknown path, and says which paths there are", async () => {
    const { url } = await startGateway();
    const socket = new WebSocket(`${url}/media/unknown`);
    const body = await new Promise<string>((resolve) => {
      socket.on("unexpected-response", (_request, response) => {
        let text = `${response.statusCode} `;
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.on("end", () => resolve(text));
      });
    });
    expect(body).toMatch(/^404 .*\/media\/native\/v1, \/media\/twilio/s);
  });

  test("nobody new while draining", async () => {
    const { url, gateway } = await startGateway();
    gateway.receive({ kind: "drain" });
    const socket = new WebSocket(`${url}/media/twilio`);
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
    });
    expect(status).toBe(503);
  });

  test("whoever is expected also while draining", async () => {
    const { url, gateway, expectCall } = await startGateway();
    expectCall("ringing", "secret");
    gateway.receive({ kind: "drain" });
    const callee = dial(url, "ringing", "secret");
    await callee.heard.find(isKind("ready"));
    const socket = new WebSocket(`${url}/media/twilio`);
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
    });
    expect(status).toBe(503);
  });

  test("closes a socket that never starts a stream", async () => {
    const { url } = await startGateway({ startMsMax: 50 });
    const socket = new WebSocket(`${url}/media/twilio`);
    const reason = await new Promise<string>((resolve) => {
      socket.on("close", (_code, text) => resolve(text.toString()));
    });
    expect(reason).toMatch(/no stream was started within 50 ms/);
  });
});

describe("frames in", () => {
  test("go into the ring of the call's shard as they came, and ring its doorbell from idle", async () => {
    const { client, reader, notices, leg } = await answered();
    expect(reader.sleep()).toBe(true);
    client.sendFrame(new Uint8Array(frameBytes).fill(7));
    await notices.find(isKind("doorbell"));
    let seen: unknown;
    reader.drain(({ slot, payload }) => (seen = { slot, first: payload[0], n: payload.length }), 9);
    expect(seen).toEqual({ slot: leg.slot, first: 7, n: frameBytes });
  });

  test("keys go to the shard as keys", async () => {
    const { client, notices, leg } = await answered();
    client.sendDtmf("5");
    const key = await notices.find(isKind("keypad"));
    expect(key).toEqual({ kind: "keypad", slot: leg.slot, digit: "5", number: 1 });
  });

  test("a key that the network tells beside the stream is a key like any other", async () => {
    const { gateway, notices, leg } = await answered();
    gateway.receive({ kind: "pressKey", callId: "unknown", digit: "1" });
    gateway.receive({ kind: "pressKey", callId: leg.callId, digit: "#" });
    const key = await notices.find(isKind("keypad"));
    expect(key).toEqual({ kind: "keypad", slot: leg.slot, digit: "#", number: 1 });
  });

  test("a client that breaks its protocol is closed with the reason; the others go on", async () => {
    const { url, client, reader, reports, notices } = await answered();
    const socket = new WebSocket(`${url}/media/native/v1`);
    await new Promise((resolve) => socket.on("open", resolve));
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on("close", (code, text) => resolve({ code, reason: text.toString() }));
    });
    socket.send(Buffer.from("this is not a record of the protocol"));
    expect((await closed).code).toBe(1002);
    expect((await closed).reason).not.toBe("");
    await reports.find(
      (report): report is GatewayReport =>
        report.kind === "log" && /broke its protocol/.test(report.message),
    );
    reader.sleep();
    client.sendFrame(new Uint8Array(frameBytes));
    await notices.find(isKind("doorbell"));
  });
});

describe("audio out", () => {
  const prompt = (frames: number) => new Uint8Array(frames * frameBytes).fill(9);
  const addPrompt = (gateway: Gateway, frames: number) =>
    gateway.receive({
      kind: "addPrompt",
      prompt: { promptId: "p", formatKey: "l16/16000", audio: prompt(frames) },
    });
  const isPlayback =
    (kind: "playbackStarted" | "playbackEnded") =>
    (item: LegNotice): item is Extract<LegNotice, { kind: "playback" }> =>
      item.kind === "playback" && item.notice.kind === kind;

  test("plays a prompt by reference, whole, and says when it was heard", async () => {
    const { gateway, shard, leg, heard, notices } = await answered();
    addPrompt(gateway, 20);
    shard.postMessage({ kind: "playPrompt", slot: leg.slot, utterance: 1, promptId: "p" });
    const { notice } = await notices.find(isPlayback("playbackEnded"));
    expect(notice).toMatchObject({ utterance: 1, heardMs: 400, reason: "completed" });
    const frames = heard.items.filter(isKind("frame"));
    expect(frames.map(({ value, utterance }) => [value, utterance])).toEqual(
      Array.from({ length: 20 }, () => [9, 1]),
    );
  });

  test("a clear silences what plays, and what is still on the ring is never sent", async () => {
    const { gateway, shard, leg, heard, notices, writer } = await answered();
    addPrompt(gateway, 500);
    shard.postMessage({ kind: "playPrompt", slot: leg.slot, utterance: 1, promptId: "p" });
    await notices.find(isPlayback("playbackStarted"));
    const head = { slot: leg.slot, sequence: 2, flags: 0, mediaSamples: 0, atMs: 0 };
    shard.postMessage({ kind: "clear", slot: leg.slot, utterance: 2 });
    const { notice } = await notices.find(isPlayback("playbackEnded"));
    expect(notice).toMatchObject({ utterance: 1, reason: "cleared" });
    writer.write(head, new Uint8Array(frameBytes).fill(4));
    shard.postMessage({ kind: "endStream", slot: leg.slot, utterance: 2 });
    writer.write({ ...head, sequence: 3 }, new Uint8Array(frameBytes).fill(5));
    shard.postMessage({ kind: "endStream", slot: leg.slot, utterance: 3 });
    await heard.find((item): item is Heard => item.kind === "frame" && item.utterance === 3);
    expect(heard.items.some((item) => item.kind === "frame" && item.value === 4)).toBe(false);
  });

  test("what is held waits, and goes on with the next frame; a clear ends the waiting", async () => {
    const { gateway, shard, leg, heard, notices } = await answered();
    addPrompt(gateway, 20);
    const { slot } = leg;
    const isNotice =
      (kind: PlaybackNotice["kind"]) =>
      (item: LegNotice): item is Extract<LegNotice, { kind: "playback" }> =>
        item.kind === "playback" && item.notice.kind === kind;
    shard.postMessage({ kind: "playPrompt", slot, utterance: 1, promptId: "p" });
    await notices.find(isNotice("playbackStarted"));
    shard.postMessage({ kind: "hold", slot });
    const paused = await notices.find(isNotice("playbackPaused"));
    const { heardFrames } = paused.notice as { heardFrames: number };
    expect(heardFrames).toBeLessThan(20);
    shard.postMessage({ kind: "release", slot });
    const resumed = await notices.find(isNotice("playbackResumed"));
    expect(resumed.notice).toMatchObject({ utterance: 1, sentFrames: heardFrames });
    const { notice } = await notices.find(isNotice("playbackEnded"));
    expect(notice).toMatchObject({ utterance: 1, heardMs: 400, reason: "completed" });
    expect(heard.items.filter(isKind("frame"))).toHaveLength(20);
    shard.postMessage({ kind: "playPrompt", slot, utterance: 2, promptId: "p" });
    shard.postMessage({ kind: "hold", slot });
    shard.postMessage({ kind: "clear", slot, utterance: 2 });
    shard.postMessage({ kind: "playPrompt", slot, utterance: 3, promptId: "p" });
    await notices.find((item): item is LegNotice => {
      return isNotice("playbackEnded")(item) && item.notice.utterance === 3;
    });
  });

  test("what a clear has overtaken is never heard, and has its end", async () => {
    const { gateway, shard, leg, heard, notices } = await answered();
    addPrompt(gateway, 5);
    const { slot } = leg;
    shard.postBackwards(
      { kind: "playPrompt", slot, utterance: 1, promptId: "p" },
      { kind: "openStream", slot, utterance: 2 },
      { kind: "clear", slot, utterance: 2 },
      { kind: "playPrompt", slot, utterance: 3, promptId: "p" },
    );
    const ends = await notices.count(3, isPlayback("playbackEnded"));
    expect(ends.map((end) => "notice" in end && end.notice)).toMatchObject([
      { utterance: 1, heardMs: 0, reason: "cleared" },
      { utterance: 2, heardMs: 0, reason: "cleared" },
      { utterance: 3, heardMs: 100, reason: "completed" },
    ]);
    const utterances = heard.items.filter(isKind("frame")).map(({ utterance }) => utterance);
    expect(utterances).toEqual([3, 3, 3, 3, 3]);
  });

  test("a streamed utterance whose frames come late still sounds before the prompt after it", async () => {
    const { gateway, shard, leg, heard, notices, writer } = await answered();
    addPrompt(gateway, 2);
    shard.postMessage({ kind: "openStream", slot: leg.slot, utterance: 1 });
    shard.postMessage({ kind: "playPrompt", slot: leg.slot, utterance: 2, promptId: "p" });
    const head = { slot: leg.slot, sequence: 1, flags: 0, mediaSamples: 0, atMs: 0 };
    writer.write(head, new Uint8Array(frameBytes).fill(3));
    shard.postMessage({ kind: "endStream", slot: leg.slot, utterance: 1 });
    await notices.find(
      (item): item is Extract<LegNotice, { kind: "playback" }> =>
        isPlayback("playbackEnded")(item) && item.notice.utterance === 2,
    );
    expect(heard.items.filter(isKind("frame")).map(({ value }) => value)).toEqual([3, 9, 9]);
  });

  test("a prompt it does not hold is over at once, unheard, and the next one plays", async () => {
    const { gateway, shard, leg, notices } = await answered();
    addPrompt(gateway, 1);
    shard.postMessage({ kind: "playPrompt", slot: leg.slot, utterance: 1, promptId: "none" });
    shard.postMessage({ kind: "playPrompt", slot: leg.slot, utterance: 2, promptId: "p" });
    const ended = await notices.find(
      (item): item is Extract<LegNotice, { kind: "playback" }> =>
        item.kind === "playback" && item.notice.utterance === 2,
    );
    expect(ended.notice.kind).toBe("playbackStarted");
    const first = notices.items.find(isPlayback("playbackEnded"));
    expect(first?.notice).toMatchObject({ utterance: 1, heardMs: 0 });
  });

  test("a hang-up from either side closes the leg once", async () => {
    const ours = await answered();
    ours.shard.postMessage({ kind: "hangup", slot: ours.leg.slot, reason: "done" });
    await ours.notices.find(isKind("legClosed"));
    await ours.heard.find(isKind("closed"));
    expect(ours.notices.items.filter(isKind("legClosed"))).toHaveLength(1);
    const theirs = await answered();
    theirs.client.hangup();
    await theirs.notices.find(isKind("legClosed"));
    await theirs.heard.find(isKind("closed"));
    expect(theirs.notices.items.filter(isKind("legClosed"))).toHaveLength(1);
    expect(theirs.gateway.counters().legs).toBe(0);
  });
});
