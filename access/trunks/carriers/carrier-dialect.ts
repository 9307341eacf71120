/** The port of carriers: what differs between those that dial by REST and tell by webhooks. */
import type { TelnyxCodec } from "../../../codecs/wire/telnyx.js";
import type { AnsweredBy, TrunkOutcome } from "../trunk.js";
import type { WebhookReply, WebhookRequest } from "../webhook.js";

/** A request to the carrier's REST interface. */
export type CarrierRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** After the base URL, e.g. `/v2/calls`. */
  readonly path: string;
  /** JSON, or a form where it is `URLSearchParams`. */
  readonly body?: object | URLSearchParams;
};

/** What the carrier said: a JSON body, or nothing. */
export type CarrierReply = { readonly status: number; readonly body: unknown };

/** A call as the carrier is asked to make it. */
export type CarrierCall = {
  readonly callId: string;
  /** E.164. Personal data. */
  readonly to: string;
  readonly from: string;
  readonly ringSeconds: number;
  readonly detectsMachines: boolean;
  /** URL at which the carrier finds us, for a purpose of its own: `answer`, `status` … */
  readonly hook: (name: string) => string;
  /** `wss:` URL of the media stream. */
  readonly mediaUrl: string;
  /** Lets the media stream in, once. Secret. */
  readonly token: string;
};

/** Whom a callee is to be connected with. */
export type CarrierTarget = Pick<CarrierCall, "callId" | "to" | "from" | "ringSeconds" | "hook">;

/** What a webhook tells of a call. */
export type CarrierNews =
  | { readonly kind: "ringing" }
  | { readonly kind: "answered" }
  | { readonly kind: "answeredBy"; readonly who: AnsweredBy; readonly cause: string }
  /** A key of the callee; `id` tells one press from the same told again. */
  | { readonly kind: "key"; readonly digit: string; readonly id: string }
  /** Somebody answered a transfer; with a cause: nobody did. */
  | { readonly kind: "transferSettled"; readonly cause?: string }
  /** `outcome` holds where nobody answered. */
  | { readonly kind: "ended"; readonly outcome: TrunkOutcome; readonly cause: string };

/** A webhook, read. */
export type CarrierNotice = {
  /** Our id, where it says so. */
  readonly callId: string | undefined;
  readonly carrierId: string | undefined;
  /** Nothing that concerns us, where it is undefined. */
  readonly news: CarrierNews | undefined;
};

export type CarrierDialect = {
  /** E.g. `Twilio`, for messages. */
  readonly vendor: string;
  /** Base of its REST interface. */
  readonly url: string;
  /** Authenticates a request. */
  authorization(): string | Promise<string>;
  /** A cheap request that only our account may make. */
  readonly probe: CarrierRequest;
  dial(call: CarrierCall): CarrierRequest;
  /** The carrier's id of a call it has taken. */
  idOf(body: unknown): string | undefined;
  /** Why it took no call, and what that means for the attempt. */
  refusalOf(reply: CarrierReply): { readonly outcome: TrunkOutcome; readonly cause: string };
  hangup(carrierId: string, isAnswered: boolean): CarrierRequest;
  state(carrierId: string): CarrierRequest;
  /** What the answer to `state` means; undefined: the call is under way. */
  stateOf(reply: CarrierReply): CarrierNews | undefined;
  /** Left out: it cannot press keys without ending the stream. */
  keys?(carrierId: string, digits: string): CarrierRequest;
  /** Connects an answered callee with somebody else: blind. */
  transfer(carrierId: string, target: CarrierTarget): CarrierRequest;
  /** It tells by `transferSettled` what came of it, and the callee is ours until then. */
  readonly isTransferTold?: true;
  /** What the callee is connected with, where that is asked for at the hook `transfer`. */
  transferred?(target: CarrierTarget): WebhookReply;
  /** Whether a request is the carrier's own, by its signature: asked before all else. */
  isGenuine(request: WebhookRequest, nowEpochMs: number): boolean | Promise<boolean>;
  read(request: WebhookRequest): CarrierNotice;
  /** What a callee who answered is connected with; left out: it was said when dialling. */
  connect?(call: CarrierCall): WebhookReply;
  /** Hangs up somebody whose call nobody knows any more. */
  readonly nobody?: WebhookReply;
};

/** The account of a carrier. */
export type CarrierAccount = {
  /** Base of the REST interface, where it is not the usual one. */
  readonly url?: string;
  /** Twilio: Account SID; Telnyx: Call Control application; Vonage: application; Plivo: Auth ID. */
  readonly account: string;
  /** Auth token, API key, or private key (PEM). Secret. */
  readonly password: string;
  /** Vonage: what it signs webhooks with. Secret. */
  readonly signatureSecret?: string;
  /** Telnyx: what checks its signatures, base64. */
  readonly publicKey?: string;
  /** Telnyx: how the media is coded, both ways. Default `pcmu`. */
  readonly codec?: TelnyxCodec;
};

/** A field of a JSON body, as text; undefined where there is none. */
export function textAt(body: unknown, ...path: readonly string[]): string | undefined {
  let value = body;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** JSON, or undefined for what is none. */
export function jsonOf(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined; // An error page of a proxy: the status says enough.
  }
}
