/**
 * What vendors prove about themselves in the handshake of a media socket: Twilio signs the URL,
 * Genesys sends the API key it was given. Beside the token of the call, not instead of it.
 *
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { UpgradeRequest } from "../transports/transport.js";

/** Secrets of vendors, by protocol; one that is left out is not asked for. */
export type VendorSecrets = {
  /** The account's auth token. */
  readonly twilio?: string | undefined;
  /** The API key of the integration. */
  readonly audiohook?: string | undefined;
};

/**
 * Whether the handshake carries what its protocol's vendor must send.
 *
 * @param protocolName as `MediaProtocol.name`
 * @param baseUrl how the vendor reaches us, e.g. `wss://voice.example.com`
 */
export function isVendorSigned(
  protocolName: string,
  request: UpgradeRequest,
  { secrets, baseUrl }: { readonly secrets: VendorSecrets; readonly baseUrl: string },
): boolean {
  if (protocolName === "twilio" && secrets.twilio !== undefined) {
    const query = request.query === "" ? "" : `?${request.query}`;
    const url = `${baseUrl}${request.path}${query}`;
    const right = createHmac("sha1", secrets.twilio).update(url).digest("base64");
    return isSame(request.headers["x-twilio-signature"], right);
  }
  if (protocolName === "audiohook" && secrets.audiohook !== undefined) {
    return isSame(request.headers["x-api-key"], secrets.audiohook);
  }
  return true;
}

/** In constant time, whatever the lengths. */
function isSame(given: string | undefined, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(right));
}
