/** What differs between the carriers that are played in tests. */

/** Keys and secrets of the account that calls. */
export type MockAccount = {
  readonly account: string;
  readonly password: string;
  readonly signatureSecret?: string;
  /** Telnyx: signs webhooks, PEM. */
  readonly signingKey?: string;
};

/** How a callee who does not answer ends. */
export type MockEnding = "busy" | "rejects" | "unknown" | "congested" | "noAnswer" | "cancelled";

export type MockCall = {
  readonly id: string;
  readonly to: string;
  readonly ringSeconds: number;
  /** Where to tell what. */
  readonly statusUrl: string;
  readonly answerUrl: string | undefined;
  readonly machineUrl: string | undefined;
  /** Telnyx: said when dialling. */
  readonly mediaUrl: string | undefined;
  readonly state: string;
  /** Telnyx: how it was asked to code the stream. */
  readonly mediaFormat?: object;
  isAnswered: boolean;
  /** Whom the callee was connected with. */
  transferredTo?: string;
  keys: string;
};

export type MockRest = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
};

/** What a request asks for. */
export type MockOrder =
  | { readonly kind: "probe" }
  | { readonly kind: "dial"; readonly call: Omit<MockCall, "id" | "isAnswered" | "keys"> }
  | { readonly kind: "hangup" | "state"; readonly id: string }
  | { readonly kind: "keys"; readonly id: string; readonly digits: string }
  /** `document`: asked for before the callee is connected; `state`: of the other leg. */
  | {
      readonly kind: "transfer";
      readonly id: string;
      readonly to?: string | undefined;
      readonly document?: string;
      readonly state?: string;
    };

export type MockReply = { readonly status: number; readonly body?: object };

/** A webhook before it is signed. */
export type MockHook = {
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
};

export type MockNews =
  | "ringing"
  | "answered"
  | "completed"
  | { readonly ending: MockEnding }
  | { readonly machine: "human" | "machine" };

/** The media stream of an answered callee: its URL and the first messages on it. */
export type MockMedia = {
  readonly url: string;
  readonly hello: readonly string[];
  readonly key: (digit: string) => string;
};

export type MockVendor = {
  /** Undefined: no such request, or not with these credentials. */
  read(request: MockRest): Promise<MockOrder | undefined> | MockOrder | undefined;
  reply(order: MockOrder, call: MockCall | undefined): MockReply;
  /** Undefined: this carrier does not tell such a thing. */
  news(call: MockCall, news: MockNews): MockHook | undefined;
  /** Asks for the document of an answered callee; undefined: it needs none. */
  answer(call: MockCall): MockHook | undefined;
  sign(hook: MockHook): Promise<Record<string, string>> | Record<string, string>;
  /** Asks for the document of a transfer, and reads whom it names. */
  readonly transfer?: {
    ask(call: MockCall, url: string): MockHook;
    target(document: string): string | undefined;
  };
  /** What it tells of the other leg of a transfer; left out: nothing. */
  transferNews?(call: MockCall, state: string, isAnswered: boolean): MockHook;
  /** Undefined: the document connects nothing, so that the call ends. */
  media(call: MockCall, document: string): MockMedia | undefined;
};

export function form(fields: Readonly<Record<string, string>>): {
  readonly contentType: string;
  readonly body: string;
} {
  const contentType = "application/x-www-form-urlencoded";
  return { contentType, body: new URLSearchParams(fields).toString() };
}

export function json(value: unknown): { readonly contentType: string; readonly body: string } {
  return { contentType: "application/json", body: JSON.stringify(value) };
}

export function basic({ account, password }: MockAccount): string {
  return `Basic ${Buffer.from(`${account}:${password}`).toString("base64")}`;
}

/** An attribute or text of a document, as XML has it. */
export function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
