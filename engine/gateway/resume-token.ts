/**
 * The secret with which a media client takes up its call on another connection. It is signed, not
 * remembered: whoever holds the key, also a gateway of a later life, can tell a right one.
 *
 * ```
 *   7.Jf0…  =  generation "." HMAC-SHA-256(key, "voxtree resume 1\n" call id "\n" generation)
 * ```
 *
 * Every resumption gives out the next generation, and so uses the ones before up.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** A key is at least as long as what it makes (RFC 2104 section 3). */
export const resumeKeyBytes = 32;

/** The token of a call's nth connection; the first has generation 0. */
export function resumeToken(key: Uint8Array, callId: string, generation: number): string {
  return `${generation}.${signature(key, callId, generation)}`;
}

/** The generation of a token of this call; undefined when it is none. In constant time. */
export function resumeGeneration(
  key: Uint8Array,
  callId: string,
  token: string,
): number | undefined {
  const [, digits, given] = /^(\d{1,9})\.([\w-]{43})$/.exec(token) ?? [];
  if (digits === undefined || given === undefined) return undefined;
  const generation = Number(digits);
  const right = Buffer.from(signature(key, callId, generation));
  return timingSafeEqual(Buffer.from(given), right) ? generation : undefined;
}

function signature(key: Uint8Array, callId: string, generation: number): string {
  const what = `voxtree resume 1\n${callId}\n${generation}`;
  return createHmac("sha256", key).update(what).digest("base64url");
}
