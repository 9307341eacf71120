/** Secrets by reference: a configuration names where they are kept and never holds them. */
import { readFileSync } from "node:fs";
import { limits } from "./limits.js";

/** A secret's place: exactly one of the two. */
export type SecretPlace = {
  readonly env?: string | undefined;
  /** Absolute path. */
  readonly file?: string | undefined;
};

export type SecretReading =
  | { readonly ok: true; readonly secret: string }
  /** Says what is wrong, never what the secret is. */
  | { readonly ok: false; readonly message: string };

/** What a secret must look like. */
type SecretRule = {
  /** "a token", "a key". */
  readonly what: string;
  readonly chars: { readonly min: number; readonly max: number };
  readonly pattern: RegExp;
  /** The characters of the pattern, for people. */
  readonly allowed: string;
};

/** RFC 6750 section 2.1: other characters cannot stand in the header. */
export const apiTokenRule: SecretRule = {
  what: "a token",
  chars: limits.http.apiTokenChars,
  pattern: /^[A-Za-z0-9._~+/-]+=*$/,
  allowed: "A-Z a-z 0-9 -._~+/",
};

/** Keys of vendors go into headers and messages: visible ASCII (RFC 9110 section 5.5). */
export const vendorKeyRule: SecretRule = {
  what: "a key",
  chars: limits.recognitionVendor.keyChars,
  pattern: /^[!-~]+$/,
  allowed: "visible ASCII, without spaces",
};

/** Secrets that are bytes, written in base64 (RFC 4648 section 4). */
export const base64Rule: SecretRule = {
  what: "a secret in base64",
  chars: { min: 24, max: 1024 },
  pattern: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  allowed: "A-Z a-z 0-9 + / and = at the end, a multiple of four",
};

/** Where a Redis is, with its password, if it has one. */
export const redisUrlRule: SecretRule = {
  what: "a URL",
  chars: { min: 9, max: 2048 },
  pattern: /^rediss?:\/\/[!-~]+$/,
  allowed: "those of a redis:// or rediss:// URL",
};

/** Passwords of trunks go into HTTP Basic authentication (RFC 7617 section 2). */
export const passwordRule: SecretRule = { ...vendorKeyRule, what: "a password" };

/** A private key of a trunk, as the PEM file that its carrier gave out (RFC 7468). */
export const privateKeyRule: SecretRule = {
  what: "a private key",
  chars: { min: 100, max: 16_384 },
  pattern: /^-----BEGIN [A-Z ]*PRIVATE KEY-----[\sA-Za-z0-9+/=]+-----END [A-Z ]*PRIVATE KEY-----$/,
  allowed: "those of a PEM file",
};

/** Reads a secret; white space around it, such as a file's last line end, does not belong to it. */
export function readSecret(
  place: SecretPlace,
  env: Readonly<Record<string, string | undefined>>,
  { what, chars: { min, max }, pattern, allowed }: SecretRule,
): SecretReading {
  const found = place.env === undefined ? fromFile(place.file ?? "") : fromEnv(place.env, env);
  if (!found.ok) return found;
  const secret = found.secret.trim();
  const source = place.env === undefined ? `file ${place.file}` : `variable ${place.env}`;
  if (secret.length < min || secret.length > max) {
    const message = `${source} holds ${what} of ${secret.length} characters; ${min} to ${max} are right`;
    return { ok: false, message };
  }
  return pattern.test(secret)
    ? { ok: true, secret }
    : { ok: false, message: `${source} holds ${what} with other characters than ${allowed}` };
}

function fromEnv(name: string, env: Readonly<Record<string, string | undefined>>): SecretReading {
  const secret = env[name];
  if (secret !== undefined && secret !== "") return { ok: true, secret };
  const state = secret === undefined ? "not set" : "empty";
  return { ok: false, message: `environment variable ${name} is ${state}` };
}

function fromFile(path: string): SecretReading {
  try {
    return { ok: true, secret: readFileSync(path, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    return { ok: false, message: `cannot read ${path} (${code})` };
  }
}
