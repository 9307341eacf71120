/** Plivo, as its documentation describes it; signed by version 3. */
import { createHmac } from "node:crypto";
import {
  basic,
  form,
  unescaped,
  type MockAccount,
  type MockCall,
  type MockEnding,
  type MockHook,
  type MockNews,
  type MockVendor,
} from "./mock-carrier.js";

type Ending = readonly [status: string, cause: string, code: string, name: string];
const endings: Readonly<Record<MockEnding, Ending>> = {
  busy: ["busy", "USER_BUSY", "3010", "Busy Line"],
  rejects: ["failed", "CALL_REJECTED", "3020", "Rejected"],
  unknown: ["failed", "UNALLOCATED_NUMBER", "2000", "Invalid Destination Address"],
  congested: ["failed", "NORMAL_TEMPORARY_FAILURE", "5010", "Internal Error"],
  noAnswer: ["no-answer", "NO_ANSWER", "3000", "No Answer"],
  cancelled: ["cancel", "ORIGINATOR_CANCEL", "1000", "Canceled"],
};

type DialBody = Record<"to" | "answer_url" | "ring_url" | "hangup_url", string> & {
  readonly ring_timeout: number;
  readonly machine_detection_url?: string;
};

const transfer: NonNullable<MockVendor["transfer"]> = {
  ask: (call, url) => hookOf(call, url, { CallStatus: "in-progress", Event: "Redirect" }),
  target(document) {
    const number = /<Dial [^>]*><Number>(\d+)<\/Number><\/Dial>/.exec(document)?.[1];
    return number === undefined ? undefined : `+${number}`;
  },
};

export function mockPlivo(own: MockAccount): MockVendor {
  const base = `/v1/Account/${own.account}`;
  return {
    read({ method, path, authorization, body }) {
      if (authorization !== basic(own)) return undefined;
      if (path === `${base}/`) return { kind: "probe" };
      if (method === "POST" && path === `${base}/Call/`)
        return dialOf(JSON.parse(body) as DialBody);
      const pattern = new RegExp(`^${base}/(?:Call|Request)/([\\w-]+)/(DTMF/)?(\\?status=live)?$`);
      const [, id, keys] = pattern.exec(path) ?? [];
      if (id === undefined) return undefined;
      if (method === "DELETE") return { kind: "hangup", id };
      if (method === "GET") return { kind: "state", id };
      if (keys === undefined) {
        const { legs, aleg_url: document } = JSON.parse(body) as Record<string, string>;
        return legs === "aleg" ? { kind: "transfer", id, document: document! } : undefined;
      }
      return { kind: "keys", id, digits: (JSON.parse(body) as { digits: string }).digits };
    },
    reply(order, call) {
      if (order.kind === "probe") return { status: 200, body: { auth_id: own.account } };
      if (call === undefined) return { status: 404, body: { error: "not found" } };
      if (order.kind === "hangup") return { status: 204 };
      if (order.kind === "transfer") return { status: 202, body: { message: "transferred" } };
      if (order.kind === "keys") return { status: 202, body: { message: "digits sent" } };
      if (order.kind === "dial") return { status: 201, body: { request_uuid: call.id } };
      const call_status = call.isAnswered ? "in-progress" : "ringing";
      return { status: 200, body: { call_uuid: call.id, call_status } };
    },
    news: newsOf,
    answer: (call) =>
      hookOf(call, call.answerUrl!, { CallStatus: "in-progress", Event: "StartApp" }),
    transfer,
    sign({ url, body }) {
      const nonce = "12345";
      // Its own, so that the product's is checked against something else: one value per name here.
      const [place, query] = url.split("?") as [string, string];
      const fields = [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = fields.map(([name, value]) => name + value).join("");
      const signed = `${place}?${query}.${text}.${nonce}`;
      const signature = createHmac("sha256", own.password).update(signed).digest("base64");
      return { "x-plivo-signature-v3": `b2xk,${signature}`, "x-plivo-signature-v3-nonce": nonce };
    },
    media(call, document) {
      const url = /<Stream [^>]*bidirectional="true"[^>]*>([^<]+)</.exec(document)?.[1];
      return url === undefined
        ? undefined
        : { url: unescaped(url), hello: hello(call), key: keyOf(call) };
    },
  };
}

function dialOf(given: DialBody) {
  return {
    kind: "dial" as const,
    call: {
      to: given.to,
      ringSeconds: given.ring_timeout,
      statusUrl: given.hangup_url,
      answerUrl: given.answer_url,
      machineUrl: given.machine_detection_url,
      mediaUrl: undefined,
      state: "",
    },
  };
}

function hookOf({ id, to }: MockCall, url: string, fields: Record<string, string>): MockHook {
  return {
    url,
    ...form({ CallUUID: id, RequestUUID: id, To: to, Direction: "outbound", ...fields }),
  };
}

function newsOf(call: MockCall, news: MockNews): MockHook | undefined {
  if (news === "answered") return undefined; // Its answer URL is all that it asks then.
  if (news === "ringing") return hookOf(call, call.statusUrl, { CallStatus: news, Event: "Ring" });
  if (news === "completed") {
    const hangup = { HangupCause: "NORMAL_CLEARING", HangupCauseCode: "4000", Event: "Hangup" };
    return hookOf(call, call.statusUrl, { CallStatus: "completed", ...hangup });
  }
  if ("machine" in news) {
    const fields = { Machine: String(news.machine === "machine"), Event: "MachineDetection" };
    return call.machineUrl === undefined ? undefined : hookOf(call, call.machineUrl, fields);
  }
  const [CallStatus, HangupCause, HangupCauseCode, HangupCauseName] = endings[news.ending];
  const hangup = { CallStatus, HangupCause, HangupCauseCode, HangupCauseName, Event: "Hangup" };
  return hookOf(call, call.statusUrl, hangup);
}

function hello({ id }: MockCall): string[] {
  const mediaFormat = { encoding: "audio/x-l16", sampleRate: 16000 };
  const start = {
    callId: id,
    streamId: `s-${id}`,
    accountId: "1",
    tracks: ["inbound"],
    mediaFormat,
  };
  return [JSON.stringify({ sequenceNumber: 1, event: "start", start, extra_headers: "{}" })];
}

const keyOf =
  ({ id }: MockCall) =>
  (digit: string): string => {
    const dtmf = { track: "inbound", digit, timestamp: "1" };
    return JSON.stringify({ event: "dtmf", streamId: `s-${id}`, sequenceNumber: 2, dtmf });
  };
