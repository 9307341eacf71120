/**
 * Exotel's Voicebot stream on the wire: JSON text messages, 16-bit little-endian samples in base64.
 * Exotel wants pieces of at least 100 ms, in multiples of 320 bytes.
 *
 * @see https://developer.exotel.com/api/agentstream
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { fieldError, type FieldReader } from "./fields.js";
import { jsonCarrierParser, namedStreamWriter } from "./json-carrier.js";
import {
  countOf,
  parametersRule,
  streamIdRule,
  type JsonStreamStart,
  type JsonStreamWriter,
} from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** A shorter piece of audio is heard as a gap. */
export const EXOTEL_PIECE_BYTES_MIN = 3200;

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export const parseExotel = jsonCarrierParser({
  streamKey: "stream_sid",
  hasChunks: true,
  readStart,
});

export function exotelWriter({ streamId }: JsonStreamStart): JsonStreamWriter {
  return namedStreamWriter("stream_sid", streamId);
}

function readStart(message: FieldReader): JsonStreamStart {
  const start = message.map("start");
  const streamId =
    message.optionalText("stream_sid", streamIdRule) ?? start.text("stream_sid", streamIdRule);
  return {
    event: "start",
    streamId,
    format: formatOf(start.map("media_format")),
    parameters: start.optionalMap("custom_parameters")?.texts(parametersRule) ?? {},
    peerIds: {
      callSid: start.text("call_sid", streamIdRule),
      accountSid: start.text("account_sid", streamIdRule),
    },
  };
}

/** The encoding is named differently by account; the bits per sample decide. */
function formatOf(format: FieldReader): AudioFormat {
  const rateHz = countOf(format, "sample_rate", 8000);
  const bits = countOf(format, "bit_rate", 16);
  const isRate = rateHz === 8000 || rateHz === 16000 || rateHz === 24000;
  if (isRate && (bits === 16 || bits === 128)) return { codec: "l16", rateHz };
  const right = "16 bits at 8000, 16000 or 24000 Hz";
  const { message, detail } = fieldError(format.path, `${bits} bits/${rateHz}`, right);
  throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
}
