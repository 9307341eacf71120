/**
 * Which media protocol begins like this: what tells them apart in their first messages. Pure, and
 * cheap: no more is read than decides.
 */

/** Names of protocols, as `MediaProtocol.name` has them. */
export type ProtocolName =
  | "native-v1"
  | "twilio"
  | "telnyx"
  | "plivo"
  | "exotel"
  | "asterisk"
  | "vonage"
  | "jambonz"
  | "audio-stream"
  | "audiohook";

/**
 * @param messages all that came so far
 * @param query of the URL: peers that say nothing of their call themselves name it there
 * @returns undefined while it is not clear
 */
export function recognise(
  messages: readonly (Uint8Array | string)[],
  query: string,
): ProtocolName | undefined {
  for (const message of messages) {
    const name = typeof message === "string" ? ofText(message) : ofBytes(message, query);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Version 1, hello (`native-v1.ts`); else bare audio, of the one peer that may begin with it. */
function ofBytes(message: Uint8Array, query: string): ProtocolName | undefined {
  if (message.length >= 24 && message[0] === 1 && message[1] === 0x10) return "native-v1";
  return new URLSearchParams(query).has("callId") ? "audio-stream" : undefined;
}

function ofText(text: string): ProtocolName | undefined {
  if (/^MEDIA_START( |$)/.test(text)) return "asterisk";
  const message = mapOf(text);
  if (message === undefined) return undefined;
  const { event, type } = message;
  if (event === "MEDIA_START") return "asterisk";
  if (event === "websocket:connected") return "vonage";
  if (event === "start") return ofStart(message);
  if (type === "open" && message["version"] === "2") return "audiohook";
  if (event !== undefined || type !== undefined) return undefined;
  // Metadata: jambonz puts the call's attributes beside it.
  return typeof message["callSid"] === "string" && "sampleRate" in message
    ? "jambonz"
    : "audio-stream";
}

/** What each carrier calls the stream. */
function ofStart(message: Readonly<Record<string, unknown>>): ProtocolName | undefined {
  const start = asMap(message["start"]) ?? {};
  if ("streamSid" in message) return "twilio";
  if ("stream_id" in message && "call_control_id" in start) return "telnyx";
  if ("stream_sid" in message || "stream_sid" in start) return "exotel";
  return "streamId" in start && "callId" in start ? "plivo" : undefined;
}

function mapOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return asMap(JSON.parse(text));
  } catch {
    // No JSON is no protocol's beginning; the next message may be.
    return undefined;
  }
}

function asMap(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : undefined;
}
