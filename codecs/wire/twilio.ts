/**
 * Twilio Media Streams on the wire: JSON text messages. Pure; the session's state is kept in
 * `access/protocols/twilio-session.ts`.
 *
 * Fifty media messages a second and call come in, so those of the usual shape are scanned instead
 * of parsed: their payload is found between its quotes and decoded straight into a buffer of the
 * caller (measured: 0.39 instead of 1.31 µs). Whatever is unusual goes to `JSON.parse`, with the
 * same result. Text of a message is ASCII or UTF-8, never interpreted beyond JSON.
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
  /** False for audio of the track that we ourselves sent. */
  isInbound: boolean;
  /** ms since the stream's start; -1 when the message does not say. */
  timestampMs: number;
  /** The base64 text between its quotes. */
  payloadStart: number;
  payloadEnd: number;
};

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

/** Ten digits of ms are 115 days; longer numbers are left to `JSON.parse`. */
const DIGITS_MAX = 10;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACE_CLOSE = 0x7d;

/** An object for `scanTwilioMedia` to fill. */
export function emptyTwilioMediaScan(): TwilioMediaScan {
  return { isInbound: true, timestampMs: -1, payloadStart: 0, payloadEnd: 0 };
}

/**
 * Scans a media message of the usual shape: no white space, no escapes, known keys in any order,
 * each once or more (the last counts, as in `JSON.parse`), and the stream's own id.
 *
 * @returns false when the message is anything else: then `parseTwilio` decides.
 */
export function scanTwilioMedia(text: string, streamSid: string, scan: TwilioMediaScan): boolean {
  if (!text.startsWith('{"event":"media",') || text.includes("\\")) return false;
  scan.isInbound = true;
  scan.timestampMs = -1;
  scan.payloadStart = -1;
  let at = 17;
  let hasSid = false;
  for (;;) {
    if (text.startsWith('"media":{', at)) {
      if (scan.payloadStart !== -1) return false;
      at = scanMediaMap(text, at + 9, scan);
    } else if (text.startsWith('"streamSid":"', at)) {
      hasSid = text.startsWith(streamSid, at + 13);
      at = hasSid ? at + 14 + streamSid.length : -1;
      if (at === -1 || text.charCodeAt(at - 1) !== QUOTE) return false;
    } else if (text.startsWith('"sequenceNumber":"', at)) {
      at = skipDigits(text, at + 18);
    } else {
      return false;
    }
    if (at === -1) return false;
    const next = text.charCodeAt(at);
    if (next === COMMA) at += 1;
    else return next === BRACE_CLOSE && at + 1 === text.length && hasSid && scan.payloadStart >= 0;
  }
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

/** Returns the position after the map's closing brace, or -1 when it is unusual. */
function scanMediaMap(text: string, start: number, scan: TwilioMediaScan): number {
  for (let at = start; ; at += 1) {
    if (text.startsWith('"payload":"', at)) {
      scan.payloadStart = at + 11;
      scan.payloadEnd = text.indexOf('"', at + 11);
      at = scan.payloadEnd === -1 ? -1 : scan.payloadEnd + 1;
    } else if (text.startsWith('"timestamp":"', at)) {
      scan.timestampMs = digitsAt(text, at + 13);
      at = scan.timestampMs === -1 ? -1 : skipDigits(text, at + 13);
    } else if (text.startsWith('"chunk":"', at)) {
      at = skipDigits(text, at + 9);
    } else if (text.startsWith('"track":"inbound"', at)) {
      scan.isInbound = true;
      at += 17;
    } else if (text.startsWith('"track":"outbound"', at)) {
      scan.isInbound = false;
      at += 18;
    } else {
      return -1;
    }
    if (at === -1) return -1;
    const next = text.charCodeAt(at);
    if (next === BRACE_CLOSE) return scan.payloadStart === -1 ? -1 : at + 1;
    if (next !== COMMA) return -1;
  }
}

/** The position after digits and their closing quote, or -1 when it is something else. */
function skipDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  const isNumber = at > start && at - start <= DIGITS_MAX && text.charCodeAt(at) === QUOTE;
  return isNumber ? at + 1 : -1;
}

/** The number that digits and a quote make, or -1. */
function digitsAt(text: string, start: number): number {
  let value = 0;
  let at = start;
  for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt((at += 1))) {
    value = value * 10 + (code - 0x30);
  }
  return at > start && at - start <= DIGITS_MAX ? value : -1;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
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
