/** Vonage, as its documentation describes it; signed with a JWT over the body. */
import { createHash, createPublicKey } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import {
  json,
  type MockAccount,
  type MockCall,
  type MockEnding,
  type MockHook,
  type MockNews,
  type MockVendor,
} from "./mock-carrier.js";

const endings: Readonly<Record<MockEnding, object>> = {
  busy: { status: "busy", sip_code: 486 },
  rejects: { status: "rejected", detail: "declined", sip_code: 603 },
  unknown: { status: "failed", detail: "number_out_of_service", sip_code: 404 },
  congested: { status: "failed", sip_code: 503 },
  noAnswer: { status: "timeout", sip_code: 487 },
  cancelled: { status: "cancelled" },
};

type DialBody = {
  readonly to: readonly { readonly number: string }[];
  readonly answer_url: readonly string[];
  readonly event_url: readonly string[];
  readonly ringing_timer: number;
  readonly advanced_machine_detection?: object;
};

type Update = {
  readonly action?: string;
  readonly digits?: string;
  readonly destination?: {
    readonly type: string;
    readonly ncco: readonly { action: string; endpoint: readonly { number: string }[] }[];
  };
};

function targetOf({ destination }: Update): string | undefined {
  const [connect] = destination?.type === "ncco" ? destination.ncco : [];
  const number = connect?.action === "connect" ? connect.endpoint[0]?.number : undefined;
  return number === undefined ? undefined : `+${number}`;
}

export function mockVonage(own: MockAccount): MockVendor {
  const publicKey = createPublicKey(own.password);
  const secret = Buffer.from(own.signatureSecret!);
  return {
    async read({ method, path, authorization, body }) {
      const token = authorization.replace(/^Bearer /, "");
      const verified = await jwtVerify(token, publicKey, { algorithms: ["RS256"] }).catch(
        () => undefined,
      );
      if (verified?.payload["application_id"] !== own.account) return undefined;
      if (path.startsWith("/v1/calls?")) return { kind: "probe" };
      if (method === "POST" && path === "/v1/calls") return dialOf(JSON.parse(body) as DialBody);
      const [, id, part] = /^\/v1\/calls\/([\w-]+)(\/dtmf)?$/.exec(path) ?? [];
      if (id === undefined) return undefined;
      if (method === "GET") return { kind: "state", id };
      const given = JSON.parse(body) as Update;
      if (part !== undefined) return { kind: "keys", id, digits: given.digits ?? "" };
      if (given.action === "transfer") return { kind: "transfer", id, to: targetOf(given) };
      return given.action === "hangup" ? { kind: "hangup", id } : undefined;
    },
    reply(order, call) {
      if (order.kind === "probe") return { status: 200, body: { count: 0 } };
      if (call === undefined) return { status: 404, body: { title: "Not found" } };
      if (order.kind === "hangup" || order.kind === "transfer") return { status: 204 };
      const status = call.isAnswered ? "answered" : "started";
      return { status: order.kind === "dial" ? 201 : 200, body: { uuid: call.id, status } };
    },
    news: newsOf,
    answer: (call) => ({ url: call.answerUrl!, ...json({ uuid: call.id, to: call.to }) }),
    async sign({ body }) {
      const payload_hash = createHash("sha256").update(body).digest("hex");
      const token = await new SignJWT({ payload_hash, application_id: own.account, api_key: "k" })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuer("Vonage")
        .setIssuedAt()
        .setJti("j")
        .sign(secret);
      return { authorization: `Bearer ${token}` };
    },
    media(_call, document) {
      const [action] = JSON.parse(document) as { endpoint: Record<string, unknown>[] }[];
      const endpoint = action?.endpoint[0];
      if (endpoint === undefined) return undefined;
      const head = { event: "websocket:connected", "content-type": endpoint["content-type"] };
      const hello = [JSON.stringify({ ...head, ...(endpoint["headers"] as object) })];
      return { url: String(endpoint["uri"]), hello, key };
    },
  };
}

function dialOf(given: DialBody) {
  return {
    kind: "dial" as const,
    call: {
      to: given.to[0]!.number,
      ringSeconds: given.ringing_timer,
      statusUrl: given.event_url[0]!,
      answerUrl: given.answer_url[0]!,
      machineUrl: given.advanced_machine_detection === undefined ? undefined : given.event_url[0]!,
      mediaUrl: undefined,
      state: "",
    },
  };
}

function newsOf(call: MockCall, news: MockNews): MockHook | undefined {
  const hook = (fields: object): MockHook => ({
    url: call.statusUrl,
    ...json({
      uuid: call.id,
      conversation_uuid: "CON-1",
      direction: "outbound",
      to: call.to,
      ...fields,
    }),
  });
  if (typeof news === "string") return hook({ status: news });
  if ("ending" in news) return hook(endings[news.ending]);
  if (call.machineUrl === undefined) return undefined;
  return hook(
    news.machine === "human" ? { status: "human" } : { status: "machine", sub_state: "beep_start" },
  );
}

const key = (digit: string): string =>
  JSON.stringify({ event: "websocket:dtmf", digit, duration: 260 });
