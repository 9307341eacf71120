/** The parts of the file that say who may connect, and by which certificate. */
import { isIP } from "node:net";
import { z } from "zod";
import { limits } from "./limits.js";
import { listOf, path, secret, section, text, whole } from "./schema-parts.js";

const networkRule = "must be an address or a network, like 203.0.113.7 or 10.0.0.0/8";
const network = z.string({ error: networkRule }).refine(isNetwork, { error: networkRule });

function isNetwork(given: string): boolean {
  const [address = "", bits = "0", ...more] = given.split("/");
  const bitsMax = isIP(address) === 4 ? 32 : 128;
  return isIP(address) !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && +bits <= bitsMax;
}

const originRule = "must be an origin, like https://app.example.com, without a path";
const origin = text(originRule, /^https?:\/\/[\w.-]+(:\d{1,5})?$/);

/** PEM files, both of them. */
export const tls = section({ cert: path.optional(), key: path.optional() });

export const access = section({
  allow: listOf(network, "networks, like 10.0.0.0/8"),
  proxies: listOf(network, "networks, like 10.0.0.0/8"),
  origins: listOf(origin, "origins, like https://app.example.com"),
  upgradesPerSecond: whole(limits.access.upgradesPerSecond),
  failuresPerMinute: whole(limits.access.failuresPerMinute),
  twilioAuthToken: secret,
  vonageSignatureSecret: secret,
  audiohookApiKey: secret,
  audiohookSecret: secret,
});
