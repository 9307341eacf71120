/** How Asterisk, Vonage and jambonz speak, from their side, for tests and benches. */
import { frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { readFields, type FieldReader } from "../../codecs/wire/fields.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import type { BinaryOrder, BinaryPeer } from "./binary-client.js";

const nameRule = { lengthMin: 0, lengthMax: 256 } as const;
const formats = {
  ulaw: { codec: "pcmu", rateHz: 8000 },
  slin16: { codec: "l16", rateHz: 16000 },
} as const satisfies Readonly<Record<string, AudioFormat>>;

type Body = Readonly<Record<string, string | number>>;

/**
 * Asterisk's `chan_websocket`, in either style of control messages.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
export function asteriskPeer(style: "json" | "plain", name: keyof typeof formats): BinaryPeer {
  const format = formats[name];
  const write = (event: string, body: Body): string => {
    const all = { channel_id: "media-7", ...body };
    if (style === "json") return JSON.stringify({ event, ...all });
    const pairs = Object.entries(all).map(([key, value]) => ` ${key}:${value}`);
    return `${event}${pairs.join("")}`;
  };
  const bytes = frameBytes(format, 20);
  return {
    format,
    subprotocol: "media",
    isInUrl: true,
    start: () =>
      write("MEDIA_START", {
        connection_id: "media",
        channel: "WebSocket/media/0x1",
        format: name,
        optimal_frame_size: bytes,
        ptime: 20,
      }),
    dtmf: (digit) => write("DTMF_END", { digit }),
    mark: (id) =>
      style === "json"
        ? JSON.stringify({ event: "MEDIA_MARK_PROCESSED", correlation_id: id })
        : `MEDIA_MARK_PROCESSED ${id}`,
    read(given) {
      const text = String(given);
      // A longer command is ignored without a word.
      if (text.length > 128) return { kind: "other" };
      const [command, id] = style === "json" ? jsonCommand(text) : plainCommand(text);
      switch (command) {
        case "MARK_MEDIA":
          return { kind: "mark", name: id ?? "" };
        case "FLUSH_MEDIA":
          return { kind: "clear" };
        case "HANGUP":
          return { kind: "hangup" };
        case "REPORT_QUEUE_DRAINED":
          return { kind: "answer", text: write("QUEUE_DRAINED", {}) };
        default:
          return { kind: "other" };
      }
    },
  };
}

/** @see https://developer.vonage.com/en/voice/voice-api/concepts/websockets */
export const vonagePeer: BinaryPeer = {
  format: { codec: "l16", rateHz: 16000 },
  isInUrl: false,
  start: ({ callId, token }) =>
    JSON.stringify({
      event: "websocket:connected",
      "content-type": "audio/l16;rate=16000",
      callId,
      token,
    }),
  dtmf: (digit) => JSON.stringify({ event: "websocket:dtmf", digit, duration: 260 }),
  mark: (name) => JSON.stringify({ event: "websocket:notify", payload: { mark: name } }),
  read(text) {
    const message = fieldsOf(String(text));
    const action = message.oneOf("action", ["notify", "clear"]);
    if (action === "clear") return { kind: "clear" };
    return { kind: "mark", name: message.map("payload").text("mark", nameRule) };
  },
};

/** @see https://docs.jambonz.org/verbs/verbs/listen */
export const jambonzPeer: BinaryPeer = {
  format: { codec: "l16", rateHz: 8000 },
  subprotocol: "audio.jambonz.org",
  isInUrl: false,
  start: ({ callId, token }) =>
    JSON.stringify({ callSid: "sid-1", sampleRate: 8000, mixType: "mono", callId, token }),
  dtmf: (digit) => JSON.stringify({ event: "dtmf", dtmf: digit, duration: "1600" }),
  mark: (name) => JSON.stringify({ type: "mark", data: { name, event: "playout" } }),
  droppedMark: (name) => JSON.stringify({ type: "mark", data: { name, event: "cleared" } }),
  read(text): BinaryOrder {
    const message = fieldsOf(String(text));
    const type = message.oneOf("type", ["mark", "killAudio", "disconnect"]);
    if (type === "killAudio") return { kind: "clear" };
    if (type === "disconnect") return { kind: "hangup" };
    return { kind: "mark", name: message.map("data").text("name", nameRule) };
  },
};

function plainCommand(text: string): readonly (string | undefined)[] {
  const [name, ...id] = text.split(" ");
  return [name, id.join(" ")];
}

function jsonCommand(text: string): readonly (string | undefined)[] {
  const fields = fieldsOf(text);
  return [
    fields.text("command", { lengthMax: 64 }),
    fields.optionalText("correlation_id", nameRule),
  ];
}

function fieldsOf(text: string): FieldReader {
  try {
    return readFields(JSON.parse(text), "message");
  } catch (cause) {
    const message = `message of ${text.length} characters is not a JSON object`;
    throw new ProtocolError("PROTOCOL_JSON", message, {}, { cause });
  }
}
