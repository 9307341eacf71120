/**
 * Who may use the control API: the bearer of the token; or, where none is configured, whoever is on
 * this machine and means it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../config/loopback-host.js";
import type { Problem } from "./problem.js";

/** The headers that decide. */
export type AccessHeaders = {
  readonly authorization?: string | undefined;
  readonly host?: string | undefined;
};

/** Undefined lets a request in. */
export type AccessGuard = (headers: AccessHeaders) => Problem | undefined;

/** @param apiToken what requests must bear; undefined: loopback is all the protection there is */
export function createAccessGuard(apiToken: string | undefined): AccessGuard {
  return apiToken === undefined ? loopbackGuard : bearerGuard(apiToken);
}

/**
 * Compares hashes, which are equally long, in constant time: how long a refusal takes tells nothing
 * about the token, not even its length.
 *
 * @see RFC 6750 section 2.1 and 3
 */
function bearerGuard(apiToken: string): AccessGuard {
  const expected = sha256(apiToken);
  return ({ authorization = "" }) => {
    const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (given !== undefined && timingSafeEqual(sha256(given), expected)) return undefined;
    const why = given === undefined ? "carries no token" : "carries a wrong token";
    return {
      status: 401,
      code: "UNAUTHORIZED",
      title: "Not authorised",
      detail: `the request ${why}: send "Authorization: Bearer <token>" with the token of http.apiToken`,
      headers: { "www-authenticate": 'Bearer realm="voxtree"' },
    };
  };
}

/**
 * A web page can make a browser on this machine send requests here under a name of its own that it
 * lets point to 127.0.0.1 (DNS rebinding). Those carry that name as `Host`.
 */
function loopbackGuard({ host = "" }: AccessHeaders): Problem | undefined {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (isLoopback(name.toLowerCase())) return undefined;
  return {
    status: 421,
    code: "MISDIRECTED",
    title: "Wrong host name",
    detail:
      `without http.apiToken only this machine is served, as 127.0.0.1, ::1 or localhost, ` +
      `not as ${JSON.stringify(name.slice(0, 80))}`,
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
