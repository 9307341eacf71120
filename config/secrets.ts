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

/**
 * Reads the token of the control API; white space around it, such as a file's last line end, does
 * not belong to it.
 */
export function readApiToken(
  place: SecretPlace,
  env: Readonly<Record<string, string | undefined>>,
): SecretReading {
  const found = place.env === undefined ? fromFile(place.file ?? "") : fromEnv(place.env, env);
  if (!found.ok) return found;
  const secret = found.secret.trim();
  const source = place.env === undefined ? `file ${place.file}` : `variable ${place.env}`;
  const { min, max } = limits.http.apiTokenChars;
  if (secret.length < min || secret.length > max) {
    const message = `${source} holds a token of ${secret.length} characters; ${min} to ${max} are right`;
    return { ok: false, message };
  }
  // RFC 6750 section 2.1: other characters cannot stand in the header.
  return /^[A-Za-z0-9._~+/-]+=*$/.test(secret)
    ? { ok: true, secret }
    : {
        ok: false,
        message: `${source} holds a token with other characters than A-Z a-z 0-9 -._~+/`,
      };
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
