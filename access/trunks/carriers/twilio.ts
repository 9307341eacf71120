/**
 * Twilio: calls by its REST interface, TwiML that connects an answered callee with our media
 * stream, signed webhooks.
 *
 * @see https://www.twilio.com/docs/voice/api/call-resource
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 */
import webhooks from "twilio/lib/webhooks/webhooks.js";
import { outcomeOfSip } from "../outcome.js";
import type { AnsweredBy, TrunkOutcome } from "../trunk.js";
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
import { element, xmlDocument } from "./xml.js";

const byStatus: Readonly<Record<string, TrunkOutcome>> = {
  busy: "busy",
  "no-answer": "no_answer",
  canceled: "cancelled",
  completed: "answered",
  failed: "failed",
};

/** Errors of the REST interface that are about the number, not about us. */
const wrongNumber = new Set(["21211", "21214", "21217", "13223", "13224"]);

const byAnsweredBy: Readonly<Record<string, AnsweredBy>> = {
  human: "human",
  fax: "fax",
  unknown: "unknown",
  machine_start: "machine",
  machine_end_beep: "beep",
  machine_end_silence: "machine",
  machine_end_other: "machine",
};

export function twilioDialect(account: CarrierAccount): CarrierDialect {
  const { account: sid, password, url = "https://api.twilio.com" } = account;
  const calls = `/2010-04-01/Accounts/${encodeURIComponent(sid)}/Calls`;
  const callPath = (id: string): string => `${calls}/${encodeURIComponent(id)}.json`;
  const basic = `Basic ${Buffer.from(`${sid}:${password}`).toString("base64")}`;
  return {
    vendor: "Twilio",
    url,
    authorization: () => basic,
    probe: { method: "GET", path: `/2010-04-01/Accounts/${encodeURIComponent(sid)}.json` },
    dial: (call) => ({ method: "POST", path: `${calls}.json`, body: formOf(call) }),
    idOf: (body) => textAt(body, "sid"),
    refusalOf({ status, body }) {
      const code = textAt(body, "code") ?? "";
      const words = [`HTTP ${status}`, code, textAt(body, "message") ?? ""];
      const cause = words.filter((word) => word !== "").join(" ");
      if (wrongNumber.has(code)) return { outcome: "invalid_number", cause };
      return { outcome: status === 429 ? "congestion" : "failed", cause };
    },
    hangup: (id) => ({
      method: "POST",
      path: callPath(id),
      body: new URLSearchParams({ Status: "completed" }),
    }),
    transfer: (id, target) => ({
      method: "POST",
      path: callPath(id),
      body: new URLSearchParams({ Twiml: handOnTo(target) }),
    }),
    state: (id) => ({ method: "GET", path: callPath(id) }),
    stateOf({ status, body }) {
      if (status === 404)
        return { kind: "ended", outcome: "unknown", cause: "Twilio has no such call" };
      return newsOf(textAt(body, "status"), undefined);
    },
    isGenuine: (request) => isSigned(request, password),
    read: readWebhook,
    connect: (call) => ({ status: 200, contentType: "text/xml", body: twimlOf(call) }),
    nobody: {
      status: 200,
      contentType: "text/xml",
      body: xmlDocument(element("Response", {}, [element("Hangup", {})])),
    },
  };
}

function formOf({ to, from, ringSeconds, hook, detectsMachines }: CarrierCall): URLSearchParams {
  const form = new URLSearchParams({
    To: to,
    From: from,
    Url: hook("answer"),
    Method: "POST",
    Timeout: String(Math.min(600, ringSeconds)),
    StatusCallback: hook("status"),
    StatusCallbackMethod: "POST",
  });
  for (const event of ["ringing", "answered", "completed"])
    form.append("StatusCallbackEvent", event);
  if (!detectsMachines) return form;
  form.set("MachineDetection", "DetectMessageEnd");
  form.set("AsyncAmd", "true");
  form.set("AsyncAmdStatusCallback", hook("machine"));
  return form;
}

/** Queries of stream URLs do not reach us through Twilio: call and token are parameters. */
function twimlOf({ callId, token, mediaUrl }: CarrierCall): string {
  const parameters = Object.entries({ callId, token }).map(([name, value]) =>
    element("Parameter", { name, value }),
  );
  const stream = element("Stream", { url: `${mediaUrl}/media/twilio` }, parameters);
  return xmlDocument(element("Response", {}, [element("Connect", {}, [stream])]));
}

/** Behind the conversation there is nothing: the callee's call ends. */
function handOnTo({ to, from, ringSeconds }: CarrierTarget): string {
  const timeout = String(Math.min(600, ringSeconds));
  const dial = element("Dial", { callerId: from, timeout }, [element("Number", {}, { text: to })]);
  return xmlDocument(element("Response", {}, [dial]));
}

function isSigned(request: WebhookRequest, authToken: string): boolean {
  const signature = headerOf(request, "x-twilio-signature");
  if (signature === "" || request.method !== "POST") return false;
  const fields = Object.fromEntries(new URLSearchParams(request.body));
  return webhooks.validateRequest(authToken, signature, request.url, fields);
}

function readWebhook({ url, body }: WebhookRequest): CarrierNotice {
  const form = new URLSearchParams(body);
  const callId = new URL(url).searchParams.get("call") ?? undefined;
  const carrierId = form.get("CallSid") ?? undefined;
  const answeredBy = form.get("AnsweredBy");
  const who = answeredBy === null ? undefined : byAnsweredBy[answeredBy];
  if (who !== undefined && form.get("CallStatus") === null) {
    return { callId, carrierId, news: { kind: "answeredBy", who, cause: answeredBy! } };
  }
  const sip = form.get("SipResponseCode");
  const news = newsOf(form.get("CallStatus") ?? undefined, sip === null ? undefined : Number(sip));
  return { callId, carrierId, news };
}

function newsOf(status: string | undefined, sip: number | undefined): CarrierNews | undefined {
  if (status === "ringing") return { kind: "ringing" };
  if (status === "in-progress") return { kind: "answered" };
  const outcome = status === undefined ? undefined : byStatus[status];
  if (outcome === undefined) return undefined;
  const cause = sip === undefined ? status! : `${status}, SIP ${sip}`;
  return { kind: "ended", outcome: refined(outcome, sip), cause };
}

/** "failed" says little, and a callee who declines is "busy" or "no-answer" to Twilio. */
function refined(outcome: TrunkOutcome, sip: number | undefined): TrunkOutcome {
  const told = sip === undefined ? undefined : outcomeOfSip(sip);
  if (outcome === "failed") return told ?? "failed";
  const isUnanswered = outcome === "busy" || outcome === "no_answer";
  return isUnanswered && told === "rejected" ? "rejected" : outcome;
}
