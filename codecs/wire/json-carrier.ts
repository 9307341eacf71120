/**
 * What the carriers' JSON streams say alike, whatever they call it: a message of audio, a key, a
 * mark that came back, the end. A carrier's file names its keys and reads its own `start`. Pure.
 */
import type { FieldReader } from "./fields.js";
import {
  base64Of,
  countOf,
  keyOf,
  markRule,
  payloadOf,
  readJsonMessage,
  streamIdRule,
  type JsonStreamMedia,
  type JsonStreamMessage,
  type JsonStreamStart,
  type JsonStreamWriter,
} from "./json-stream.js";

/** How one carrier spells its messages. */
export type JsonCarrier = {
  /** What it calls the stream's id, e.g. `stream_sid`. */
  readonly streamKey: string;
  /** Every message names its stream; else those that do not are of the one there is. */
  readonly isAlwaysNamed?: boolean;
  /** How its copy of the callee's audio is called, at its beginning; without it all audio is. */
  readonly inboundTrack?: string;
  /** It numbers its media; else the order is kept. */
  readonly hasChunks: boolean;
  readonly readStart: (message: FieldReader) => JsonStreamStart;
  /** Its events for a mark that came back, and where the name stands. Default `mark`, in `mark`. */
  readonly marks?: { readonly events: readonly string[]; readonly isFlat: boolean };
  /** What it says beyond that. */
  readonly readOther?: (event: string, message: FieldReader) => JsonStreamMessage;
};

const usualMarks = { events: ["mark"], isFlat: false } as const;

/**
 * Makes the parser of a carrier's messages.
 *
 * @throws {ProtocolError} from the parser: `PROTOCOL_JSON`, `PROTOCOL_FIELD`, and what `readStart`
 *   throws, `PROTOCOL_FORMAT` as a rule
 */
export function jsonCarrierParser(carrier: JsonCarrier): (text: string) => JsonStreamMessage {
  const { streamKey, isAlwaysNamed = false, marks = usualMarks } = carrier;
  const idOf = (message: FieldReader): string | undefined =>
    isAlwaysNamed
      ? message.text(streamKey, streamIdRule)
      : message.optionalText(streamKey, streamIdRule);
  return (text) => {
    const { event, message } = readJsonMessage(text);
    if (marks.events.includes(event)) {
      const holder = marks.isFlat ? message : message.map("mark");
      return { event: "mark", streamId: idOf(message), name: holder.text("name", markRule) };
    }
    switch (event) {
      case "start":
        return carrier.readStart(message);
      case "media":
        return mediaOf(carrier, idOf(message), message.map("media"));
      case "dtmf":
        return { event, streamId: idOf(message), digit: keyOf(message.map("dtmf")) };
      case "stop":
        return { event, streamId: idOf(message) };
      default:
        return carrier.readOther?.(event, message) ?? { event: "ignored" };
    }
  };
}

/** Our messages where each names its stream under the carrier's key. */
export function namedStreamWriter(streamKey: string, streamId: string): JsonStreamWriter {
  const id = `"${streamKey}":${JSON.stringify(streamId)}`;
  const head = `{"event":"media",${id},"media":{"payload":"`;
  const clear = `{"event":"clear",${id}}`;
  return {
    media: (payload) => `${head}${base64Of(payload)}"}}`,
    mark: (name) => `{"event":"mark",${id},"mark":{"name":${JSON.stringify(name)}}}`,
    clear: () => clear,
  };
}

function mediaOf(
  { inboundTrack, hasChunks }: JsonCarrier,
  streamId: string | undefined,
  media: FieldReader,
): JsonStreamMedia {
  const track = media.optionalText("track", { lengthMax: 32 });
  const isInbound =
    inboundTrack === undefined || track === undefined || track.startsWith(inboundTrack);
  return {
    event: "media",
    streamId,
    isInbound,
    chunk: hasChunks ? countOf(media, "chunk", -1) : undefined,
    timestampMs: countOf(media, "timestamp", -1),
    payload: payloadOf(media),
  };
}
