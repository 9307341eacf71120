/** Twilio, as its documentation describes it; signed by its own helper library. */
import webhooks from "twilio/lib/webhooks/webhooks.js";
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

const endings: Readonly<Record<MockEnding, readonly [status: string, sip: string]>> = {
  busy: ["busy", "486"],
  rejects: ["busy", "603"],
  unknown: ["failed", "404"],
  congested: ["failed", "503"],
  noAnswer: ["no-answer", "487"],
  cancelled: ["canceled", "487"],
};

const targetOf = (twiml: string): string | undefined =>
  /<Dial callerId="\+\d+" timeout="\d+"><Number>(\+\d+)<\/Number><\/Dial>/.exec(twiml)?.[1];

export function mockTwilio(own: MockAccount): MockVendor {
  const base = `/2010-04-01/Accounts/${own.account}`;
  return {
    read({ method, path, authorization, body }) {
      if (authorization !== basic(own)) return undefined;
      if (path === `${base}.json`) return { kind: "probe" };
      const given = new URLSearchParams(body);
      if (method === "POST" && path === `${base}/Calls.json`) return dialOf(given);
      const id = new RegExp(`^${base}/Calls/(\\w+)\\.json$`).exec(path)?.[1];
      if (id === undefined) return undefined;
      if (method === "GET") return { kind: "state", id };
      const twiml = given.get("Twiml");
      if (twiml !== null) return { kind: "transfer", id, to: targetOf(twiml) };
      return given.get("Status") === "completed" ? { kind: "hangup", id } : undefined;
    },
    reply(order, call) {
      if (order.kind === "probe") return { status: 200, body: { sid: own.account } };
      if (call === undefined) return { status: 404, body: { code: 20404, message: "not found" } };
      const status = call.isAnswered ? "in-progress" : "ringing";
      return { status: order.kind === "dial" ? 201 : 200, body: { sid: call.id, status } };
    },
    news: newsOf,
    answer: (call) => hookOf(call, call.answerUrl!, { CallStatus: "in-progress" }),
    sign({ url, body }: MockHook) {
      const fields = Object.fromEntries(new URLSearchParams(body));
      const signature = webhooks.getExpectedTwilioSignature(own.password, url, fields);
      return { "x-twilio-signature": signature };
    },
    media(call, document) {
      const url = /<Stream url="([^"]+)">/.exec(document)?.[1];
      if (url === undefined) return undefined;
      const parameters = [...document.matchAll(/<Parameter name="([^"]+)" value="([^"]*)">/g)];
      const customParameters = Object.fromEntries(
        parameters.map(([, name, value]) => [name!, unescaped(value!)] as const),
      );
      return { url: unescaped(url), hello: hello(call, customParameters), key: keyOf(call) };
    },
  };
}

function dialOf(given: URLSearchParams) {
  const isAsync = given.get("AsyncAmd") === "true";
  return {
    kind: "dial" as const,
    call: {
      to: given.get("To")!,
      ringSeconds: Number(given.get("Timeout")),
      statusUrl: given.get("StatusCallback")!,
      answerUrl: given.get("Url")!,
      machineUrl: isAsync ? given.get("AsyncAmdStatusCallback")! : undefined,
      mediaUrl: undefined,
      state: "",
    },
  };
}

function hookOf({ id, to }: MockCall, url: string, fields: Record<string, string>): MockHook {
  return {
    url,
    ...form({ CallSid: id, AccountSid: "AC1", To: to, Direction: "outbound-api", ...fields }),
  };
}

function newsOf(call: MockCall, news: MockNews): MockHook | undefined {
  if (typeof news === "object" && "machine" in news) {
    const AnsweredBy = news.machine === "human" ? "human" : "machine_end_beep";
    return call.machineUrl === undefined
      ? undefined
      : hookOf(call, call.machineUrl, { AnsweredBy });
  }
  if (typeof news === "object") {
    const [CallStatus, SipResponseCode] = endings[news.ending];
    return hookOf(call, call.statusUrl, { CallStatus, SipResponseCode });
  }
  const CallStatus = news === "answered" ? "in-progress" : news;
  const sip = news === "completed" ? { SipResponseCode: "200" } : {};
  return hookOf(call, call.statusUrl, { CallStatus, ...sip });
}

function hello({ id }: MockCall, customParameters: Record<string, string>): string[] {
  const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
  const ids = { streamSid: `MZ${id}`, accountSid: "AC1", callSid: id };
  return [
    '{"event":"connected","protocol":"Call","version":"1.0.0"}',
    JSON.stringify({
      event: "start",
      sequenceNumber: "1",
      streamSid: ids.streamSid,
      start: { ...ids, tracks: ["inbound"], customParameters, mediaFormat },
    }),
  ];
}

const keyOf =
  ({ id }: MockCall) =>
  (digit: string): string => {
    const dtmf = { track: "inbound_track", digit };
    return JSON.stringify({ event: "dtmf", streamSid: `MZ${id}`, sequenceNumber: "2", dtmf });
  };
