/**
 * Plivo's signature of its requests, version 3: HMAC-SHA256 over the URL it called, its fields in
 * order, and a number used once. Pure.
 *
 *   POST, no query:    https://host/path?<k1><v1><k2><v2>.<nonce>
 *   POST with a query: https://host/path?a=1&b=2.<k1><v1><k2><v2>.<nonce>
 *
 * @see https://www.plivo.com/docs/voice/concepts/signature-validation
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** @param fields of the form in the body */
export function plivoSignature(
  request: { readonly url: string; readonly fields: URLSearchParams; readonly nonce: string },
  authToken: string,
): string {
  const { url, fields, nonce } = request;
  const [place = "", query = ""] = url.split("?", 2);
  const inQuery = sorted(new URLSearchParams(query)).map(([key, value]) => `${key}=${value}`);
  const inBody = sorted(fields).map(([key, value]) => `${key}${value}`);
  const hasQuery = inQuery.length > 0;
  const hasBody = inBody.length > 0;
  const text =
    place +
    (hasQuery || hasBody ? "?" : "") +
    inQuery.join("&") +
    (hasQuery && hasBody ? "." : "") +
    inBody.join("");
  return createHmac("sha256", authToken).update(`${text}.${nonce}`).digest("base64");
}

/** @param given the header: several signatures, separated by commas, where tokens are changed */
export function isPlivoSignature(given: string, expected: string): boolean {
  const right = Buffer.from(expected);
  return given.split(",", 8).some((one) => {
    const signature = Buffer.from(one.trim());
    return signature.length === right.length && timingSafeEqual(signature, right);
  });
}

/** By name, then by value, as character codes have it. */
function sorted(fields: URLSearchParams): [string, string][] {
  return [...fields].sort(([name, value], [otherName, otherValue]) => {
    if (name !== otherName) return name < otherName ? -1 : 1;
    return value < otherValue ? -1 : value > otherValue ? 1 : 0;
  });
}
