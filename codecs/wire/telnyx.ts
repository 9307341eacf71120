/**
 * Telnyx media streaming on the wire (bidirectional, mode `rtp`): JSON text messages, audio as RTP
 * payload without its header, in base64. Telnyx does not promise the order of media: `chunk` tells.
 *
 * @see https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { fieldError, type FieldReader } from "./fields.js";
import { jsonCarrierParser } from "./json-carrier.js";
import {
  base64Of,
  countOf,
  parametersRule,
  streamIdRule,
  type JsonStreamStart,
  type JsonStreamWriter,
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

const rates = [8000, 16000, 24000] as const;

/** What Telnyx sends is what it takes, when `stream_bidirectional_codec` is set to the same. */
function formatOf(format: FieldReader): AudioFormat {
  const encoding = format.text("encoding", { lengthMax: 32 });
  const rateHz = rates.find((rate) => rate === countOf(format, "sample_rate", 8000));
  const channels = countOf(format, "channels", 1);
  if (channels === 1 && encoding === "PCMU" && rateHz === 8000) return { codec: "pcmu", rateHz };
  if (channels === 1 && encoding === "PCMA" && rateHz === 8000) return { codec: "pcma", rateHz };
  if (channels === 1 && encoding === "L16" && rateHz !== undefined) return { codec: "l16", rateHz };
  const right = "PCMU or PCMA at 8000 Hz or L16 at 8000, 16000 or 24000 Hz, mono";
  const given = `${encoding}/${countOf(format, "sample_rate", 8000)}/${channels}`;
  const { message, detail } = fieldError(format.path, given, right);
  throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
}
