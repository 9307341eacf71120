import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { UpgradeRequest } from "../transports/transport.js";
import { addressList, isNetwork } from "./address-list.js";
import { mediaTicket } from "./media-ticket.js";
import { judgeMediaToken, mediaToken } from "./media-token.js";
import { SourceLimits, sourceOf } from "./source-limits.js";
import { UpgradeGuard, type GuardRules } from "./upgrade-guard.js";

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(12).fill(2);
const token = mediaToken(key, { callId: "call-1", untilEpochMs: 10_000, nonce });

describe("a media token", () => {
  it("is right for its call and until its time, and for nothing else", () => {
    const judge = (more: object) =>
      judgeMediaToken(key, { callId: "call-1", token, nowEpochMs: 9999, ...more });
    expect(judge({})).toBeUndefined();
    expect(judge({ nowEpochMs: 10_001 })).toBe("expired");
    expect(judge({ callId: "call-2" })).toBe("wrongToken");
    const [until, word, signature] = token.split(".");
    expect(judge({ token: `zzzzzz.${word}.${signature}` })).toBe("wrongToken");
    expect(judge({ token: `${until}.${"A".repeat(16)}.${signature}` })).toBe("wrongToken");
    expect(judge({ token: "" })).toBe("wrongToken");
    const other = { callId: "call-1", token, nowEpochMs: 0 };
    expect(judgeMediaToken(new Uint8Array(32), other)).toBe("wrongToken");
  });

  it("has a ticket of 16 bytes that says nothing of it", () => {
    expect(mediaTicket(token)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(mediaTicket(token)).toBe(mediaTicket(token));
    expect(mediaTicket(`${token}x`)).not.toBe(mediaTicket(token));
  });
});

describe("a list of addresses", () => {
  it("knows networks of both families, and IPv4 within IPv6", () => {
    const list = addressList(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
    const inside = ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.7", "2001:db8:1::1"];
    const outside = ["11.0.0.1", "192.0.2.8", "2001:db9::1", "", "nonsense"];
    expect(inside.map((one) => list.has(one))).toEqual(inside.map(() => true));
    expect(outside.map((one) => list.has(one))).toEqual(outside.map(() => false));
  });

  it("tells what is a network", () => {
    expect(["10.0.0.0/8", "1.2.3.4", "::1/128"].every(isNetwork)).toBe(true);
    expect(
      ["10.0.0.0/33", "10.0.0", "a/8", "::/129", "1.2.3.4/", "1.2.3.4/8/8"].some(isNetwork),
    ).toBe(false);
  });
});

describe("the limits of a source", () => {
  it("let a burst through, then so many a second, each source by itself", () => {
    const clock = virtualTime();
    const limits = new SourceLimits({ perSecond: 2, burst: 3, clock });
    const taken = (address: string) => [1, 2, 3, 4].map(() => limits.take(address));
    expect(taken("a")).toEqual([true, true, true, false]);
    expect(taken("b")).toEqual([true, true, true, false]);
    clock.advance(500);
    expect([limits.take("a"), limits.take("a"), limits.isUsedUp("a")]).toEqual([true, false, true]);
  });

  it("remember a bounded number of sources, and take a /64 for one", () => {
    const limits = new SourceLimits({
      perSecond: 1,
      burst: 1,
      sourcesMax: 100,
      clock: virtualTime(),
    });
    for (let index = 0; index < 10_000; index++) limits.take(`10.0.${index >> 8}.${index & 255}`);
    expect(limits.count).toBe(100);
    expect(sourceOf("2001:db8:1:2:3::4")).toBe(sourceOf("2001:db8:1:2:ffff::1"));
  });
});

describe("the guard of upgrades", () => {
  const request = (more: Partial<UpgradeRequest> = {}): UpgradeRequest => ({
    path: "/media/twilio",
    query: "",
    headers: {},
    subprotocols: [],
    remoteAddress: "192.0.2.1",
    ...more,
  });
  const guarded = (rules: Partial<GuardRules> = {}) => {
    const time = virtualTime(0);
    const guard = new UpgradeGuard(
      {
        allow: [],
        proxies: [],
        origins: [],
        upgradesPerSecond: 10,
        failuresPerMinute: 6,
        secrets: {},
        baseUrl: () => "wss://voice.example.com",
        ...rules,
      },
      time,
    );
    guard.setKey(key);
    const status = (one: UpgradeRequest, name = "twilio") => guard.judge(one, name)?.status ?? 101;
    return { guard, time, status };
  };

  it("lets in networks of its list only, by the address behind its own proxies", () => {
    const { status } = guarded({ allow: ["192.0.2.0/24"], proxies: ["127.0.0.1", "10.0.0.0/8"] });
    const via = (forwarded: string) =>
      status(request({ remoteAddress: "127.0.0.1", headers: { "x-forwarded-for": forwarded } }));
    expect(status(request())).toBe(101);
    expect(status(request({ remoteAddress: "198.51.100.1" }))).toBe(403);
    expect(via("192.0.2.9")).toBe(101);
    expect(via("192.0.2.9, 10.1.1.1")).toBe(101);
    // Whoever is no proxy of ours may write what he likes.
    expect(via("192.0.2.9, 198.51.100.1")).toBe(403);
    const forged = { "x-forwarded-for": "192.0.2.9" };
    expect(status(request({ remoteAddress: "198.51.100.1", headers: forged }))).toBe(403);
  });

  it("refuses pages of other origins, and asks nothing of what is no page", () => {
    const { status } = guarded({ origins: ["https://app.example.com"] });
    expect(status(request({ headers: { origin: "https://app.example.com" } }))).toBe(101);
    expect(status(request({ headers: { origin: "https://evil.example" } }))).toBe(403);
    expect(status(request({ headers: { origin: "null" } }))).toBe(403);
    expect(status(request())).toBe(101);
  });

  it("refuses tokens in the URL that are forged or expired, before anything is promised", () => {
    const { status, time } = guarded();
    const withToken = (query: Record<string, string>) =>
      status(request({ query: new URLSearchParams(query).toString() }));
    expect(withToken({ callId: "call-1", token })).toBe(101);
    expect(withToken({ callId: "call-2", token })).toBe(401);
    expect(withToken({ callId: "call-1", token: "guess" })).toBe(401);
    time.advance(11_000);
    expect(withToken({ callId: "call-1", token })).toBe(401);
  });

  it("wants a token of Vonage where its secret is known: right, and of now", async () => {
    const { status, time } = guarded({
      secrets: { vonage: "signature-secret" },
      failuresPerMinute: 100,
    });
    const signed = (secret: string, at: number, alg = "HS256") =>
      new SignJWT({ application_id: "app-1" })
        .setProtectedHeader({ alg, typ: "JWT" })
        .setIssuedAt(at)
        .setExpirationTime(at + 900)
        .sign(new TextEncoder().encode(alg === "HS256" ? secret : secret.padEnd(64)));
    const bearing = (token: string) =>
      status(request({ headers: { authorization: `Bearer ${token}` } }), "vonage");
    time.advance(1_000_000);
    const now = time.epochMs() / 1000;
    const token = await signed("signature-secret", now);
    expect(bearing(token)).toBe(101);
    expect(bearing(await signed("guess", now))).toBe(401);
    expect(bearing(await signed("signature-secret", now - 301))).toBe(401);
    expect(bearing(await signed("signature-secret", now + 60))).toBe(401);
    expect(bearing(await signed("signature-secret", now, "HS512"))).toBe(401);
    const [head, , signature] = token.split(".");
    const other = Buffer.from(JSON.stringify({ iat: now, exp: now + 9999 })).toString("base64url");
    expect(bearing(`${head}.${other}.${signature}`)).toBe(401);
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(bearing(`${none}.${other}.`)).toBe(401);
    expect(status(request(), "vonage")).toBe(401);
    expect(status(request(), "telnyx")).toBe(101);
  });

  it("wants Twilio's signature and Genesys' key where their secrets are known", () => {
    const { status } = guarded({ secrets: { twilio: "auth-token", audiohook: "the-key" } });
    const sign = (url: string) => createHmac("sha1", "auth-token").update(url).digest("base64");
    const signed = (signature: string) =>
      status(request({ headers: { "x-twilio-signature": signature } }));
    expect(signed(sign("wss://voice.example.com/media/twilio"))).toBe(101);
    expect(signed(sign("wss://other.example.com/media/twilio"))).toBe(401);
    expect(status(request())).toBe(401);
    expect(status(request({ headers: { "x-api-key": "the-key" } }), "audiohook")).toBe(101);
    expect(status(request({ headers: { "x-api-key": "guess" } }), "audiohook")).toBe(401);
    expect(status(request(), "vonage")).toBe(101);
  });

  it("shuts out an address that comes, or fails, too often, and no other; later it may again", () => {
    const { guard, status, time } = guarded({ origins: ["https://a"] });
    for (let index = 0; index < 6; index++) guard.failed(request());
    expect(status(request())).toBe(429);
    expect(status(request({ remoteAddress: "192.0.2.2" }))).toBe(101);
    time.advance(10_000);
    expect(status(request())).toBe(101);
    const many = Array.from({ length: 101 }, () => status(request({ remoteAddress: "192.0.2.3" })));
    expect([many[99], many[100]]).toEqual([101, 429]);
  });
});
