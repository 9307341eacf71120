/**
 * The token that lets one media stream in. It is signed and says until when it is good, so a
 * gateway can turn forged and expired ones away before it promises anything; that it is used once,
 * the gateway remembers.
 *
 * ```
 *   mxk3f2.Zr9…(16).Jf0…(43)  =  until, in seconds, base 36 "." nonce "." signature
 *   signature  =  HMAC-SHA-256(key, "voxtree media 1\n" call id "\n" until "\n" nonce)
 * ```
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type MediaTokenFault = "wrongToken" | "expired";

/** @param options.nonce 12 random bytes or more, so that no two tokens of a call are the same */
export function mediaToken(
  key: Uint8Array,
  options: {
    readonly callId: string;
    readonly untilEpochMs: number;
    readonly nonce: Uint8Array;
  },
): string {
  const until = Math.ceil(options.untilEpochMs / 1000).toString(36);
  const nonce = Buffer.from(options.nonce).toString("base64url");
  return `${until}.${nonce}.${signature(key, options.callId, until, nonce)}`;
}

/** What is wrong with a token of this call; undefined when nothing is. In constant time. */
export function judgeMediaToken(
  key: Uint8Array,
  call: { readonly callId: string; readonly token: string; readonly nowEpochMs: number },
): MediaTokenFault | undefined {
  const [, until, nonce, given] =
    /^([0-9a-z]{1,9})\.([\w-]{16,64})\.([\w-]{43})$/.exec(call.token) ?? [];
  if (until === undefined || nonce === undefined || given === undefined) return "wrongToken";
  const right = Buffer.from(signature(key, call.callId, until, nonce));
  if (!timingSafeEqual(Buffer.from(given), right)) return "wrongToken";
  return parseInt(until, 36) * 1000 < call.nowEpochMs ? "expired" : undefined;
}

function signature(key: Uint8Array, callId: string, until: string, nonce: string): string {
  const what = `voxtree media 1\n${callId}\n${until}\n${nonce}`;
  return createHmac("sha256", key).update(what).digest("base64url");
}
