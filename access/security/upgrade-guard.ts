/**
 * Who may open a media socket at all, before anything is promised: by address, by how often that
 * address came and failed, by the origin of a browser, by the vendor's signature, and by the token
 * where the URL carries it. Whoever is refused gets one HTTP answer and costs no more.
 */
import type { Clock } from "../../base/ports.js";
import type { UpgradeAnswer, UpgradeRequest } from "../transports/transport.js";
import { addressList, plainAddress, type AddressList } from "./address-list.js";
import { NONCE_KEPT_MS } from "./http-signature.js";
import { judgeMediaToken } from "./media-token.js";
import { SeenNonces } from "./seen-nonces.js";
import { SourceLimits } from "./source-limits.js";
import { isVendorSigned, type VendorSecrets } from "./vendor-signature.js";

export type GuardRules = {
  /** Networks that may connect; empty: all. */
  readonly allow: readonly string[];
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  /** Origins of pages that may connect, e.g. `https://app.example.com`; empty: all. */
  readonly origins: readonly string[];
  /** Upgrades of one address; ten seconds' worth of them at once. */
  readonly upgradesPerSecond: number;
  /** Sockets of one address that were turned away, or started no stream, in a minute. */
  readonly failuresPerMinute: number;
  readonly secrets: VendorSecrets;
  readonly baseUrl: () => string;
};

type Refusal = Extract<UpgradeAnswer, { ok: false }>;

export class UpgradeGuard {
  readonly #rules: GuardRules;
  readonly #clock: Clock;
  readonly #allowed: AddressList | undefined;
  readonly #proxies: AddressList;
  readonly #upgrades: SourceLimits;
  readonly #failures: SourceLimits;
  readonly #nonces: SeenNonces;
  #key: Uint8Array | undefined;

  constructor(rules: GuardRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
    this.#allowed = rules.allow.length === 0 ? undefined : addressList(rules.allow);
    this.#proxies = addressList(rules.proxies);
    this.#nonces = new SeenNonces({ keptMs: NONCE_KEPT_MS, clock });
    const { upgradesPerSecond: perSecond, failuresPerMinute } = rules;
    this.#upgrades = new SourceLimits({ perSecond, burst: perSecond * 10, clock });
    this.#failures = new SourceLimits({
      perSecond: failuresPerMinute / 60,
      burst: failuresPerMinute,
      clock,
    });
  }

  /** The key under which tokens are signed. */
  setKey(key: Uint8Array): void {
    this.#key = key;
  }

  /** Why a socket is refused; undefined when it is let in as far as this goes. */
  judge(request: UpgradeRequest, protocolName: string): Refusal | undefined {
    const address = this.addressOf(request);
    if (this.#allowed?.has(address) === false) return refusal(403, "This address may not connect.");
    if (!this.#upgrades.take(address) || this.#failures.isUsedUp(address)) {
      return { ...refusal(429, "Too many connections from this address."), retryAfterSeconds: 10 };
    }
    const fault = this.#judgeOrigin(request) ?? this.#judgeProof(request, protocolName);
    if (fault !== undefined) this.#failures.take(address);
    return fault;
  }

  /** A socket of this request was let in and then failed to name its call. */
  failed(request: UpgradeRequest): void {
    this.#failures.take(this.addressOf(request));
  }

  /** Where a request comes from: the last address that no proxy of ours put there. */
  addressOf({ remoteAddress, headers }: UpgradeRequest): string {
    let address = plainAddress(remoteAddress);
    const forwarded = (headers["x-forwarded-for"] ?? "").split(",").map((one) => one.trim());
    for (let hop = forwarded.pop(); this.#proxies.has(address); hop = forwarded.pop()) {
      if (hop === undefined || hop === "") return address;
      address = plainAddress(hop);
    }
    return address;
  }

  /** Pages carry an origin, servers and telephones do not. */
  #judgeOrigin({ headers }: UpgradeRequest): Refusal | undefined {
    const { origins } = this.#rules;
    const { origin } = headers;
    if (origin === undefined || origins.length === 0 || origins.includes(origin)) return undefined;
    return refusal(403, "Pages of this origin may not connect.");
  }

  #judgeProof(request: UpgradeRequest, protocolName: string): Refusal | undefined {
    const { secrets, baseUrl } = this.#rules;
    const nowEpochMs = this.#clock.epochMs();
    const takeNonce = (nonce: string): boolean => this.#nonces.take(nonce);
    const rules = { secrets, baseUrl: baseUrl(), nowEpochMs, takeNonce };
    if (!isVendorSigned(protocolName, request, rules)) {
      return refusal(401, "The signature of the request is missing or wrong.");
    }
    const inUrl = new URLSearchParams(request.query);
    const [callId, token] = [inUrl.get("callId"), inUrl.get("token")];
    if (this.#key === undefined || token === null || callId === null) return undefined;
    const fault = judgeMediaToken(this.#key, { callId, token, nowEpochMs });
    return fault === undefined ? undefined : refusal(401, "The token is wrong or expired.");
  }
}

function refusal(status: number, reason: string): Refusal {
  return { ok: false, status, reason };
}
