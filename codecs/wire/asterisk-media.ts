/**
 * Asterisk's `chan_websocket` on the wire: binary messages are bare audio, text messages are
 * control, as JSON (`f(json)`) or as plain words (`f(plain-text)`). Pure; the session's state is
 * kept in `access/protocols/asterisk-session.ts`.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import type { BinaryStreamMessage, BinaryStreamWriter } from "./binary-stream.js";
import { fieldError, readFields, type FieldReader, type TextRule } from "./fields.js";
import { digitRule, parametersRule, parseJson } from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** How Asterisk writes its control messages, and wants to read ours. */
export type AsteriskStyle = "json" | "plain";

/** A longer command is ignored by Asterisk without a word. */
export const ASTERISK_COMMAND_BYTES_MAX = 128;

const nameRule: TextRule = { lengthMax: 256 };
const idRule: TextRule = { lengthMin: 0, lengthMax: 128 };

/** Asterisk's names of the formats we take. Its `slin` is in host order: little-endian. */
const formats: Readonly<Record<string, AudioFormat>> = {
  ulaw: { codec: "pcmu", rateHz: 8000 },
  alaw: { codec: "pcma", rateHz: 8000 },
  slin: { codec: "l16", rateHz: 8000 },
  slin16: { codec: "l16", rateHz: 16000 },
  slin24: { codec: "l16", rateHz: 24000 },
  slin48: { codec: "l16", rateHz: 48000 },
};

/**
 * Parses a control message, whichever style it is in.
 *
 * @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, and `PROTOCOL_FORMAT` for a stream
 *   in a format that is not ours
 */
export function parseAsterisk(text: string): BinaryStreamMessage {
  return text.startsWith("{")
    ? fromFields(readFields(parseJson(text), "message"), "json")
    : fromPlain(text);
}

/**
 * Our commands in the style of one connection. A clear drops what is queued, marks too.
 *
 * @throws {RangeError} from `mark`, when the name makes the command too long
 */
export function asteriskWriter(style: AsteriskStyle): BinaryStreamWriter {
  const command = (name: string, id?: string): string => {
    const text = style === "json" ? jsonCommand(name, id) : plainCommand(name, id);
    const bytes = new TextEncoder().encode(text).length;
    if (bytes <= ASTERISK_COMMAND_BYTES_MAX) return text;
    throw new RangeError(`${name} has ${bytes} bytes, Asterisk reads 128`);
  };
  // The pause flag is not cleared by a flush, whatever the documentation says.
  const clear = ["REPORT_QUEUE_DRAINED", "FLUSH_MEDIA", "CONTINUE_MEDIA"].map((name) =>
    command(name),
  );
  return {
    mark: (id) => command("MARK_MEDIA", id),
    clear: () => clear,
    hangup: () => command("HANGUP"),
  };
}

function jsonCommand(name: string, id: string | undefined): string {
  const correlation = id === undefined ? {} : { correlation_id: id };
  return JSON.stringify({ command: name, ...correlation });
}

function plainCommand(name: string, id: string | undefined): string {
  return id === undefined ? name : `${name} ${id}`;
}

/** `NAME`, `NAME id`, or `NAME key:value key:value`, as the event demands. */
function fromPlain(text: string): BinaryStreamMessage {
  const [name = "", ...words] = text.trim().split(" ");
  if (name === "MEDIA_MARK_PROCESSED") {
    const mark = { event: name, correlation_id: words.join(" ") };
    return fromFields(readFields(mark, "message"), "plain");
  }
  const pairs: Record<string, unknown> = {};
  for (const word of words) {
    const colon = word.indexOf(":");
    if (colon > 0) pairs[word.slice(0, colon)] = word.slice(colon + 1);
  }
  return fromFields(readFields({ ...pairs, event: name }, "message"), "plain");
}

function fromFields(message: FieldReader, style: AsteriskStyle): BinaryStreamMessage {
  const event = message.text("event", nameRule);
  switch (event) {
    case "MEDIA_START":
      return {
        event: "start",
        format: formatOf(message),
        writer: asteriskWriter(style),
        parameters: message.optionalMap("channel_variables")?.texts(parametersRule) ?? {},
        peerIds: { channelId: message.text("channel_id", nameRule) },
      };
    case "MEDIA_XOFF":
      return { event: "full" };
    case "MEDIA_XON":
      return { event: "room" };
    case "MEDIA_MARK_PROCESSED": {
      const name = message.optionalText("correlation_id", idRule) ?? "";
      return { event: "mark", name, isPlayed: true };
    }
    case "DTMF_END":
      return { event: "dtmf", digit: message.text("digit", digitRule).toUpperCase() };
    // Among them ERROR, about one command of ours: the media goes on.
    default:
      return { event: "ignored" };
  }
}

function formatOf(message: FieldReader): AudioFormat {
  const name = message.text("format", nameRule);
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (format !== undefined) return format;
  const right = `one of ${Object.keys(formats).join(", ")}`;
  const { message: words, detail } = fieldError("message.format", name, right);
  throw new ProtocolError("PROTOCOL_FORMAT", words, detail);
}
