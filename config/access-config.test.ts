import { describe, expect, it } from "vitest";
import { ConfigError } from "./config-errors.js";
import { loadConfig } from "./load-config.js";

const load = (source: string, env: Record<string, string> = {}) =>
  loadConfig(source, { fileName: "voxtree.yaml", env });

function messagesOf(source: string): string[] {
  try {
    load(source, { SECRET: "c2VjcmV0LW9mLWdlbmVzeXMh", TEXT: "this is no base64 text!!" });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(({ message }) => message);
    throw error;
  }
}

describe("who may connect", () => {
  it("is told in networks, origins and secrets that stand elsewhere", () => {
    const source = `
gateway:
  access:
    allow: [203.0.113.0/24, 2001:db8::1]
    proxies: [127.0.0.1]
    origins: ["https://app.example.com"]
    upgradesPerSecond: 20
    twilioAuthToken: { env: TWILIO }`;
    expect(load(source, { TWILIO: "auth" }).gateway.access).toEqual({
      allow: ["203.0.113.0/24", "2001:db8::1"],
      proxies: ["127.0.0.1"],
      origins: ["https://app.example.com"],
      upgradesPerSecond: 20,
      failuresPerMinute: 600,
      twilioAuthToken: "auth",
    });
  });

  it.each([
    ["access: { allow: [10.0.0.0/33] }", "must be an address or a network"],
    ["access: { origins: [app.example.com] }", "must be an origin"],
    ["access: { twilioAuthToken: abc }", "must not be written here"],
    ["access: { vonageSignatureSecret: abc }", "must not be written here"],
    ["access: { audiohookSecret: { env: SECRET } }", "Genesys' signatures are by"],
    ["access: { audiohookSecret: { env: TEXT } }", "base64"],
    ["tls: { cert: package.json }", "must have cert and key, both"],
    ["tls: { cert: nowhere.pem, key: package.json }", "there is no"],
    ["transport: uws, tls: { cert: package.json, key: package.json }", "uws has no TLS here"],
  ])("refuses %s", (part, message) => {
    expect(messagesOf(`gateway: { ${part} }`).join()).toContain(message);
  });
});
