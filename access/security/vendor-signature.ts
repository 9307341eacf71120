/**
 * What vendors prove about themselves in the handshake of a media socket, beside the token of the
 * call, not instead of it: Twilio signs the URL, Vonage sends a signed token, Genesys its API key
 * and a signature over the request. The others prove nothing: Telnyx, Plivo, Exotel, jambonz and
 * the switches are known by the call's token alone.
 *
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 * @see https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { UpgradeRequest } from "../transports/transport.js";
import { isBearerToken } from "./bearer-token.js";
import { isSignedRequest } from "./http-signature.js";

/** Secrets of vendors, by protocol; one that is left out is not asked for. */
export type VendorSecrets = {
  /** The account's auth token. */
  readonly twilio?: string | undefined;
  /** The account's signature secret. */
  readonly vonage?: string | undefined;
  /** The API key of the integration. */
  readonly audiohook?: string | undefined;
  /** The client secret of the integration, base64: its signature is demanded then. */
  readonly audiohookSecret?: string | undefined;
};

/** What a proof is judged by. */
export type VendorRules = {
  readonly secrets: VendorSecrets;
  /** How the vendor reaches us, e.g. `wss://voice.example.com`. */
  readonly baseUrl: string;
  readonly nowEpochMs: number;
  /** Takes a nonce; false when it came before. */
  readonly takeNonce: (nonce: string) => boolean;
};

/**
 * Whether the handshake carries what its protocol's vendor must send.
 *
 * @param protocolName as `MediaProtocol.name`
 */
export function isVendorSigned(
  protocolName: string,
  request: UpgradeRequest,
  rules: VendorRules,
): boolean {
  const { twilio, vonage } = rules.secrets;
  switch (protocolName) {
    case "twilio":
      return twilio === undefined || isTwilio(request, twilio, rules.baseUrl);
    case "vonage":
      return (
        vonage === undefined ||
        isBearerToken(request.headers["authorization"], { ...rules, secret: vonage })
      );
    case "audiohook":
      return isAudioHook(request, rules);
    default:
      return true;
  }
}

function isTwilio(request: UpgradeRequest, authToken: string, baseUrl: string): boolean {
  const query = request.query === "" ? "" : `?${request.query}`;
  const url = `${baseUrl}${request.path}${query}`;
  const right = createHmac("sha1", authToken).update(url).digest("base64");
  return isSame(request.headers["x-twilio-signature"], right);
}

function isAudioHook(request: UpgradeRequest, rules: VendorRules): boolean {
  const { audiohook: keyId, audiohookSecret } = rules.secrets;
  if (keyId === undefined) return true;
  if (!isSame(request.headers["x-api-key"], keyId)) return false;
  if (audiohookSecret === undefined) return true;
  const secret = Buffer.from(audiohookSecret, "base64");
  return isSignedRequest(request, {
    ...rules,
    authority: new URL(rules.baseUrl).host,
    keyId,
    secret,
  });
}

/** In constant time, whatever the lengths. */
function isSame(given: string | undefined, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(right));
}
