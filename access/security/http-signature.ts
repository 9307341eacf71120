/**
 * HTTP message signatures (RFC 9421) on the handshake of a media socket, with HMAC-SHA-256, as
 * Genesys signs its requests: over the target, the host, the ids of the session and the API key.
 * A signature is for now, and once: an old or repeated one is somebody's copy.
 *
 * @see https://developer.genesys.cloud/devapps/audiohook/security
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { parseDictionary, serializeInnerList } from "structured-headers";
import type { UpgradeRequest } from "../transports/transport.js";

/** RFC 8941, as the package reads it; its own types want those of a browser. */
type Parameters = ReadonlyMap<string, unknown>;
type Item = readonly [value: unknown, parameters: Parameters];
type InnerList = readonly [items: readonly Item[], parameters: Parameters];
type Dictionary = ReadonlyMap<string, Item | InnerList>;

/** What a signature must cover; more is no harm. */
const needed = [
  "@request-target",
  "@authority",
  "audiohook-organization-id",
  "audiohook-session-id",
  "audiohook-correlation-id",
  "x-api-key",
] as const;
/** So old may a signature be, also where it says that it is good for longer. */
const ageSecondsMax = 30;
/** Clocks differ. */
const skewSeconds = 5;
const nonceLengthMin = 16;
/** For how long a nonce must be remembered. */
export const NONCE_KEPT_MS = (ageSecondsMax + 2 * skewSeconds) * 1000;

export type SignatureRules = {
  /** How the peer reaches us, e.g. `voice.example.com`. */
  readonly authority: string;
  /** Names the secret; the peer's API key. */
  readonly keyId: string;
  readonly secret: Uint8Array;
  readonly nowEpochMs: number;
  /** Takes a nonce; false when it came before. */
  readonly takeNonce: (nonce: string) => boolean;
};

/** Whether the request carries a right signature of the peer: whole, of now, and never seen. */
export function isSignedRequest(request: UpgradeRequest, rules: SignatureRules): boolean {
  const signed = firstSignature(request);
  if (signed === undefined) return false;
  const { input, signature } = signed;
  const [components, parameters] = input;
  const names = components.map(([name]) => name);
  if (new Set(names).size !== names.length || !needed.every((one) => names.includes(one))) {
    return false;
  }
  if (parameters.get("alg") !== "hmac-sha256" || parameters.get("keyid") !== rules.keyId) {
    return false;
  }
  const base = signatureBase(request, input, rules.authority);
  if (base === undefined) return false;
  const right = createHmac("sha256", rules.secret).update(base).digest();
  if (signature.length !== right.length || !timingSafeEqual(signature, right)) return false;
  return isOfNow(parameters, rules.nowEpochMs / 1000) && isNew(parameters, rules);
}

/** The first one, whatever its label: Genesys makes no other. */
function firstSignature({
  headers,
}: UpgradeRequest): { readonly input: InnerList; readonly signature: Uint8Array } | undefined {
  const [label, input] = [...dictionary(headers["signature-input"])][0] ?? [];
  if (label === undefined || input === undefined || !isInnerList(input)) return undefined;
  const given = dictionary(headers["signature"]).get(label)?.[0];
  return given instanceof ArrayBuffer ? { input, signature: new Uint8Array(given) } : undefined;
}

function dictionary(header: string | undefined): Dictionary {
  try {
    return header === undefined ? new Map() : (parseDictionary(header) as Dictionary);
  } catch {
    return new Map(); // Not what RFC 8941 calls a dictionary: no signature.
  }
}

function isInnerList(member: Item | InnerList): member is InnerList {
  return Array.isArray(member[0]);
}

/** RFC 9421 section 2.5; undefined when something that is covered is not there. */
function signatureBase(
  { path, query, headers }: UpgradeRequest,
  input: InnerList,
  authority: string,
): string | undefined {
  const lines: string[] = [];
  for (const [name, parameters] of input[0]) {
    if (typeof name !== "string" || parameters.size > 0) return undefined;
    const value =
      name === "@request-target"
        ? `${path}${query === "" ? "" : `?${query}`}`
        : name === "@authority"
          ? authority.toLowerCase()
          : headers[name]?.trim();
    if (value === undefined) return undefined;
    lines.push(`"${name}": ${value}`);
  }
  lines.push(`"@signature-params": ${serializeInnerList(input as never)}`);
  return lines.join("\n");
}

function isOfNow(parameters: Parameters, nowSeconds: number): boolean {
  const [created, expires] = [parameters.get("created"), parameters.get("expires")];
  if (typeof created !== "number" || created > nowSeconds + skewSeconds) return false;
  if (
    expires !== undefined &&
    (typeof expires !== "number" || expires < nowSeconds - skewSeconds)
  ) {
    return false;
  }
  return created >= nowSeconds - ageSecondsMax;
}

function isNew(parameters: Parameters, { takeNonce }: SignatureRules): boolean {
  const nonce = parameters.get("nonce");
  return typeof nonce === "string" && nonce.length >= nonceLengthMin && takeNonce(nonce);
}
