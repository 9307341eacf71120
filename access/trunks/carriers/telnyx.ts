/**
 * Telnyx: calls by Call Control, with the media stream asked for when dialling; webhooks signed
 * with Ed25519.
 *
 * @see https://developers.telnyx.com/api-reference/call-commands/dial
 * @see https://developers.telnyx.com/docs/messaging/webhooks#webhook-signature-verification
 */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { EngineError } from "../../../base/errors.js";
import { TELNYX_FORMATS, type TelnyxCodec } from "../../../codecs/wire/telnyx.js";
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
  type CarrierReply,
  type CarrierTarget,
} from "./carrier-dialect.js";

/** A signature is for now: an old one is somebody's copy. */
const ageSecondsMax = 300;
/** What stands in front of a raw key of this kind (RFC 8410 section 4). */
const ed25519Head = Buffer.from("302a300506032b6570032100", "hex");

/** Behind our id, in the state of a leg that a transfer dials: no id of ours has it. */
const targetMark = "/transfer";

const byCause: Readonly<Record<string, TrunkOutcome>> = {
  user_busy: "busy",
  no_answer: "no_answer",
  timeout: "no_answer",
  originator_cancel: "no_answer",
  call_rejected: "rejected",
  not_found: "invalid_number",
  normal_clearing: "cancelled",
};

const byResult: Readonly<Record<string, AnsweredBy>> = {
  human: "human",
  human_residence: "human",
  human_business: "human",
  machine: "machine",
  beep_detected: "beep",
  fax_detected: "fax",
  silence: "unknown",
  not_sure: "unknown",
};

/** @throws {EngineError} `CARRIER_ACCOUNT` when the public key is none */
export function telnyxDialect(account: CarrierAccount): CarrierDialect {
  const { account: connectionId, password, url = "https://api.telnyx.com" } = account;
  const { codec = "pcmu" } = account;
  const publicKey = publicKeyOf(account.publicKey ?? "");
  const action = (id: string, name: string): string =>
    `/v2/calls/${encodeURIComponent(id)}/actions/${name}`;
  return {
    vendor: "Telnyx",
    url,
    authorization: () => `Bearer ${password}`,
    probe: {
      method: "GET",
      path: `/v2/call_control_applications/${encodeURIComponent(connectionId)}`,
    },
    dial: (call) => ({
      method: "POST",
      path: "/v2/calls",
      body: dialBody(call, connectionId, codec),
    }),
    idOf: (body) => textAt(body, "data", "call_control_id"),
    refusalOf,
    hangup: (id) => ({ method: "POST", path: action(id, "hangup"), body: {} }),
    state: (id) => ({ method: "GET", path: `/v2/calls/${encodeURIComponent(id)}` }),
    stateOf({ status, body }) {
      const isAlive = (body as { data?: { is_alive?: unknown } } | undefined)?.data?.is_alive;
      if (status < 300 && isAlive === true) return undefined;
      return { kind: "ended", outcome: "unknown", cause: "Telnyx says that the call is over" };
    },
    transfer: (id, target) => ({
      method: "POST",
      path: action(id, "transfer"),
      body: transferBody(target),
    }),
    isTransferTold: true,
    keys: (id, digits) => ({ method: "POST", path: action(id, "send_dtmf"), body: { digits } }),
    isGenuine: (request, nowEpochMs) => isSigned(request, publicKey, nowEpochMs),
    read: readWebhook,
  };
}

function refusalOf({ status, body }: CarrierReply): { outcome: TrunkOutcome; cause: string } {
  const [error] = (body as { errors?: unknown[] } | undefined)?.errors ?? [];
  const code = textAt(error, "code") ?? "";
  const words = [`HTTP ${status}`, code, textAt(error, "detail") ?? textAt(error, "title") ?? ""];
  const cause = words.filter((word) => word !== "").join(" ");
  const isNumber = textAt(error, "source", "pointer") === "/to";
  if (isNumber) return { outcome: "invalid_number", cause };
  return { outcome: status === 429 ? "congestion" : "failed", cause };
}

function dialBody(call: CarrierCall, connectionId: string, codec: TelnyxCodec): object {
  const { callId, to, from, ringSeconds, token, mediaUrl, hook, detectsMachines } = call;
  const query = new URLSearchParams({ callId, token, codec }).toString();
  return {
    connection_id: connectionId,
    to,
    from,
    timeout_secs: Math.min(600, ringSeconds),
    webhook_url: hook("status"),
    webhook_url_method: "POST",
    client_state: Buffer.from(callId).toString("base64"),
    // A second command with this id would be the same one.
    command_id: callId,
    stream_url: `${mediaUrl}/media/telnyx?${query}`,
    stream_track: "inbound_track",
    stream_codec: codec.toUpperCase(),
    stream_bidirectional_mode: "rtp",
    stream_bidirectional_codec: codec.toUpperCase(),
    stream_bidirectional_sampling_rate: TELNYX_FORMATS[codec].rateHz,
    ...(detectsMachines ? { answering_machine_detection: "detect_beep" } : {}),
  };
}

/** News of the other leg come with a state of their own, by which it is known. */
function transferBody({ callId, to, from, ringSeconds, hook }: CarrierTarget): object {
  return {
    ...{ to, from },
    timeout_secs: Math.min(600, ringSeconds),
    webhook_url: hook("status"),
    webhook_url_method: "POST",
    target_leg_client_state: Buffer.from(`${callId}${targetMark}`).toString("base64"),
  };
}

function publicKeyOf(base64: string): KeyObject {
  const raw = Buffer.from(base64, "base64");
  if (raw.length !== 32) {
    const message = `Telnyx's public key has 32 bytes in base64, this one has ${raw.length}`;
    throw new EngineError("CARRIER_ACCOUNT", message, { bytes: raw.length });
  }
  const key = Buffer.concat([ed25519Head, raw]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

function isSigned(request: WebhookRequest, publicKey: KeyObject, nowEpochMs: number): boolean {
  const timestamp = headerOf(request, "telnyx-timestamp");
  const signature = Buffer.from(headerOf(request, "telnyx-signature-ed25519"), "base64");
  if (!/^\d{1,12}$/.test(timestamp) || signature.length !== 64) return false;
  if (Math.abs(nowEpochMs / 1000 - Number(timestamp)) > ageSecondsMax) return false;
  return verify(null, Buffer.from(`${timestamp}|${request.body}`), publicKey, signature);
}

/** The URL is not signed, so the call is named by the state that comes back in the body. */
function readWebhook({ body }: WebhookRequest): CarrierNotice {
  const event = jsonOf(body);
  const payload = (event as { data?: { payload?: unknown } } | undefined)?.data?.payload;
  const state = Buffer.from(textAt(payload, "client_state") ?? "", "base64").toString("utf8");
  if (state.endsWith(targetMark)) {
    const callId = state.slice(0, -targetMark.length);
    return { callId, carrierId: undefined, news: targetNewsOf(event, payload) };
  }
  return {
    callId: state === "" ? undefined : state,
    carrierId: textAt(payload, "call_control_id"),
    news: newsOf(event, payload),
  };
}

/** Of the leg that a transfer dials. */
function targetNewsOf(event: unknown, payload: unknown): CarrierNews | undefined {
  const type = textAt(event, "data", "event_type");
  if (type === "call.bridged") return { kind: "transferSettled" };
  if (type !== "call.hangup") return undefined;
  return { kind: "transferSettled", cause: textAt(payload, "hangup_cause") ?? "nobody answered" };
}

function newsOf(event: unknown, payload: unknown): CarrierNews | undefined {
  const type = textAt(event, "data", "event_type") ?? "";
  if (type === "call.answered") return { kind: "answered" };
  if (type === "call.hangup") return hangupOf(payload);
  if (type === "call.dtmf.received") {
    const id = textAt(event, "data", "id") ?? "";
    return { kind: "key", digit: textAt(payload, "digit") ?? "", id };
  }
  if (!/^call\.machine\.(premium\.)?(detection|greeting)\.ended$/.test(type)) return undefined;
  const result = textAt(payload, "result") ?? "not_sure";
  // The end of a greeting says something new only where there was a beep.
  if (type.includes("greeting") && result !== "beep_detected") return undefined;
  return { kind: "answeredBy", who: byResult[result] ?? "unknown", cause: result };
}

function hangupOf(payload: unknown): CarrierNews {
  const name = textAt(payload, "hangup_cause") ?? "unspecified";
  const sip = textAt(payload, "sip_hangup_cause");
  const outcome = byCause[name] ?? outcomeOfSip(Number(sip)) ?? "failed";
  return { kind: "ended", outcome, cause: sip === undefined ? name : `${name}, SIP ${sip}` };
}
