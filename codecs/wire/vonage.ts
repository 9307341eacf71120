/**
 * Vonage Voice WebSockets on the wire: JSON text messages for control, 16-bit little-endian samples
 * in binary messages of exactly 20 ms. What was put into `headers` of the NCCO lies flat in the
 * first message.
 *
 * @see https://developer.vonage.com/en/voice/voice-api/concepts/websockets
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import type { BinaryStreamMessage, BinaryStreamWriter } from "./binary-stream.js";
import { fieldError, type FieldReader } from "./fields.js";
import { digitRule, markRule, readJsonMessage } from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

const rates = [8000, 16000, 24000] as const;

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export function parseVonage(text: string): BinaryStreamMessage {
  const { event, message } = readJsonMessage(text);
  switch (event) {
    case "websocket:connected":
      return {
        event: "start",
        format: formatOf(message),
        writer: vonageWriter,
        parameters: textsOf(message),
        peerIds: {},
      };
    case "websocket:dtmf":
      return { event: "dtmf", digit: digitOf(message) };
    case "websocket:notify": {
      const name = message.optionalMap("payload")?.optionalText("mark", markRule);
      return name === undefined ? { event: "ignored" } : { event: "mark", name, isPlayed: true };
    }
    default:
      return { event: "ignored" };
  }
}

const vonageWriter: BinaryStreamWriter = {
  mark: (name) => `{"action":"notify","payload":{"mark":${JSON.stringify(name)}}}`,
  clear: () => ['{"action":"clear"}'],
};

/** Builds of Vonage differ: `digit`, `dtmf.digit`, or `dtmf` itself. */
function digitOf(message: FieldReader): string {
  const { dtmf } = message.all;
  if (typeof dtmf === "string") return message.text("dtmf", digitRule).toUpperCase();
  const holder = dtmf === undefined ? message : message.map("dtmf");
  return holder.text("digit", digitRule).toUpperCase();
}

/** Headers are texts; what else Vonage puts beside them is not ours. */
function textsOf(message: FieldReader): Readonly<Record<string, string>> {
  const own = Object.entries(message.all).filter(
    ([name, value]) => name !== "event" && name !== "content-type" && typeof value === "string",
  );
  return Object.fromEntries(own.slice(0, 64) as [string, string][]);
}

function formatOf(message: FieldReader): AudioFormat {
  const contentType = message.text("content-type", { lengthMax: 128 });
  const rate = Number(/^audio\/l16;\s*rate=(\d+)$/.exec(contentType)?.[1]);
  const rateHz = rates.find((one) => one === rate);
  if (rateHz !== undefined) return { codec: "l16", rateHz };
  const right = `audio/l16;rate= and one of ${rates.join(", ")}`;
  const { message: words, detail } = fieldError("message.content-type", contentType, right);
  throw new ProtocolError("PROTOCOL_FORMAT", words, detail);
}
