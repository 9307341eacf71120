/**
 * Plivo audio streaming on the wire (`bidirectional="true"`): JSON text messages, audio in base64,
 * little-endian where it is linear. Plivo says which checkpoints were played, and nothing about
 * those it cleared.
 *
 * @see https://www.plivo.com/docs/voice/concepts/audio-streaming
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { fieldError, type FieldReader } from "./fields.js";
import { jsonCarrierParser } from "./json-carrier.js";
import {
  base64Of,
  countOf,
  streamIdRule,
  type JsonStreamStart,
  type JsonStreamWriter,
} from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

const headersRule = { lengthMin: 0, lengthMax: 4096, isSecret: true } as const;

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export const parsePlivo = jsonCarrierParser({
  streamKey: "streamId",
  inboundTrack: "inbound",
  hasChunks: true,
  readStart,
  // Older documentation calls it `played`.
  marks: { events: ["playedStream", "played"], isFlat: true },
});

export function plivoWriter({ streamId, format }: JsonStreamStart): JsonStreamWriter {
  const id = JSON.stringify(streamId);
  // Here the content type has no rate: that stands beside it.
  const contentType = format.codec === "l16" ? "audio/x-l16" : "audio/x-mulaw";
  const head =
    `{"event":"playAudio","media":{"contentType":"${contentType}",` +
    `"sampleRate":${format.rateHz},"payload":"`;
  const clear = `{"event":"clearAudio","streamId":${id}}`;
  return {
    media: (payload) => `${head}${base64Of(payload)}"}}`,
    mark: (name) => `{"event":"checkpoint","streamId":${id},"name":${JSON.stringify(name)}}`,
    clear: () => clear,
  };
}

function readStart(message: FieldReader): JsonStreamStart {
  const start = message.map("start");
  return {
    event: "start",
    streamId: start.text("streamId", streamIdRule),
    format: formatOf(start.map("mediaFormat")),
    parameters: parametersOf(message.optionalText("extra_headers", headersRule) ?? ""),
    peerIds: { callId: start.text("callId", streamIdRule) },
  };
}

/** `extraHeaders` of the XML come as one text: `a=1;b=2`, or as JSON from some accounts. */
function parametersOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.replaceAll(/[{}"\s]/g, "").split(/[;,]/);
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const [, name, value] = /^([^=:]+)[=:](.*)$/.exec(pair) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

function formatOf(format: FieldReader): AudioFormat {
  const [encoding = ""] = format.text("encoding", { lengthMax: 64 }).split(";");
  const rateHz = countOf(format, "sampleRate", 8000);
  if (encoding === "audio/x-mulaw" && rateHz === 8000) return { codec: "pcmu", rateHz };
  if (encoding === "audio/x-l16" && (rateHz === 8000 || rateHz === 16000)) {
    return { codec: "l16", rateHz };
  }
  const right = "audio/x-l16 at 8000 or 16000 Hz or audio/x-mulaw at 8000 Hz";
  const { message, detail } = fieldError(format.path, `${encoding}/${rateHz}`, right);
  throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
}
