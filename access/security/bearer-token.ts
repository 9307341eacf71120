/**
 * A JSON Web Token in the handshake, signed with HMAC-SHA-256 (RFC 7519, 7515), as Vonage sends it
 * where its NCCO says so. Read here since an upgrade is judged at once, without waiting.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** A token is for now, also where it says that it is good for longer. */
const ageSecondsMax = 300;
/** Clocks differ. */
const skewSeconds = 30;

type Claims = Readonly<Record<string, unknown>>;

/** Whether an `Authorization` header carries a token of this secret, of now. */
export function isBearerToken(
  header: string | undefined,
  { secret, nowEpochMs }: { readonly secret: string; readonly nowEpochMs: number },
): boolean {
  const [, head, body, signature] =
    /^Bearer ([\w-]{1,1024})\.([\w-]{1,4096})\.([\w-]{43})$/i.exec(header ?? "") ?? [];
  if (head === undefined || body === undefined || signature === undefined) return false;
  const right = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  if (!timingSafeEqual(Buffer.from(signature, "base64url"), right)) return false;
  return claimsOf(head)["alg"] === "HS256" && isOfNow(claimsOf(body), nowEpochMs / 1000);
}

function isOfNow({ iat, exp, nbf }: Claims, nowSeconds: number): boolean {
  if (typeof iat !== "number" || iat > nowSeconds + skewSeconds) return false;
  if (exp !== undefined && !(typeof exp === "number" && exp > nowSeconds - skewSeconds))
    return false;
  if (nbf !== undefined && !(typeof nbf === "number" && nbf < nowSeconds + skewSeconds))
    return false;
  return iat >= nowSeconds - ageSecondsMax;
}

/** @returns nothing for what is no JSON object */
function claimsOf(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Claims) : {};
  } catch {
    return {}; // Signed with our secret and no JSON all the same: it has no claims.
  }
}
