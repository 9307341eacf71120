/** How Telnyx, Plivo and Exotel speak, from their side, for tests and benches. */
import type { OpenOpus } from "../../codecs/audio/opus-line.js";
import type { FieldReader } from "../../codecs/wire/fields.js";
import { TELNYX_FORMATS, type TelnyxCodec } from "../../codecs/wire/telnyx.js";
import { payloadText, type CarrierDialect, type CarrierOrder } from "./carrier-client.js";

const nameRule = { lengthMax: 256 } as const;

/** Telnyx, with the call in G.711 A-law. */
export const telnyxDialect = telnyxDialectIn("pcma");

/** @see https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming */
export function telnyxDialectIn(codec: TelnyxCodec, openOpus?: OpenOpus): CarrierDialect {
  const { rateHz } = TELNYX_FORMATS[codec];
  return {
    ...(codec === "opus" && openOpus !== undefined ? { openOpus } : {}),
    format: { codec: codec === "opus" ? "l16" : codec, rateHz },
    clearedMarks: "returned",
    hello: '{"event":"connected","version":"1.0.0"}',
    start: ({ sequence, streamId, callId, token, parameters }) => ({
      event: "start",
      sequence_number: String(sequence),
      start: {
        user_id: "user-1",
        call_control_id: `v3:${callId}`,
        client_state: "",
        custom_parameters: { ...parameters, callId, token },
        media_format: { encoding: codec.toUpperCase(), sample_rate: rateHz, channels: 1 },
      },
      stream_id: streamId,
    }),
    media: ({ sequence, streamId }, { chunk, timestampMs, payload }) => ({
      event: "media",
      sequence_number: String(sequence),
      media: { track: "inbound", chunk: String(chunk), timestamp: String(timestampMs), payload },
      stream_id: streamId,
    }),
    dtmf: ({ sequence, streamId }, digit) => ({
      event: "dtmf",
      stream_id: streamId,
      sequence_number: String(sequence),
      dtmf: { digit },
    }),
    mark: ({ streamId }, name) => ({ event: "mark", stream_id: streamId, mark: { name } }),
    stop: ({ sequence, streamId, callId }) => ({
      event: "stop",
      sequence_number: String(sequence),
      stop: { user_id: "user-1", call_control_id: `v3:${callId}` },
      stream_id: streamId,
    }),
    read: readPlain,
  };
}

/** @see https://www.plivo.com/docs/voice/concepts/audio-streaming */
export const plivoDialect: CarrierDialect = {
  format: { codec: "l16", rateHz: 16000 },
  clearedMarks: "dropped",
  start: ({ sequence, streamId, callId, token }) => ({
    sequenceNumber: sequence,
    event: "start",
    start: {
      callId: `plivo-${callId}`,
      streamId,
      accountId: "1",
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-l16", sampleRate: 16000 },
    },
    extra_headers: `{callId=${callId};token=${token}}`,
  }),
  media: ({ sequence, streamId }, { chunk, timestampMs, payload }) => ({
    sequenceNumber: sequence,
    streamId,
    event: "media",
    media: {
      track: "inbound",
      timestamp: String(1_700_000_000_000 + timestampMs),
      chunk,
      payload,
    },
    extra_headers: "{}",
  }),
  dtmf: ({ sequence, streamId }, digit) => ({
    event: "dtmf",
    sequenceNumber: sequence,
    streamId,
    dtmf: { track: "inbound", digit, timestamp: "1700000000000" },
  }),
  mark: ({ streamId }, name) => ({ event: "playedStream", streamId, name }),
  read(message, { streamId }) {
    const event = message.oneOf("event", ["playAudio", "checkpoint", "clearAudio"]);
    if (event === "playAudio") {
      const media = message.map("media");
      media.oneOf("contentType", ["audio/x-l16"]);
      media.oneOf("sampleRate", [16000]);
      return { kind: "media", payload: payloadText(media) };
    }
    message.oneOf("streamId", [streamId]);
    if (event === "clearAudio") return { kind: "clear" };
    return { kind: "mark", name: message.text("name", nameRule) };
  },
};

/** @see https://developer.exotel.com/api/agentstream */
export const exotelDialect: CarrierDialect = {
  format: { codec: "l16", rateHz: 8000 },
  clearedMarks: "returned",
  hello: '{"event":"connected"}',
  start: ({ sequence, streamId, callId, token, parameters }) => ({
    event: "start",
    sequence_number: String(sequence),
    stream_sid: streamId,
    start: {
      stream_sid: streamId,
      call_sid: `exotel-${callId}`,
      account_sid: "acme",
      from: "0",
      to: "0",
      custom_parameters: { ...parameters, callId, token },
      media_format: { encoding: "base64", sample_rate: "8000", bit_rate: "16" },
    },
  }),
  media: ({ sequence, streamId }, { chunk, timestampMs, payload }) => ({
    event: "media",
    sequence_number: String(sequence),
    stream_sid: streamId,
    media: { chunk: String(chunk), timestamp: String(timestampMs), payload },
  }),
  dtmf: ({ streamId }, digit) => ({
    event: "dtmf",
    stream_sid: streamId,
    dtmf: { digit, duration: "100" },
  }),
  mark: ({ streamId }, name) => ({ event: "mark", stream_sid: streamId, mark: { name } }),
  stop: ({ streamId, callId }) => ({
    event: "stop",
    stream_sid: streamId,
    stop: { call_sid: `exotel-${callId}`, account_sid: "acme", reason: "callended" },
  }),
  read(message, { streamId }) {
    message.oneOf("stream_sid", [streamId]);
    return readPlain(message);
  },
};

function readPlain(message: FieldReader): CarrierOrder {
  const kind = message.oneOf("event", ["media", "mark", "clear"]);
  if (kind === "media") return { kind, payload: payloadText(message.map("media")) };
  if (kind === "mark") return { kind, name: message.map("mark").text("name", nameRule) };
  return { kind };
}
