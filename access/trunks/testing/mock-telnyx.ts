/** Telnyx, as its documentation describes it; signed with Ed25519. */
import { createPrivateKey, sign } from "node:crypto";
import {
  json,
  type MockAccount,
  type MockCall,
  type MockEnding,
  type MockHook,
  type MockNews,
  type MockVendor,
} from "./mock-carrier.js";

const endings: Readonly<Record<MockEnding, readonly [cause: string, sip: string]>> = {
  busy: ["user_busy", "486"],
  rejects: ["call_rejected", "603"],
  unknown: ["not_found", "404"],
  congested: ["unspecified", "503"],
  noAnswer: ["timeout", "487"],
  cancelled: ["originator_cancel", "487"],
};

type DialBody = Record<
  "to" | "webhook_url" | "client_state" | "stream_url" | "stream_codec",
  string
> & {
  readonly stream_bidirectional_sampling_rate: number;
  readonly timeout_secs: number;
  readonly answering_machine_detection?: string;
};

export function mockTelnyx(own: MockAccount): MockVendor {
  const privateKey = createPrivateKey(own.signingKey!);
  return {
    read({ method, path, authorization, body }) {
      if (authorization !== `Bearer ${own.password}`) return undefined;
      if (path === `/v2/call_control_applications/${own.account}`) return { kind: "probe" };
      if (method === "POST" && path === "/v2/calls") return dialOf(JSON.parse(body) as DialBody);
      const [, encoded, action] = /^\/v2\/calls\/([^/]+)(?:\/actions\/(\w+))?$/.exec(path) ?? [];
      if (encoded === undefined) return undefined;
      const id = decodeURIComponent(encoded);
      if (action === undefined) return { kind: "state", id };
      if (action === "hangup") return { kind: "hangup", id };
      if (action === "transfer") {
        const given = JSON.parse(body) as { to: string; target_leg_client_state: string };
        return { kind: "transfer", id, to: given.to, state: given.target_leg_client_state };
      }
      if (action !== "send_dtmf") return undefined;
      return { kind: "keys", id, digits: (JSON.parse(body) as { digits: string }).digits };
    },
    reply(order, call) {
      if (order.kind === "probe") return { status: 200, body: { data: { id: own.account } } };
      if (order.kind === "dial" || (order.kind === "state" && call !== undefined)) {
        return { status: 200, body: { data: { call_control_id: call?.id, is_alive: true } } };
      }
      if (order.kind === "state") return { status: 200, body: { data: { is_alive: false } } };
      if (call !== undefined) return { status: 200, body: { data: { result: "ok" } } };
      const error = { code: "90018", title: "Call has already ended" };
      return { status: 422, body: { errors: [error] } };
    },
    news: newsOf,
    transferNews(call, client_state, isAnswered) {
      const other = { call_control_id: `${call.id}-target`, client_state };
      return isAnswered
        ? hookOf(call, "call.bridged", other)
        : hookOf(call, "call.hangup", { ...other, hangup_cause: "user_busy" });
    },
    answer: () => undefined,
    sign({ body }) {
      const timestamp = String(Math.floor(new Date().getTime() / 1000));
      const signature = sign(null, Buffer.from(`${timestamp}|${body}`), privateKey);
      return {
        "telnyx-timestamp": timestamp,
        "telnyx-signature-ed25519": signature.toString("base64"),
      };
    },
    media: (call) => ({ url: call.mediaUrl!, hello: hello(call), key: keyOf(call) }),
  };
}

function dialOf(given: DialBody) {
  return {
    kind: "dial" as const,
    call: {
      to: given.to,
      ringSeconds: given.timeout_secs,
      statusUrl: given.webhook_url,
      answerUrl: undefined,
      machineUrl: given.answering_machine_detection === undefined ? undefined : given.webhook_url,
      mediaUrl: given.stream_url,
      state: given.client_state,
      mediaFormat: {
        encoding: given.stream_codec,
        sample_rate: given.stream_bidirectional_sampling_rate,
        channels: 1,
      },
    },
  };
}

function hookOf(call: MockCall, type: string, more: object = {}): MockHook {
  const payload = { call_control_id: call.id, client_state: call.state, to: call.to, ...more };
  const data = { record_type: "event", event_type: type, id: "0", occurred_at: "", payload };
  return { url: call.statusUrl, ...json({ data }) };
}

function newsOf(call: MockCall, news: MockNews): MockHook | undefined {
  if (news === "ringing") return hookOf(call, "call.initiated", { state: "bridging" });
  if (news === "answered") return hookOf(call, "call.answered", { state: "answered" });
  if (news === "completed") {
    const ended = {
      hangup_cause: "normal_clearing",
      hangup_source: "callee",
      sip_hangup_cause: "200",
    };
    return hookOf(call, "call.hangup", ended);
  }
  if ("machine" in news) {
    if (call.machineUrl === undefined) return undefined;
    const type = news.machine === "human" ? "detection" : "greeting";
    const result = news.machine === "human" ? "human" : "beep_detected";
    return hookOf(call, `call.machine.${type}.ended`, { result });
  }
  const [hangup_cause, sip_hangup_cause] = endings[news.ending];
  return hookOf(call, "call.hangup", { hangup_cause, sip_hangup_cause, hangup_source: "callee" });
}

function hello({ id, state, mediaFormat: media_format }: MockCall): string[] {
  const start = { user_id: "u", call_control_id: id, client_state: state, media_format };
  return [
    '{"event":"connected","version":"1.0.0"}',
    JSON.stringify({ event: "start", sequence_number: "1", start, stream_id: `s-${id}` }),
  ];
}

const keyOf =
  ({ id }: MockCall) =>
  (digit: string): string => {
    const stream = { stream_id: `s-${id}`, sequence_number: "2" };
    return JSON.stringify({ event: "dtmf", ...stream, dtmf: { digit } });
  };
