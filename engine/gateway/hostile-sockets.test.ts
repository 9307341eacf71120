/**
 * Sockets that want a call which is not theirs, against a gateway with its real sockets: each gets
 * nothing, is told no more than any other, and the call goes on.
 */
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { mediaTicket } from "../../access/security/media-ticket.js";
import { mediaToken } from "../../access/security/media-token.js";
import { audioSocketAudio, audioSocketId } from "../../codecs/wire/audiosocket.js";
import type { GatewayConfig } from "../../config/schema.js";
import { isKind, startGateway } from "../../test/support/gateway-rig.js";

const key = new Uint8Array(32).fill(5);
const tokenOf = (callId: string, untilEpochMs = Date.now() + 60_000): string =>
  mediaToken(key, { callId, untilEpochMs, nonce: new Uint8Array(12).fill(untilEpochMs % 251) });
const access = { ...({ allow: [], proxies: [], origins: [] } as const) };
const open: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function start(config: Partial<GatewayConfig> = {}) {
  const gateway = await startGateway({ config, resumeKey: key });
  open.push(gateway);
  return gateway;
}

type Ending = { readonly status?: number; readonly code?: number; readonly reason?: string };

/** A socket as Asterisk opens it; how it ended, or that it still is open. */
function dial(url: string, call: { callId?: string; token?: string }, headers = {}) {
  const query = new URLSearchParams(call).toString();
  const socket = new WebSocket(`${url}/media/asterisk?${query}`, ["media"], { headers });
  open.push({ stop: () => socket.terminate() });
  const ended = new Promise<Ending>((resolve) => {
    socket.on("unexpected-response", (_request, { statusCode }) =>
      resolve(statusCode === undefined ? {} : { status: statusCode }),
    );
    socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    socket.on("error", () => undefined);
  });
  socket.on("open", () => socket.send("MEDIA_START channel_id:1 format:ulaw"));
  return { socket, ended };
}

const refused = { code: 1008, reason: "no call is waiting under this call id and token" };

describe("a socket that is not the one that is waited for", () => {
  it("is sent away when it replays, doubles or guesses, always in the same words", async () => {
    const gateway = await start();
    const token = tokenOf("call-1");
    gateway.expectCall("call-1", token);
    const first = dial(gateway.url, { callId: "call-1", token });
    await gateway.notices.find(isKind("legOpened"));
    // Replayed, while the call is on.
    expect(await dial(gateway.url, { callId: "call-1", token }).ended).toEqual(refused);
    // Well signed, and yet not the one of this call.
    const other = tokenOf("call-1", Date.now() + 50_000);
    expect(await dial(gateway.url, { callId: "call-1", token: other }).ended).toEqual(refused);
    // A call nobody waits for.
    const unknown = { callId: "call-9", token: tokenOf("call-9") };
    expect(await dial(gateway.url, unknown).ended).toEqual(refused);
    expect(await dial(gateway.url, {}).ended).toEqual(refused);
    expect(first.socket.readyState).toBe(WebSocket.OPEN);
    // After the call it is worth nothing, either.
    first.socket.close();
    await gateway.notices.find(isKind("legClosed"));
    expect(await dial(gateway.url, { callId: "call-1", token }).ended).toEqual(refused);
  });

  it("gets one call only, when two come at once", async () => {
    const gateway = await start();
    const token = tokenOf("call-2");
    gateway.expectCall("call-2", token);
    const both = [1, 2].map(() => dial(gateway.url, { callId: "call-2", token }));
    expect(await Promise.race(both.map(({ ended }) => ended))).toEqual(refused);
    expect(both.filter(({ socket }) => socket.readyState === WebSocket.OPEN)).toHaveLength(1);
    await gateway.notices.count(1, isKind("legOpened"));
    expect(gateway.gateway.counters().legs).toBe(1);
  });

  it("is refused before the upgrade when the token in its URL is forged or expired", async () => {
    const gateway = await start();
    gateway.expectCall("call-3", tokenOf("call-3"));
    const forged = { callId: "call-3", token: tokenOf("call-4") };
    const expired = { callId: "call-3", token: tokenOf("call-3", Date.now() - 1000) };
    expect(await dial(gateway.url, forged).ended).toEqual({ status: 401 });
    expect(await dial(gateway.url, expired).ended).toEqual({ status: 401 });
    expect(gateway.gateway.counters()).toMatchObject({ refusedUpgrades: 2, connections: 0 });
  });

  it("is refused by address and by origin", async () => {
    const limits = { upgradesPerSecond: 100, failuresPerMinute: 100 };
    const origins = ["https://app.example.com"];
    const gateway = await start({ access: { ...access, ...limits, origins } });
    const page = dial(gateway.url, {}, { origin: "https://evil.example" });
    expect(await page.ended).toEqual({ status: 403 });
    const closed = await start({ access: { ...access, ...limits, allow: ["192.0.2.0/24"] } });
    expect(await dial(closed.url, {}).ended).toEqual({ status: 403 });
  });

  it("is shut out after it failed too often", async () => {
    const limits = { upgradesPerSecond: 100, failuresPerMinute: 3 };
    const gateway = await start({ access: { ...access, ...limits } });
    for (let index = 0; index < 3; index++) {
      expect(await dial(gateway.url, { callId: "no" }).ended).toEqual(refused);
    }
    expect(await dial(gateway.url, { callId: "no" }).ended).toEqual({ status: 429 });
  });

  it("may not say much before it names its call", async () => {
    const gateway = await start();
    const { socket, ended } = dial(gateway.url, {});
    socket.removeAllListeners("open");
    socket.on("open", () => {
      for (let index = 0; index < 10; index++) socket.send(new Uint8Array(60_000));
    });
    expect(await ended).toMatchObject({ code: 1002 });
    expect(gateway.gateway.counters()).toMatchObject({ legs: 0, protocolErrors: 1 });
  });
});

describe("AudioSocket", () => {
  it("lets a ticket in once, and drops whoever has none that is waited for", async () => {
    const gateway = await start({ audioSocketPort: 0 });
    const token = tokenOf("call-5");
    gateway.expectCall("call-5", token);
    const dialTcp = (uuid: string) => {
      const socket = connect(gateway.gateway.audioSocketPort!, "127.0.0.1");
      open.push({ stop: () => socket.destroy() });
      socket.resume();
      socket.write(audioSocketId(uuid));
      socket.write(audioSocketAudio({ codec: "l16", rateHz: 8000 }, new Uint8Array(320)));
      return { socket, gone: new Promise<void>((resolve) => socket.once("close", resolve)) };
    };
    const first = dialTcp(mediaTicket(token));
    const { callId } = await gateway.notices.find(isKind("legOpened"));
    expect(callId).toBe("call-5");
    await dialTcp(mediaTicket(token)).gone;
    await dialTcp(mediaTicket("guess")).gone;
    expect(first.socket.destroyed).toBe(false);
    expect(gateway.gateway.counters()).toMatchObject({ legs: 1, refusedStarts: 2 });
  });
});
