import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { UpgradeRequest } from "../transports/transport.js";
import { isSignedRequest, type SignatureRules } from "./http-signature.js";
import { SeenNonces } from "./seen-nonces.js";

/** The example of Genesys' documentation. */
const example: UpgradeRequest = {
  path: "/api/v1/voicebiometrics/ws",
  query: "",
  headers: {
    host: "audiohook.example.com",
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh",
    signature: "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
    "signature-input":
      'sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" ' +
      '"audiohook-correlation-id" "x-api-key");keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";' +
      'nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";created=1641013200;expires=3282026430',
  },
  subprotocols: [],
  remoteAddress: "192.0.2.1",
};
const secret = Buffer.from("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=", "base64");

const rules = (more: Partial<SignatureRules> = {}): SignatureRules => ({
  authority: "audiohook.example.com",
  keyId: "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh",
  secret,
  nowEpochMs: 1_641_013_205_000,
  takeNonce: () => true,
  ...more,
});

const withHeaders = (headers: Record<string, string>): UpgradeRequest => ({
  ...example,
  headers: { ...example.headers, ...headers },
});

/** Signed like the example, with other words. */
function signed(input: string, target = example.path): UpgradeRequest {
  const names = [...input.matchAll(/"([@a-z-]+)"(?=[ )])/g)].map(([, name]) => name!);
  const lines = names.map((name) => {
    const derived = { "@request-target": target, "@authority": "audiohook.example.com" };
    const value = (derived as Record<string, string>)[name] ?? example.headers[name] ?? "";
    return `"${name}": ${value}`;
  });
  const base = [...lines, `"@signature-params": ${input}`].join("\n");
  const signature = createHmac("sha256", secret).update(base).digest("base64");
  const headers = { signature: `s=:${signature}:`, "signature-input": `s=${input}` };
  const [path = "", query = ""] = target.split("?");
  return { ...withHeaders(headers), path, query };
}

const all =
  '("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" ' +
  '"audiohook-correlation-id" "x-api-key")';
const parameters = (more = ""): string =>
  `;keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="AAAAAAAAAAAAAAAAAAAAAA";alg="hmac-sha256";created=1641013200${more}`;

it("takes the example of Genesys' documentation", () => {
  expect(isSignedRequest(example, rules())).toBe(true);
});

it("takes a signature under any label, over a query too, without an end of its own", () => {
  expect(isSignedRequest(signed(all + parameters()), rules())).toBe(true);
  expect(isSignedRequest(signed(all + parameters(), "/media/audiohook?a=1"), rules())).toBe(true);
});

it("refuses a request of which anything that is signed was changed", () => {
  for (const name of ["audiohook-session-id", "audiohook-organization-id", "x-api-key"]) {
    expect(isSignedRequest(withHeaders({ [name]: "other" }), rules())).toBe(false);
  }
  expect(isSignedRequest({ ...example, path: "/media/audiohook" }, rules())).toBe(false);
  expect(isSignedRequest({ ...example, query: "a=1" }, rules())).toBe(false);
  expect(isSignedRequest(example, rules({ authority: "other.example.com" }))).toBe(false);
  expect(isSignedRequest(example, rules({ secret: Buffer.alloc(32) }))).toBe(false);
  expect(isSignedRequest(example, rules({ keyId: "other" }))).toBe(false);
});

it("refuses signatures of another time, also those that say they are good for years", () => {
  const at = (seconds: number) => rules({ nowEpochMs: seconds * 1000 });
  expect(isSignedRequest(example, at(1_641_013_200 + 29))).toBe(true);
  expect(isSignedRequest(example, at(1_641_013_200 + 31))).toBe(false);
  expect(isSignedRequest(example, at(1_641_013_200 - 6))).toBe(false);
  const expired = signed(all + parameters(";expires=1641013201"));
  expect(isSignedRequest(expired, at(1_641_013_202))).toBe(true);
  expect(isSignedRequest(expired, at(1_641_013_210))).toBe(false);
});

it("takes each nonce once, and remembers a bounded number of them", () => {
  const clock = virtualTime();
  const seen = new SeenNonces({ keptMs: 40_000, countMax: 2, clock });
  const takeNonce = (nonce: string): boolean => seen.take(nonce);
  expect(isSignedRequest(example, rules({ takeNonce }))).toBe(true);
  expect(isSignedRequest(example, rules({ takeNonce }))).toBe(false);
  expect([seen.take("b"), seen.take("c")]).toEqual([true, false]);
  clock.advance(40_001);
  expect([seen.take("c"), seen.take("c")]).toEqual([true, false]);
});

it("refuses what covers too little, is by another algorithm, or has no nonce", () => {
  const wrong = [
    all.replace(' "x-api-key"', "") + parameters(),
    all.replace('"@authority" ', "") + parameters(),
    all + parameters().replace("hmac-sha256", "hmac-sha1"),
    all + parameters().replace(/;nonce="\w+"/, ""),
    all + parameters().replace(/nonce="\w+"/, 'nonce="short"'),
    all + parameters().replace(/;created=\d+/, ""),
    all.replace('"x-api-key"', '"x-api-key" "x-api-key"') + parameters(),
    all.replace('"x-api-key"', '"x-api-key" "not-there"') + parameters(),
  ];
  for (const input of wrong) expect(isSignedRequest(signed(input), rules()), input).toBe(false);
  expect(isSignedRequest(withHeaders({ signature: "" }), rules())).toBe(false);
  expect(isSignedRequest({ ...example, headers: {} }, rules())).toBe(false);
});

it("answers any headers, and never throws", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(200), (signature, input, at) => {
      const bent = example.headers["signature-input"]!;
      const inputs = [input, bent.slice(0, at) + input + bent.slice(at)];
      for (const one of inputs) {
        const request = withHeaders({ signature, "signature-input": one });
        expect(isSignedRequest(request, rules())).toBe(false);
      }
    }),
  );
});
