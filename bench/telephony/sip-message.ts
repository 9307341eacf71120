/**
 * SIP as a telephone speaks it over UDP: requests and responses, headers and a body. Only what a
 * called party needs; compact header names are not used by the switch it talks to.
 *
 * @see RFC 3261 section 7
 */
export type SipMessage = {
  /** `INVITE sip:anna@host SIP/2.0`, or a status line. */
  readonly startLine: string;
  /** In order; names as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
};

/** Undefined for what is no SIP message. */
export function parseSip(text: string): SipMessage | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
  if (!startLine.includes("SIP/2.0")) return undefined;
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return colon <= 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const];
  });
  return { startLine, headers, body: text.slice(end + 4) };
}

export function sipHeader({ headers }: SipMessage, name: string): string {
  return headers.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1] ?? "";
}

export function formatSip({ startLine, headers, body }: SipMessage): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `${[startLine, ...lines, length].join("\r\n")}\r\n\r\n${body}`;
}

/**
 * The answer to a request: what names the transaction is handed back.
 *
 * @param toTag ours, in every answer but 100
 * @see RFC 3261 section 8.2.6
 */
export function sipResponse(
  request: SipMessage,
  answer: {
    readonly status: string;
    readonly toTag?: string;
    readonly headers?: SipMessage["headers"];
    readonly body?: string;
  },
): SipMessage {
  const { status, toTag, headers = [], body = "" } = answer;
  const copied = request.headers.filter(([name]) => /^(via|from|call-id|cseq|to)$/i.test(name));
  const tagged = copied.map(([name, value]) => {
    const isOurs = /^to$/i.test(name) && toTag !== undefined && !value.includes(";tag=");
    return [name, isOurs ? `${value};tag=${toTag}` : value] as const;
  });
  return { startLine: `SIP/2.0 ${status}`, headers: [...tagged, ...headers], body };
}

/** Where the other end wants its audio, out of its SDP; undefined when it says nowhere. */
export function audioAddressOf(sdp: string): { host: string; port: number } | undefined {
  const host = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
  const port = Number(/^m=audio (\d+) /m.exec(sdp)?.[1] ?? 0);
  return host === undefined || port === 0 ? undefined : { host, port };
}

/** G.711 µ-law and keys (RFC 4733), 20 ms. */
export function audioAnswer(host: string, port: number): string {
  return [
    "v=0",
    `o=phone 1 1 IN IP4 ${host}`,
    "s=-",
    `c=IN IP4 ${host}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 101`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=sendrecv",
    "",
  ].join("\r\n");
}
