/**
 * Vonage: calls by its Voice API, an NCCO that connects an answered callee with our WebSocket,
 * webhooks signed with a JWT over their body.
 *
 * @see https://developer.vonage.com/en/api/voice
 * @see https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
 */
import { createHash, createPrivateKey, randomUUID, type KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { EngineError } from "../../../base/errors.js";
import { outcomeOfSip } from "../outcome.js";
import type { AnsweredBy, TrunkOutcome } from "../trunk.js";
import { headerOf, type WebhookRequest } from "../webhook.js";
import {
  jsonOf,
  textAt,
  type CarrierAccount,
  type CarrierCall,
  type CarrierDialect,
  type CarrierNews,
  type CarrierNotice,
  type CarrierTarget,
} from "./carrier-dialect.js";

/** A token of ours is for one request; a webhook's is for now. */
const ageSecondsMax = 300;
/** Samples a second on the media socket, of what Vonage offers the one that speech needs. */
const rateHz = 16_000;

const byStatus: Readonly<Record<string, TrunkOutcome>> = {
  busy: "busy",
  timeout: "no_answer",
  unanswered: "no_answer",
  rejected: "rejected",
  cancelled: "cancelled",
  completed: "answered",
  disconnected: "answered",
  failed: "failed",
};

/** What `detail` says more than the status. */
const byDetail: Readonly<Record<string, TrunkOutcome>> = {
  cannot_route: "unreachable",
  number_out_of_service: "invalid_number",
  unavailable: "unreachable",
  carrier_timeout: "no_answer",
  declined: "rejected",
  restricted: "rejected",
};

/** @throws {EngineError} `CARRIER_ACCOUNT` when the private key is none */
export function vonageDialect(account: CarrierAccount): CarrierDialect {
  const { account: applicationId, password, url = "https://api.nexmo.com" } = account;
  const privateKey = privateKeyOf(password);
  const secret = Buffer.from(account.signatureSecret ?? "");
  const callPath = (id: string): string => `/v1/calls/${encodeURIComponent(id)}`;
  return {
    vendor: "Vonage",
    url,
    authorization: async () => `Bearer ${await tokenOf(applicationId, privateKey)}`,
    probe: { method: "GET", path: "/v1/calls?page_size=1" },
    dial: (call) => ({ method: "POST", path: "/v1/calls", body: dialBody(call) }),
    idOf: (body) => textAt(body, "uuid"),
    refusalOf({ status, body }) {
      const words = [`HTTP ${status}`, textAt(body, "title"), textAt(body, "detail")];
      const cause = words.filter((word) => word !== undefined).join(" ");
      const [wrong] =
        (body as { invalid_parameters?: unknown[] } | undefined)?.invalid_parameters ?? [];
      const isNumber = /^to\b/.test(textAt(wrong, "name") ?? "");
      if (isNumber) return { outcome: "invalid_number", cause };
      return { outcome: status === 429 ? "congestion" : "failed", cause };
    },
    hangup: (id) => ({ method: "PUT", path: callPath(id), body: { action: "hangup" } }),
    state: (id) => ({ method: "GET", path: callPath(id) }),
    stateOf({ status, body }) {
      if (status === 404)
        return { kind: "ended", outcome: "unknown", cause: "Vonage has no such call" };
      return newsOf(body);
    },
    transfer: (id, target) => ({
      method: "PUT",
      path: callPath(id),
      body: transferBody(target),
    }),
    keys: (id, digits) => ({ method: "PUT", path: `${callPath(id)}/dtmf`, body: { digits } }),
    isGenuine: (request, nowEpochMs) => isSigned(request, { secret, applicationId, nowEpochMs }),
    read: readWebhook,
    connect: (call) => ({ status: 200, contentType: "application/json", body: nccoOf(call) }),
    nobody: { status: 200, contentType: "application/json", body: "[]" },
  };
}

function dialBody(call: CarrierCall): object {
  const { to, from, ringSeconds, hook, detectsMachines } = call;
  const phone = (number: string) => ({ type: "phone", number: number.replace(/^\+/, "") });
  const detection = { behavior: "continue", mode: "detect_beep", beep_timeout: 45 };
  return {
    to: [phone(to)],
    from: phone(from),
    answer_url: [hook("answer")],
    answer_method: "POST",
    event_url: [hook("status")],
    event_method: "POST",
    ringing_timer: Math.min(120, ringSeconds),
    ...(detectsMachines ? { advanced_machine_detection: detection } : {}),
  };
}

/** @see https://developer.vonage.com/en/api/voice#updateCall */
function transferBody({ to, from, ringSeconds }: CarrierTarget): object {
  const plain = (number: string): string => number.replace(/^\+/, "");
  const connect = {
    action: "connect",
    from: plain(from),
    timeout: Math.min(120, ringSeconds),
    endpoint: [{ type: "phone", number: plain(to) }],
  };
  return { action: "transfer", destination: { type: "ncco", ncco: [connect] } };
}

function nccoOf({ callId, token, mediaUrl }: CarrierCall): string {
  const endpoint = {
    type: "websocket",
    uri: `${mediaUrl}/media/vonage`,
    "content-type": `audio/l16;rate=${rateHz}`,
    headers: { callId, token },
    // Its handshake brings a token like that of a webhook.
    authorization: { type: "vonage" },
  };
  return JSON.stringify([{ action: "connect", endpoint: [endpoint] }]);
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const message = "Vonage's private key is not one: it is the PEM file of the application";
    throw new EngineError("CARRIER_ACCOUNT", message, {}, { cause });
  }
}

function tokenOf(applicationId: string, privateKey: KeyObject): Promise<string> {
  return new SignJWT({ application_id: applicationId })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime(`${ageSecondsMax}s`)
    .setJti(randomUUID())
    .sign(privateKey);
}

async function isSigned(
  request: WebhookRequest,
  own: { readonly secret: Uint8Array; readonly applicationId: string; readonly nowEpochMs: number },
): Promise<boolean> {
  const token = /^Bearer (\S+)$/i.exec(headerOf(request, "authorization"))?.[1];
  if (token === undefined || own.secret.length === 0 || request.method !== "POST") return false;
  try {
    const { payload } = await jwtVerify(token, own.secret, {
      algorithms: ["HS256"],
      maxTokenAge: ageSecondsMax,
      clockTolerance: 60,
      currentDate: new Date(own.nowEpochMs),
    });
    const { payload_hash: hash, application_id: application } = payload;
    if (application !== undefined && application !== own.applicationId) return false;
    return hash === createHash("sha256").update(request.body).digest("hex");
  } catch {
    return false; // Broken, foreign, or old: the peer is told nothing more.
  }
}

/**
 * Events of the WebSocket's own leg come here, too, with another id. The URL is not signed: it
 * names the call, and the id in the body must be that call's.
 */
function readWebhook({ url, body }: WebhookRequest): CarrierNotice {
  const event = jsonOf(body);
  return {
    callId: new URL(url).searchParams.get("call") ?? undefined,
    carrierId: textAt(event, "uuid"),
    news: newsOf(event),
  };
}

function newsOf(event: unknown): CarrierNews | undefined {
  const status = textAt(event, "status") ?? "";
  if (status === "ringing") return { kind: "ringing" };
  if (status === "answered") return { kind: "answered" };
  if (status === "human" || status === "machine") {
    const part = textAt(event, "sub_state");
    const who: AnsweredBy = part === "beep_start" ? "beep" : status;
    return { kind: "answeredBy", who, cause: part ?? status };
  }
  const outcome = byStatus[status];
  if (outcome === undefined) return undefined;
  const sip = textAt(event, "sip_code");
  const detail = textAt(event, "detail");
  const words = [status, detail, sip === undefined ? undefined : `SIP ${sip}`];
  const cause = words.filter((word) => word !== undefined).join(", ");
  const isVague = outcome === "failed" || outcome === "rejected" || outcome === "no_answer";
  const told =
    byDetail[detail ?? ""] ?? (outcome === "failed" ? outcomeOfSip(Number(sip)) : undefined);
  return { kind: "ended", outcome: isVague ? (told ?? outcome) : outcome, cause };
}
