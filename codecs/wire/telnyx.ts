/**
 * Telnyx media streaming on the wire (bidirectional, mode `rtp`): JSON text messages, audio as RTP
 * payload without its header, in base64. Telnyx does not promise the order of media: `chunk` tells.
 *
 * @see https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
 */
import { fieldError, type FieldReader } from "./fields.js";
import { jsonCarrierParser } from "./json-carrier.js";
import {
  base64Of,
  countOf,
  parametersRule,
  streamIdRule,
  type JsonStreamStart,
  type JsonStreamWriter,
  type WireFormat,
} from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export const parseTelnyx = jsonCarrierParser({
  streamKey: "stream_id",
  inboundTrack: "inbound",
  hasChunks: true,
  readStart,
  readOther: (event, message) =>
    event === "error" ? { event: "refused", code: codeOf(message) } : { event: "ignored" },
});

/** Telnyx knows the stream by its socket: our messages do not name it. */
export const telnyxWriter: JsonStreamWriter = {
  media: (payload) => `{"event":"media","media":{"payload":"${base64Of(payload)}"}}`,
  mark: (name) => `{"event":"mark","mark":{"name":${JSON.stringify(name)}}}`,
  clear: () => '{"event":"clear"}',
};

function codeOf(message: FieldReader): string {
  const code = message.optionalMap("payload")?.all["code"];
  const isCode = typeof code === "number" || typeof code === "string";
  return isCode ? String(code).slice(0, 32) : "none";
}

function readStart(message: FieldReader): JsonStreamStart {
  const start = message.map("start");
  const callControlId = start.text("call_control_id", { lengthMax: 256 });
  const callSessionId = start.optionalText("call_session_id", { lengthMax: 256 });
  return {
    event: "start",
    streamId: message.text("stream_id", streamIdRule),
    format: formatOf(start.map("media_format")),
    parameters: start.optionalMap("custom_parameters")?.texts(parametersRule) ?? {},
    peerIds: { callControlId, ...(callSessionId === undefined ? {} : { callSessionId }) },
  };
}

/** What can be asked for when dialling, in both directions, by our own names. */
export const TELNYX_FORMATS = {
  pcmu: { codec: "pcmu", rateHz: 8000 },
  pcma: { codec: "pcma", rateHz: 8000 },
  l16: { codec: "l16", rateHz: 16000 },
  opus: { codec: "opus", rateHz: 16000 },
} as const satisfies Readonly<Record<string, WireFormat>>;
export type TelnyxCodec = keyof typeof TELNYX_FORMATS;

/** What was asked for, from the query of the URL that Telnyx was given; undefined: nothing. */
export function askedOfTelnyx(query: string): WireFormat | undefined {
  const codec = new URLSearchParams(query).get("codec");
  const isKnown = codec !== null && Object.hasOwn(TELNYX_FORMATS, codec);
  return isKnown ? TELNYX_FORMATS[codec as TelnyxCodec] : undefined;
}

const byEncoding: ReadonlyMap<string, WireFormat["codec"]> = new Map([
  ["PCMU", "pcmu"],
  ["PCMA", "pcma"],
  ["L16", "l16"],
  ["OPUS", "opus"],
]);
const rates = [8000, 16000, 24000, 48000] as const;

/**
 * What Telnyx sends: what was asked for where it can, else what the callee's network has. What it
 * takes is what was asked for.
 */
function formatOf(format: FieldReader): WireFormat {
  const encoding = format.text("encoding", { lengthMax: 32 });
  const rateHz = rates.find((rate) => rate === countOf(format, "sample_rate", 8000));
  const channels = countOf(format, "channels", 1);
  const codec = byEncoding.get(encoding);
  const isG711 = codec === "pcmu" || codec === "pcma";
  if (channels === 1 && codec !== undefined && rateHz !== undefined) {
    if (!isG711 || rateHz === 8000) return { codec, rateHz };
  }
  const right = "PCMU or PCMA at 8000 Hz, L16 or OPUS at 8000 to 48000 Hz, mono";
  const given = `${encoding}/${countOf(format, "sample_rate", 8000)}/${channels}`;
  const { message, detail } = fieldError(format.path, given, right);
  throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
}
