/**
 * Twilio's side of its Media Streams protocol. On `clear` it returns every open mark at once.
 *
 * @see https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import type { FieldReader } from "../../codecs/wire/fields.js";
import {
  connectCarrierClient,
  payloadText,
  type CarrierClientOptions,
  type CarrierDialect,
  type CarrierOrder,
  type CarrierStream,
} from "./carrier-client.js";
import type { MediaClient } from "./media-client.js";

export type TwilioClientOptions = CarrierClientOptions;

/** Connects and starts the stream as Twilio would. */
export function connectTwilioClient(options: TwilioClientOptions): MediaClient {
  return connectCarrierClient(options, twilioDialect);
}

const accountOf = ({ callId }: CarrierStream): { accountSid: string; callSid: string } => ({
  accountSid: "AC00000000000000000000000000000000",
  callSid: `CA${callId}`,
});

const head = (event: string, { sequence, streamId }: CarrierStream) => ({
  event,
  sequenceNumber: String(sequence),
  streamSid: streamId,
});

export const twilioDialect: CarrierDialect = {
  format: { codec: "pcmu", rateHz: 8000 },
  clearedMarks: "returned",
  hello: '{"event":"connected","protocol":"Call","version":"1.0.0"}',
  start: (stream) => ({
    ...head("start", stream),
    start: {
      streamSid: stream.streamId,
      ...accountOf(stream),
      tracks: ["inbound"],
      customParameters: { ...stream.parameters, callId: stream.callId, token: stream.token },
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    },
  }),
  media: (stream, { chunk, timestampMs, payload }) => ({
    ...head("media", stream),
    media: { track: "inbound", chunk: String(chunk), timestamp: String(timestampMs), payload },
  }),
  dtmf: (stream, digit) => ({ ...head("dtmf", stream), dtmf: { track: "inbound_track", digit } }),
  mark: (stream, name) => ({ ...head("mark", stream), mark: { name } }),
  stop: (stream) => ({ ...head("stop", stream), stop: accountOf(stream) }),
  read: readOrder,
};

function readOrder(message: FieldReader, { streamId }: CarrierStream): CarrierOrder {
  const kind = message.oneOf("event", ["media", "mark", "clear"]);
  message.oneOf("streamSid", [streamId]);
  if (kind === "media") return { kind, payload: payloadText(message.map("media")) };
  if (kind === "mark") return { kind, name: message.map("mark").text("name", { lengthMax: 256 }) };
  return { kind };
}
