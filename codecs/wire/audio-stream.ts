/**
 * FreeSWITCH's `mod_audio_stream` on the wire: one text message with the metadata it was given, if
 * any, then 16-bit little-endian samples in binary messages of any length. It says nothing of its
 * rate, so that stands in the metadata or in the URL: `rate`, 8000 where neither does.
 *
 * What we say, its free edition writes into a file and raises an event; whoever controls the
 * switch plays the file (`uuid_broadcast`), and stops it at our `killAudio` (`uuid_break`). Other
 * editions play binary messages as they come: `playback=binary`.
 *
 * @see https://github.com/amigniter/mod_audio_stream
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import type {
  BinaryStreamMessage,
  BinaryStreamStart,
  BinaryStreamWriter,
} from "./binary-stream.js";
import { fieldError, readFields } from "./fields.js";
import { base64Of, countOf, digitRule } from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** A file each: shorter ones are heard as gaps, longer ones late. */
export const AUDIO_STREAM_PIECE_MS = 400;

const rates = [8000, 16000, 24000, 48000] as const;

/**
 * Reads a text message: metadata before the audio, whatever the switch was told to send later.
 * Whoever controls it may pass keys on, by `uuid_audio_stream … send_text`:
 * `{"event":"dtmf","digit":"5"}`.
 *
 * @param query of the URL, where call, token, rate and playback may stand
 * @throws {ProtocolError} `PROTOCOL_FIELD` for a key that is none, `PROTOCOL_FORMAT`
 */
export function parseAudioStream(text: string, query: string): BinaryStreamMessage {
  const metadata = asMap(text);
  if (metadata === undefined) return { event: "ignored" };
  const message = readFields(metadata, "metadata");
  if (metadata["event"] === "dtmf") {
    return { event: "dtmf", digit: message.text("digit", digitRule).toUpperCase() };
  }
  if (metadata["event"] !== undefined) return { event: "ignored" };
  const texts = Object.entries(metadata).filter(([, value]) => typeof value === "string");
  const parameters = Object.fromEntries(texts.slice(0, 64)) as Record<string, string>;
  const inUrl = new URLSearchParams(query);
  const rateHz = countOf(message, "rate", Number(inUrl.get("rate") ?? 8000));
  return startOf(rateHz, parameters["playback"] ?? inUrl.get("playback"), parameters);
}

/**
 * The stream of a switch that was given no metadata: all is in the URL.
 *
 * @throws {ProtocolError} `PROTOCOL_FORMAT`
 */
export function audioStreamStart(query: string): BinaryStreamStart {
  const inUrl = new URLSearchParams(query);
  return startOf(Number(inUrl.get("rate") ?? 8000), inUrl.get("playback"), {});
}

function startOf(
  rate: number,
  playback: string | null,
  parameters: Readonly<Record<string, string>>,
): BinaryStreamStart {
  const rateHz = rates.find((one) => one === rate);
  if (rateHz === undefined) {
    const { message, detail } = fieldError("rate", rate, `one of ${rates.join(", ")}`);
    throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
  }
  const format: AudioFormat = { codec: "l16", rateHz };
  const writer = playback === "binary" ? binaryWriter : fileWriter(rateHz);
  return { event: "start", format, writer, parameters, peerIds: {} };
}

const clear = ['{"type":"killAudio"}'] as const;
const binaryWriter: BinaryStreamWriter = { clear: () => clear };

function fileWriter(rateHz: number): BinaryStreamWriter {
  const head = `{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":${rateHz},"audioData":"`;
  return { clear: () => clear, media: (payload) => `${head}${base64Of(payload)}"}}` };
}

/** Metadata may be any text; only a JSON object says something to us. */
function asMap(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Somebody else's text, passed through the switch.
    return undefined;
  }
}
