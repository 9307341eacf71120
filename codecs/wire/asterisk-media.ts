/**
 * Asterisk's `chan_websocket` on the wire: binary messages are bare audio, text messages are
 * control, as JSON (`f(json)`) or as plain words (`f(plain-text)`). Pure; the session's state is
 * kept in `access/protocols/asterisk-session.ts`.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { fieldError, readFields, type FieldReader, type TextRule } from "./fields.js";
import { ProtocolError } from "./protocol-error.js";

/** How Asterisk writes its control messages, and wants to read ours. */
export type AsteriskStyle = "json" | "plain";

/** A control message from Asterisk. Events we do not know are `unknown` and to be ignored. */
export type AsteriskEvent =
  | AsteriskStart
  /** Our audio fills its queue: stop sending, or go on. */
  | { readonly event: "MEDIA_XOFF" }
  | { readonly event: "MEDIA_XON" }
  | { readonly event: "QUEUE_DRAINED" }
  /** The queue came to a mark; `id` is "" where none was given. */
  | { readonly event: "MEDIA_MARK_PROCESSED"; readonly id: string }
  | { readonly event: "DTMF_END"; readonly digit: string }
  /** A command of ours was refused. */
  | { readonly event: "ERROR"; readonly text: string }
  | { readonly event: "unknown" };

export type AsteriskStart = {
  readonly event: "MEDIA_START";
  readonly style: AsteriskStyle;
  readonly format: AudioFormat;
  readonly channelId: string;
  /** Channel variables; empty in plain text, which does not carry them. */
  readonly variables: Readonly<Record<string, string>>;
};

/** A longer command is ignored by Asterisk without a word. */
export const ASTERISK_COMMAND_BYTES_MAX = 128;

/** Longest message of audio that Asterisk takes; beyond it it hangs up. */
export const ASTERISK_MEDIA_BYTES_MAX = 65_500;

const nameRule: TextRule = { lengthMax: 256 };
const idRule: TextRule = { lengthMin: 0, lengthMax: 128 };
const digitRule: TextRule = {
  lengthMax: 1,
  isSecret: true,
  pattern: { expression: /^[0-9*#A-Da-d]$/, words: "one of 0-9 * # A-D" },
};
const variablesRule = { lengthMin: 0, lengthMax: 1024, countMax: 64, isSecret: true } as const;

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
export function parseAsterisk(text: string): AsteriskEvent {
  return text.startsWith("{") ? fromFields(jsonFields(text), "json") : fromPlain(text);
}

/** Our commands in the style of one connection. */
export type AsteriskWriter = {
  /** `id` comes back in MEDIA_MARK_PROCESSED. @throws {RangeError} when it makes it too long */
  mark(id: string): string;
  /** Drops what is queued, marks too; QUEUE_DRAINED says that it is done. In this order. */
  clear(): readonly string[];
  hangup(): string;
};

export function asteriskWriter(style: AsteriskStyle): AsteriskWriter {
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

function jsonFields(text: string): FieldReader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the message, which may hold what a person dialled.
    const message = `message of ${text.length} characters is not JSON, a JSON object is right`;
    throw new ProtocolError("PROTOCOL_JSON", message, { messageCharacters: text.length });
  }
  return readFields(value, "message");
}

/** `NAME`, `NAME id`, or `NAME key:value key:value`, as the event demands. */
function fromPlain(text: string): AsteriskEvent {
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
  const errorAt = text.indexOf("error_text:");
  if (errorAt !== -1) pairs["error_text"] = text.slice(errorAt + "error_text:".length);
  return fromFields(readFields({ ...pairs, event: name }, "message"), "plain");
}

function fromFields(message: FieldReader, style: AsteriskStyle): AsteriskEvent {
  const event = message.text("event", nameRule);
  switch (event) {
    case "MEDIA_START":
      return {
        event,
        style,
        format: formatOf(message),
        channelId: message.text("channel_id", nameRule),
        variables: message.optionalMap("channel_variables")?.texts(variablesRule) ?? {},
      };
    case "MEDIA_XOFF":
    case "MEDIA_XON":
    case "QUEUE_DRAINED":
      return { event };
    case "MEDIA_MARK_PROCESSED":
      return { event, id: message.optionalText("correlation_id", idRule) ?? "" };
    case "DTMF_END":
      return { event, digit: message.text("digit", digitRule).toUpperCase() };
    case "ERROR":
      return { event, text: message.optionalText("error_text", { lengthMax: 1024 }) ?? "" };
    default:
      return { event: "unknown" };
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
