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
import { fieldError, type FieldReader } from "./fields.js";
import { jsonCarrierParser, namedStreamWriter } from "./json-carrier.js";
import {
  parametersRule,
  streamIdRule,
  type JsonStreamStart,
  type JsonStreamWriter,
} from "./json-stream.js";
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
 * Parses any message of Twilio, in whatever order and spacing.
 *
 * @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, and `PROTOCOL_FORMAT` when a stream
 *   starts with audio other than μ-law, 8000 Hz, mono.
 */
export const parseTwilio = jsonCarrierParser({
  streamKey: "streamSid",
  isAlwaysNamed: true,
  inboundTrack: "inbound",
  // Twilio keeps the order.
  hasChunks: false,
  readStart,
});

/** Our messages to one Twilio stream. */
export function twilioWriter(streamSid: string): JsonStreamWriter {
  return namedStreamWriter("streamSid", streamSid);
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

function readStart(message: FieldReader): JsonStreamStart {
  const start = message.map("start");
  checkFormat(start.map("mediaFormat"));
  const streamSid = message.text("streamSid", streamIdRule);
  return {
    event: "start",
    streamId: streamSid,
    format: { codec: "pcmu", rateHz: 8000 },
    parameters: start.optionalMap("customParameters")?.texts(parametersRule) ?? {},
    peerIds: {
      streamSid,
      callSid: start.text("callSid", streamIdRule),
      accountSid: start.text("accountSid", streamIdRule),
    },
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
