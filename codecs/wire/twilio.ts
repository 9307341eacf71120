/**
 * Twilio Media Streams on the wire: JSON text messages. Pure; the session's state is kept in
 * `access/protocols/twilio-session.ts`.
 *
 * Fifty media messages a second and call come in, so those exactly as Twilio writes them are
 * scanned instead of parsed: their payload is found between its quotes and decoded straight into a
 * buffer of the caller. Whatever is unusual goes to `JSON.parse`, with the same result.
 *
 * @see https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { Buffer } from "node:buffer";
import { fieldError, readFields, type FieldReader, type TextRule } from "./fields.js";
import { ProtocolError } from "./protocol-error.js";

/** The one format of Twilio's streams. */
export const TWILIO_FORMAT = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 } as const;

/** What a scan found: positions in the text, so that nothing is allocated. */
export type TwilioMediaScan = {
  /** ms since the stream's start. */
  timestampMs: number;
  /** The base64 text between its quotes. */
  payloadStart: number;
  payloadEnd: number;
};

/** Scans media messages of one stream; false for all it leaves to `parseTwilio`. */
export type TwilioScanner = (text: string, scan: TwilioMediaScan) => boolean;

/** A message from Twilio. Events we do not know have the event `unknown` and are to be ignored. */
export type TwilioMessage =
  | { readonly event: "connected" }
  | TwilioStart
  | {
      readonly event: "media";
      readonly streamSid: string;
      readonly isInbound: boolean;
      readonly timestampMs: number;
      readonly payload: string;
    }
  | { readonly event: "dtmf"; readonly streamSid: string; readonly digit: string }
  | { readonly event: "mark"; readonly streamSid: string; readonly name: string }
  | { readonly event: "stop"; readonly streamSid: string }
  | { readonly event: "unknown" };

export type TwilioStart = {
  readonly event: "start";
  readonly streamSid: string;
  readonly callSid: string;
  readonly accountSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
};

const sidRule: TextRule = { lengthMax: 128 };
const markRule: TextRule = { lengthMax: 256 };
const digitRule: TextRule = {
  lengthMax: 1,
  isSecret: true,
  pattern: { expression: /^[0-9*#A-Da-d]$/, words: "one of 0-9 * # A-D" },
};
const parametersRule = { lengthMin: 0, lengthMax: 1024, countMax: 64, isSecret: true } as const;

/**
 * The usual media message up to its payload, but for the stream's id, which lies between the two
 * or at the end. Sticky, so that matching moves a position instead of making strings. Ten digits
 * of ms are 115 days.
 */
const EVENT = /\{"event":"media","sequenceNumber":"[0-9]{1,10}",/y;
const MEDIA =
  /"media":\{"track":"inbound","chunk":"[0-9]{1,10}","timestamp":"[0-9]{1,10}","payload":"/y;
const AFTER_TIMESTAMP = '","payload":"'.length;
const QUOTE = 0x22;

/** An object for a scanner to fill. */
export function emptyTwilioMediaScan(): TwilioMediaScan {
  return { timestampMs: 0, payloadStart: 0, payloadEnd: 0 };
}

/**
 * Makes the scanner of a stream. It takes inbound media exactly as Twilio writes it, with the
 * stream's id before or after the media; it gives up on white space, escapes, other keys and other
 * orders. What it takes, `parseTwilio` would read the same.
 */
export function twilioScanner(streamSid: string): TwilioScanner {
  const sidPair = `"streamSid":${JSON.stringify(streamSid)}`;
  const sidBefore = `${sidPair},`;
  const sidAfter = `"},${sidPair}}`;
  return (text, scan) => {
    EVENT.lastIndex = 0;
    if (!EVENT.test(text)) return false;
    const isBefore = text.startsWith(sidBefore, EVENT.lastIndex);
    MEDIA.lastIndex = EVENT.lastIndex + (isBefore ? sidBefore.length : 0);
    if (!MEDIA.test(text)) return false;
    const start = MEDIA.lastIndex;
    const end = text.indexOf('"', start);
    const tail = isBefore ? '"}}' : sidAfter;
    if (end + tail.length !== text.length || !text.startsWith(tail, end)) return false;
    if (text.includes("\\", start)) return false;
    scan.timestampMs = digitsBefore(text, start - AFTER_TIMESTAMP);
    scan.payloadStart = start;
    scan.payloadEnd = end;
    return true;
  };
}

/**
 * Decodes base64 between two places of a text into `into`; returns the bytes written.
 *
 * @throws {ProtocolError} `PROTOCOL_OVERSIZE` when `into` is too small, `PROTOCOL_PAYLOAD` when
 *   the text is not base64 with its padding (RFC 4648 section 4).
 */
export function decodePayload(text: string, start: number, end: number, into: Buffer): number {
  const length = end - start;
  let bytes = (length / 4) * 3;
  if (bytes > 0 && text.charCodeAt(end - 1) === 0x3d) bytes -= text.endsWith("==", end) ? 2 : 1;
  if (bytes > into.length) {
    throw new ProtocolError(
      "PROTOCOL_OVERSIZE",
      `media.payload has ${length} characters, at most ${Math.floor(into.length / 3) * 4} is right`,
      { payloadCharacters: length, payloadBytesMax: into.length },
    );
  }
  // Node skips what is not base64, so a broken text yields fewer bytes than its length promises.
  const written = length % 4 === 0 ? into.write(text.slice(start, end), "base64") : -1;
  if (written === bytes) return bytes;
  throw new ProtocolError(
    "PROTOCOL_PAYLOAD",
    `media.payload has ${length} characters that are not base64, RFC 4648 section 4 with padding ` +
      "is right",
    { payloadCharacters: length },
  );
}

/**
 * Parses any message of Twilio, in whatever order and spacing.
 *
 * @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, and `PROTOCOL_FORMAT` when a stream
 *   starts with audio other than μ-law, 8000 Hz, mono.
 */
export function parseTwilio(text: string): TwilioMessage {
  const message = readFields(parseJson(text), "message");
  const event = message.text("event", { lengthMax: 64 });
  switch (event) {
    case "connected":
      return { event };
    case "start":
      return readStart(message);
    case "media":
      return { event, streamSid: sidOf(message), ...readMedia(message.map("media")) };
    case "dtmf":
      return {
        event,
        streamSid: sidOf(message),
        digit: message.map("dtmf").text("digit", digitRule).toUpperCase(),
      };
    case "mark":
      return {
        event,
        streamSid: sidOf(message),
        name: message.map("mark").text("name", markRule),
      };
    case "stop":
      return { event, streamSid: sidOf(message) };
    default:
      return { event: "unknown" };
  }
}

/** Our messages to one Twilio stream, with everything but the payload prepared once. */
export type TwilioWriter = {
  /** μ-law bytes, no header, any length; Twilio plays them in order. */
  media(payload: Uint8Array): string;
  mark(name: string): string;
  clear(): string;
};

export function twilioWriter(streamSid: string): TwilioWriter {
  const sid = JSON.stringify(streamSid);
  const mediaPrefix = `{"event":"media","streamSid":${sid},"media":{"payload":"`;
  const clear = `{"event":"clear","streamSid":${sid}}`;
  return {
    media: (payload) =>
      mediaPrefix +
      Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("base64") +
      '"}}',
    mark: (name) => `{"event":"mark","streamSid":${sid},"mark":{"name":${JSON.stringify(name)}}}`,
    clear: () => clear,
  };
}

/** The number whose digits end here, back to the quote before them. */
function digitsBefore(text: string, end: number): number {
  let value = 0;
  let unit = 1;
  for (let at = end - 1; text.charCodeAt(at) !== QUOTE; at -= 1) {
    value += (text.charCodeAt(at) - 0x30) * unit;
    unit *= 10;
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the message, which may hold what a person dialled.
    throw new ProtocolError(
      "PROTOCOL_JSON",
      `message of ${text.length} characters is not JSON, a JSON object is right`,
      { messageCharacters: text.length },
    );
  }
}

function sidOf(message: FieldReader): string {
  return message.text("streamSid", sidRule);
}

function readMedia(media: FieldReader): {
  isInbound: boolean;
  timestampMs: number;
  payload: string;
} {
  const track = media.optionalText("track", { lengthMax: 32 });
  return {
    isInbound: track !== "outbound",
    timestampMs: readTimestampMs(media),
    payload: media.text("payload", { lengthMin: 0, lengthMax: Infinity, isSecret: true }),
  };
}

/** Decimal digits as a text from Twilio, as a number from some of its clones. */
function readTimestampMs(media: FieldReader): number {
  const value = media.all["timestamp"];
  if (value === undefined || value === null) return -1;
  const isDigits = typeof value === "string" && /^[0-9]{1,15}$/.test(value);
  if (isDigits) return Number(value);
  return media.integer("timestamp", { min: 0, max: 1e15 - 1 });
}

function readStart(message: FieldReader): TwilioStart {
  const start = message.map("start");
  checkFormat(start.map("mediaFormat"));
  return {
    event: "start",
    streamSid: sidOf(message),
    callSid: start.text("callSid", sidRule),
    accountSid: start.text("accountSid", sidRule),
    customParameters: start.optionalMap("customParameters")?.texts(parametersRule) ?? {},
  };
}

function checkFormat(format: FieldReader): void {
  for (const [name, right] of Object.entries(TWILIO_FORMAT)) {
    const value = format.all[name];
    if (value === right || (typeof right === "number" && value === String(right))) continue;
    const { message, detail } = fieldError(`${format.path}.${name}`, value, String(right));
    throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
  }
}
