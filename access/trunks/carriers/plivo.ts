/**
 * Plivo: calls by its Voice API, XML that connects an answered callee with our media stream,
 * webhooks signed by version 3.
 *
 * @see https://www.plivo.com/docs/voice/api/call/make-a-call
 * @see https://www.plivo.com/docs/voice/troubleshooting/hangup-causes
 */
import { outcomeOfCause } from "../freeswitch/hangup-cause.js";
import type { TrunkOutcome } from "../trunk.js";
import { headerOf, type WebhookRequest } from "../webhook.js";
import {
  textAt,
  type CarrierAccount,
  type CarrierCall,
  type CarrierDialect,
  type CarrierNews,
  type CarrierNotice,
  type CarrierTarget,
} from "./carrier-dialect.js";
import { isPlivoSignature, plivoSignature } from "./plivo-signature.js";
import { element, xmlDocument } from "./xml.js";

/** Plivo's own codes say more than the status; those that are not here are left to it. */
const byCode: Readonly<Record<string, TrunkOutcome>> = {
  "1000": "cancelled",
  "1010": "failed",
  "1020": "congestion",
  "2000": "invalid_number",
  "2010": "unreachable",
  "2020": "unreachable",
  "2030": "failed",
  "2040": "failed",
  "3000": "no_answer",
  "3010": "busy",
  "3020": "rejected",
};

const byStatus: Readonly<Record<string, TrunkOutcome>> = {
  busy: "busy",
  timeout: "no_answer",
  "no-answer": "no_answer",
  cancel: "cancelled",
  rejected: "rejected",
  completed: "answered",
  failed: "failed",
};

export function plivoDialect(account: CarrierAccount): CarrierDialect {
  const { account: authId, password, url = "https://api.plivo.com" } = account;
  const base = `/v1/Account/${encodeURIComponent(authId)}`;
  const callPath = (id: string): string => `${base}/Call/${encodeURIComponent(id)}/`;
  const basic = `Basic ${Buffer.from(`${authId}:${password}`).toString("base64")}`;
  return {
    vendor: "Plivo",
    url,
    authorization: () => basic,
    probe: { method: "GET", path: `${base}/` },
    dial: (call) => ({ method: "POST", path: `${base}/Call/`, body: dialBody(call) }),
    idOf: (body) => textAt(body, "request_uuid"),
    refusalOf({ status, body }) {
      const words = textAt(body, "error") ?? "";
      const cause = [`HTTP ${status}`, words].filter((word) => word !== "").join(" ");
      if (status === 400 && /\bto\b.*(invalid|not valid)|invalid.*\bto\b/i.test(words)) {
        return { outcome: "invalid_number", cause };
      }
      return { outcome: status === 429 ? "congestion" : "failed", cause };
    },
    hangup: (id, isAnswered) => ({
      method: "DELETE",
      // A call that rings is still a request.
      path: isAnswered ? callPath(id) : `${base}/Request/${encodeURIComponent(id)}/`,
    }),
    state: (id) => ({ method: "GET", path: `${callPath(id)}?status=live` }),
    stateOf({ status, body }) {
      if (status < 300) return newsOf(textAt(body, "call_status"), {});
      return { kind: "ended", outcome: "unknown", cause: "Plivo has no such live call" };
    },
    transfer: (id, { hook }) => ({
      method: "POST",
      path: callPath(id),
      body: { legs: "aleg", aleg_url: hook("transfer"), aleg_method: "POST" },
    }),
    transferred: (target) => ({
      status: 200,
      contentType: "text/xml",
      body: handOnTo(target),
    }),
    keys: (id, digits) => ({ method: "POST", path: `${callPath(id)}DTMF/`, body: { digits } }),
    isGenuine: (request) => isSigned(request, password),
    read: readWebhook,
    connect: (call) => ({ status: 200, contentType: "text/xml", body: xmlOf(call) }),
    nobody: {
      status: 200,
      contentType: "text/xml",
      body: xmlDocument(element("Response", {}, [element("Hangup", {})])),
    },
  };
}

function dialBody(call: CarrierCall): object {
  const { to, from, ringSeconds, hook, detectsMachines } = call;
  const plain = (number: string): string => number.replace(/^\+/, "");
  const machine = {
    machine_detection: "true",
    machine_detection_url: hook("machine"),
    machine_detection_method: "POST",
  };
  return {
    from: plain(from),
    to: plain(to),
    answer_url: hook("answer"),
    answer_method: "POST",
    ring_url: hook("status"),
    ring_method: "POST",
    hangup_url: hook("status"),
    hangup_method: "POST",
    ring_timeout: Math.min(600, ringSeconds),
    ...(detectsMachines ? machine : {}),
  };
}

/** Extra headers take letters and digits only, which a token is not: it stands in the URL. */
function xmlOf({ callId, token, mediaUrl }: CarrierCall): string {
  const query = new URLSearchParams({ callId, token }).toString();
  const stream = element(
    "Stream",
    {
      bidirectional: "true",
      // Else the call would end at once, for want of anything else to do.
      keepCallAlive: "true",
      contentType: "audio/x-l16;rate=16000",
      streamTimeout: "86400",
    },
    { text: `${mediaUrl}/media/plivo?${query}` },
  );
  return xmlDocument(element("Response", {}, [stream]));
}

function handOnTo({ to, from, ringSeconds }: CarrierTarget): string {
  const plain = (number: string): string => number.replace(/^\+/, "");
  const timeout = String(Math.min(600, ringSeconds));
  const number = element("Number", {}, { text: plain(to) });
  const dial = element("Dial", { callerId: plain(from), timeout }, [number]);
  return xmlDocument(element("Response", {}, [dial]));
}

function isSigned(request: WebhookRequest, authToken: string): boolean {
  const given = headerOf(request, "x-plivo-signature-v3");
  const nonce = headerOf(request, "x-plivo-signature-v3-nonce");
  if (given === "" || nonce === "" || request.method !== "POST") return false;
  const fields = new URLSearchParams(request.body);
  return isPlivoSignature(given, plivoSignature({ url: request.url, fields, nonce }, authToken));
}

function readWebhook({ url, hook, body }: WebhookRequest): CarrierNotice {
  const form = new URLSearchParams(body);
  const field = (name: string): string | undefined => form.get(name) ?? undefined;
  const callId = new URL(url).searchParams.get("call") ?? undefined;
  const carrierId = field("RequestUUID") ?? field("CallUUID");
  const machine = field("Machine");
  if (hook === "machine" && machine !== undefined) {
    const who = machine === "true" ? "machine" : "human";
    return { callId, carrierId, news: { kind: "answeredBy", who, cause: `Machine=${machine}` } };
  }
  const [code, name] = [field("HangupCauseCode"), field("HangupCauseName")];
  const reason = field("HangupCause");
  return { callId, carrierId, news: newsOf(field("CallStatus"), { code, name, reason }) };
}

function newsOf(
  status: string | undefined,
  hangup: {
    readonly code?: string | undefined;
    readonly name?: string | undefined;
    readonly reason?: string | undefined;
  },
): CarrierNews | undefined {
  if (status === "ringing") return { kind: "ringing" };
  if (status === "in-progress") return { kind: "answered" };
  const outcome = status === undefined ? undefined : byStatus[status];
  if (outcome === undefined) return undefined;
  const { code, name, reason } = hangup;
  const words = [status, reason, code === undefined ? name : `${code} ${name ?? ""}`.trim()];
  const cause = words.filter((word) => word !== undefined).join(", ");
  if (outcome === "answered") return { kind: "ended", outcome, cause };
  const byReason =
    reason === undefined
      ? undefined
      : outcomeOfCause(reason, { isCancelled: false, wasRinging: true });
  const told = byCode[code ?? ""] ?? (byReason === "failed" ? undefined : byReason);
  return { kind: "ended", outcome: told ?? outcome, cause };
}
