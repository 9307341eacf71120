/** The table of docs/trunks.md, row by row: what a network says, and the outcome of the call. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { CarrierNews } from "./carriers/carrier-dialect.js";
import { carrierDialect, type CarrierVendor } from "./carriers/carrier-vendors.js";
import { outcomeOfCause } from "./freeswitch/hangup-cause.js";
import { outcomeOf } from "./outcome.js";
import type { TrunkOutcome } from "./trunk.js";

test.each<readonly [TrunkOutcome, readonly number[]]>([
  ["invalid_number", [1, 22, 28]],
  ["unreachable", [2, 3, 20, 27]],
  ["busy", [17]],
  ["no_answer", [18, 19, 102]],
  ["rejected", [21]],
  ["congestion", [34, 38, 41, 42, 44, 47]],
  ["media_mismatch", [50, 58, 65, 88]],
  ["cancelled", [16]],
  ["failed", [0, 29, 31, 111, 127]],
])("%s is told by Q.850 alone: %j", (outcome, causes) => {
  for (const q850 of causes) {
    const ending = { isAnswered: false, isCancelled: false, q850 };
    expect(outcomeOf(ending)).toEqual({ outcome, cause: `Q.850 ${q850}` });
  }
});

test.each<readonly [TrunkOutcome, readonly string[]]>([
  ["busy", ["USER_BUSY"]],
  ["no_answer", ["NO_ANSWER", "NO_USER_RESPONSE", "RECOVERY_ON_TIMER_EXPIRE"]],
  ["rejected", ["CALL_REJECTED", "UNWANTED"]],
  ["unreachable", ["SUBSCRIBER_ABSENT", "DESTINATION_OUT_OF_ORDER", "NO_ROUTE_DESTINATION"]],
  ["invalid_number", ["UNALLOCATED_NUMBER", "INVALID_NUMBER_FORMAT", "NUMBER_CHANGED"]],
  ["congestion", ["NORMAL_CIRCUIT_CONGESTION", "SWITCH_CONGESTION", "NORMAL_TEMPORARY_FAILURE"]],
  ["media_mismatch", ["INCOMPATIBLE_DESTINATION", "BEARERCAPABILITY_NOTAVAIL"]],
  ["failed", ["INVALID_GATEWAY", "INTERWORKING", "A_CAUSE_OF_TOMORROW"]],
])("%s is told by FreeSWITCH as %j", (outcome, names) => {
  for (const name of names) {
    expect(outcomeOfCause(name, { isCancelled: false, wasRinging: true })).toBe(outcome);
  }
});

describe("webhooks of carriers", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" });
  const account = {
    account: "a",
    password: rsa.export({ type: "pkcs8", format: "pem" }).toString(),
    signatureSecret: "s".repeat(32),
    publicKey: ed25519.subarray(-32).toString("base64"),
  };
  const newsOf = (vendor: CarrierVendor, body: string): CarrierNews | undefined => {
    const url = "https://voxtree.example/trunks/t/status?call=c1";
    const request = { method: "POST", url, hook: "status", headers: {}, body };
    return carrierDialect(vendor, account).read(request).news;
  };
  const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
  const twilio = (CallStatus: string, SipResponseCode?: string): string =>
    form({ CallSid: "CA1", CallStatus, ...(SipResponseCode && { SipResponseCode }) });
  const telnyx = (hangup_cause: string, sip_hangup_cause?: string): string =>
    JSON.stringify({
      data: { event_type: "call.hangup", payload: { hangup_cause, sip_hangup_cause } },
    });
  const vonage = (status: string, detail?: string, sip_code?: number): string =>
    JSON.stringify({ uuid: "u", status, detail, sip_code });
  const plivo = (CallStatus: string, HangupCauseCode?: string): string =>
    form({ CallUUID: "u", CallStatus, ...(HangupCauseCode && { HangupCauseCode }) });

  test.each<readonly [CarrierVendor, string, TrunkOutcome]>([
    ["twilio", twilio("busy"), "busy"],
    ["twilio", twilio("busy", "603"), "rejected"],
    ["twilio", twilio("no-answer"), "no_answer"],
    ["twilio", twilio("no-answer", "607"), "rejected"],
    ["twilio", twilio("canceled"), "cancelled"],
    ["twilio", twilio("failed"), "failed"],
    ["twilio", twilio("failed", "404"), "invalid_number"],
    ["twilio", twilio("failed", "503"), "congestion"],
    ["twilio", twilio("completed"), "answered"],
    ["telnyx", telnyx("user_busy"), "busy"],
    ["telnyx", telnyx("no_answer"), "no_answer"],
    ["telnyx", telnyx("timeout"), "no_answer"],
    ["telnyx", telnyx("call_rejected"), "rejected"],
    ["telnyx", telnyx("not_found"), "invalid_number"],
    ["telnyx", telnyx("unspecified", "488"), "media_mismatch"],
    ["telnyx", telnyx("unspecified"), "failed"],
    ["vonage", vonage("busy"), "busy"],
    ["vonage", vonage("timeout"), "no_answer"],
    ["vonage", vonage("unanswered"), "no_answer"],
    ["vonage", vonage("rejected"), "rejected"],
    ["vonage", vonage("failed", "cannot_route"), "unreachable"],
    ["vonage", vonage("failed", "number_out_of_service"), "invalid_number"],
    ["vonage", vonage("failed", undefined, 503), "congestion"],
    ["vonage", vonage("failed"), "failed"],
    ["plivo", plivo("busy", "3010"), "busy"],
    ["plivo", plivo("no-answer", "3000"), "no_answer"],
    ["plivo", plivo("failed", "3020"), "rejected"],
    ["plivo", plivo("failed", "2000"), "invalid_number"],
    ["plivo", plivo("failed", "2010"), "unreachable"],
    ["plivo", plivo("failed", "1020"), "congestion"],
    ["plivo", plivo("cancel"), "cancelled"],
    ["plivo", plivo("completed"), "answered"],
  ])("%s: %s is %s", (vendor, body, outcome) => {
    expect(newsOf(vendor, body)).toMatchObject({ kind: "ended", outcome });
  });
});
