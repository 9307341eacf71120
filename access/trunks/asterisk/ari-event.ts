/** The events of Asterisk's REST interface that we act on, read from what it sends. Pure. */

/** A channel as Asterisk describes it, as far as we look. */
export type AriChannel = { readonly id: string; readonly state: string };

export type AriEvent =
  /** Progress of dialling: PROCEEDING, PROGRESS, RINGING, ANSWER … of channel `peer`. */
  | { readonly type: "Dial"; readonly channelId: string; readonly status: string }
  | { readonly type: "StasisStart"; readonly channelId: string }
  | {
      readonly type: "ChannelDestroyed";
      readonly channelId: string;
      /** Q.850; 0 when Asterisk does not know. */
      readonly cause: number;
      /** SIP status, on PJSIP. */
      readonly techCause: number | undefined;
    }
  /** Told at the end of the press. */
  | { readonly type: "ChannelDtmfReceived"; readonly channelId: string; readonly digit: string }
  /** Another client has connected with our application's name: we get nothing any more. */
  | { readonly type: "ApplicationReplaced" };

/** Reads one message; undefined for what does not concern us, or is no event at all. */
export function parseAriEvent(text: string): AriEvent | undefined {
  const message = parse(text);
  switch (message?.["type"]) {
    case "Dial": {
      const channelId = idOf(message["peer"]);
      const status = message["dialstatus"];
      if (channelId === undefined || typeof status !== "string") return undefined;
      return { type: "Dial", channelId, status };
    }
    case "StasisStart": {
      const channelId = idOf(message["channel"]);
      return channelId === undefined ? undefined : { type: "StasisStart", channelId };
    }
    case "ChannelDestroyed": {
      const channelId = idOf(message["channel"]);
      if (channelId === undefined) return undefined;
      const cause = numberOf(message["cause"]) ?? 0;
      return { type: "ChannelDestroyed", channelId, cause, techCause: techCauseOf(message) };
    }
    case "ChannelDtmfReceived": {
      const channelId = idOf(message["channel"]);
      const digit = message["digit"];
      if (channelId === undefined || typeof digit !== "string") return undefined;
      return { type: "ChannelDtmfReceived", channelId, digit };
    }
    case "ApplicationReplaced":
      return { type: "ApplicationReplaced" };
    default:
      return undefined;
  }
}

/** Reads the answer to `GET /channels`; what has no id is left out. */
export function parseAriChannels(body: unknown): AriChannel[] {
  const list: readonly unknown[] = Array.isArray(body) ? body : [];
  return list.flatMap((one) => {
    const id = idOf(one);
    const state = (one as { state?: unknown } | null)?.state;
    return id === undefined ? [] : [{ id, state: typeof state === "string" ? state : "" }];
  });
}

type AriBridge = { id?: unknown; bridge_class?: unknown; channels?: unknown } | null;

/**
 * Reads the answer to `GET /bridges`.
 *
 * @returns ids of channels that the dialplan has joined with others: no application holds them
 */
export function channelsOfDialplan(bridges: readonly unknown[]): ReadonlySet<string> {
  const ids = (bridges as readonly AriBridge[]).flatMap((one) => {
    const isOfDialplan = one !== null && one.bridge_class !== "stasis";
    return isOfDialplan && Array.isArray(one.channels) ? (one.channels as unknown[]) : [];
  });
  return new Set(ids.filter((id) => typeof id === "string"));
}

/** Reads the same: ids of bridges that applications have made. */
export function bridgesOfStasis(bridges: readonly unknown[]): string[] {
  return (bridges as readonly AriBridge[]).flatMap((one) =>
    one !== null && one.bridge_class === "stasis" && typeof one.id === "string" ? [one.id] : [],
  );
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // half a message: the socket is about to say why
  }
}

function idOf(channel: unknown): string | undefined {
  const id = (channel as { id?: unknown } | null | undefined)?.id;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Channel drivers put the SIP status here, as a number or in digits. */
function techCauseOf(message: Readonly<Record<string, unknown>>): number | undefined {
  const status = numberOf(message["tech_cause"]);
  return status !== undefined && status >= 100 && status <= 699 ? status : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) ? number : undefined;
}
