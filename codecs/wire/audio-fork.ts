/**
 * jambonz's `listen` and FreeSWITCH's `mod_audio_fork`, which it is made of, on the wire: one JSON
 * text message with the call's attributes and the metadata it was given, then 16-bit little-endian
 * samples in binary messages of any length. Bidirectional streaming must be on, at the same rate.
 *
 * @see https://docs.jambonz.org/verbs/verbs/listen
 */
import { isAudioRateHz, type AudioFormat } from "../audio/audio-codec.js";
import type { BinaryStreamMessage, BinaryStreamWriter } from "./binary-stream.js";
import { fieldError, readFields, type FieldReader } from "./fields.js";
import { countOf, digitRule, markRule, parseJson } from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export function parseAudioFork(text: string): BinaryStreamMessage {
  const message = readFields(parseJson(text), "message");
  if (message.all["event"] === "dtmf") {
    return { event: "dtmf", digit: message.text("dtmf", digitRule).toUpperCase() };
  }
  if (message.all["type"] === "mark") {
    const data = message.map("data");
    const isPlayed = data.oneOf("event", ["playout", "cleared"]) === "playout";
    return { event: "mark", name: data.text("name", markRule), isPlayed };
  }
  if (message.all["type"] !== undefined || message.all["event"] !== undefined) {
    return { event: "ignored" };
  }
  const callSid = message.optionalText("callSid", { lengthMax: 256 });
  return {
    event: "start",
    format: formatOf(message),
    writer: audioForkWriter,
    parameters: textsOf(message),
    peerIds: callSid === undefined ? {} : { callSid },
  };
}

const audioForkWriter: BinaryStreamWriter = {
  // It stands in front of the next audio, or fires at once when none is queued.
  mark: (name) => `{"type":"mark","data":{"name":${JSON.stringify(name)}}}`,
  clear: () => ['{"type":"killAudio"}'],
  hangup: () => '{"type":"disconnect"}',
};

function textsOf(message: FieldReader): Readonly<Record<string, string>> {
  const own = Object.entries(message.all).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(own.slice(0, 64) as [string, string][]);
}

/** `mod_audio_fork` alone says nothing of the rate: 8000 Hz, as it is started by default. */
function formatOf(message: FieldReader): AudioFormat {
  const rateHz = countOf(message, "sampleRate", 8000);
  const mix = message.optionalText("mixType", { lengthMax: 32 }) ?? "mono";
  if (isAudioRateHz(rateHz) && mix === "mono") return { codec: "l16", rateHz };
  const right = "mono at 8000, 16000, 24000 or 48000 Hz";
  const { message: words, detail } = fieldError("message.sampleRate", `${mix}/${rateHz}`, right);
  throw new ProtocolError("PROTOCOL_FORMAT", words, detail);
}
