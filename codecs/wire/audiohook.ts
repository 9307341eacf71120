/**
 * Genesys AudioHook (and its Audio Connector) on the wire: JSON text messages in a numbered
 * envelope, G.711 μ-law or 16-bit little-endian samples at 8000 Hz in binary messages, both sides
 * of the call interleaved where two channels were chosen. Genesys offers, we choose and open. Pure.
 *
 * @see https://developer.genesys.cloud/devapps/audiohook/protocol-reference
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { fieldError, readFields, type FieldReader } from "./fields.js";
import { digitRule, parseJson } from "./json-stream.js";
import { ProtocolError } from "./protocol-error.js";

/** Shorter pieces of ours are answered with "429 too many". */
export const AUDIOHOOK_PIECE_MS = 200;

/** What both directions are coded in, and what of it is the callee. */
export type AudioHookMedia = {
  readonly format: AudioFormat;
  /** In the order in which their samples are interleaved. */
  readonly channels: readonly string[];
};

/** What Genesys says. What we do not know, or need not, is `ignored`. */
export type AudioHookEvent =
  | {
      readonly event: "open";
      readonly media: AudioHookMedia;
      readonly parameters: Readonly<Record<string, string>>;
      readonly peerIds: Readonly<Record<string, string>>;
      /** Only tries the connection: there is no call. */
      readonly isProbe: boolean;
    }
  | { readonly event: "close" | "ping" | "ignored" }
  | { readonly event: "dtmf"; readonly digit: string }
  /** Audio of the call that is not sent: so much of it. */
  | { readonly event: "discarded"; readonly lengthMs: number }
  /** All audio that we sent has sounded. */
  | { readonly event: "playbackCompleted" };

/** A message with its place in the conversation. */
export type AudioHookMessage = {
  readonly id: string;
  /** From 1, one by one. */
  readonly seq: number;
  /** The last of ours that was seen. */
  readonly serverSeq: number;
  readonly said: AudioHookEvent;
};

const idRule = { lengthMax: 128 } as const;
const counter = { min: 0, max: 1e9 } as const;
const probeId = "00000000-0000-0000-0000-000000000000";

/** @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` */
export function parseAudioHook(text: string): AudioHookMessage {
  const message = readFields(parseJson(text), "message");
  message.oneOf("version", ["2"]);
  return {
    id: message.text("id", idRule),
    seq: message.integer("seq", { ...counter, min: 1 }),
    serverSeq: message.integer("serverseq", counter),
    said: saidIn(message.text("type", { lengthMax: 64 }), message),
  };
}

/** One of our messages. */
export function audioHookText(
  type: string,
  place: { readonly id: string; readonly seq: number; readonly clientSeq: number },
  parameters: Readonly<Record<string, unknown>>,
): string {
  const { id, seq, clientSeq } = place;
  return JSON.stringify({ version: "2", id, type, seq, clientseq: clientSeq, parameters });
}

/** The media we chose, as `opened` names it. */
export function mediaOffer({ format, channels }: AudioHookMedia): object {
  return { type: "audio", format: nameOf(format), channels, rate: format.rateHz };
}

/** Media time of a message: `PT12.34S`. */
export function parseDurationMs(text: string): number | undefined {
  const seconds = /^PT(\d{1,9}(?:\.\d{1,9})?)S$/.exec(text)?.[1];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000);
}

function saidIn(type: string, message: FieldReader): AudioHookEvent {
  switch (type) {
    case "open":
      return readOpen(message.map("parameters"));
    case "close":
    case "ping":
      return { event: type };
    case "dtmf":
      return {
        event: "dtmf",
        digit: message.map("parameters").text("digit", digitRule).toUpperCase(),
      };
    case "discarded":
    case "resumed":
      return { event: "discarded", lengthMs: durationOf(message.map("parameters"), "discarded") };
    case "playback_completed":
      return { event: "playbackCompleted" };
    // Among them errors about one message of ours, and updates of the language.
    default:
      return { event: "ignored" };
  }
}

function durationOf(fields: FieldReader, name: string): number {
  const text = fields.text(name, { lengthMax: 32 });
  const lengthMs = parseDurationMs(text);
  if (lengthMs !== undefined) return lengthMs;
  throw fieldError(`${fields.path}.${name}`, text, "a duration like PT1.25S");
}

function readOpen(parameters: FieldReader): AudioHookEvent {
  const conversationId = parameters.text("conversationId", idRule);
  const organizationId = parameters.optionalText("organizationId", idRule);
  const inputs = parameters.optionalMap("inputVariables");
  return {
    event: "open",
    media: chooseMedia(parameters.all["media"], `${parameters.path}.media`),
    parameters:
      inputs?.texts({ lengthMin: 0, lengthMax: 1024, countMax: 64, isSecret: true }) ?? {},
    peerIds: { conversationId, ...(organizationId === undefined ? {} : { organizationId }) },
    isProbe: conversationId === probeId,
  };
}

/** The first offer with the callee in it: Genesys puts what it likes best first. */
function chooseMedia(offers: unknown, path: string): AudioHookMedia {
  const right = "a list of offers with PCMU or L16 at 8000 Hz and the channel external";
  if (!Array.isArray(offers) || offers.length > 64) throw fieldError(path, offers, right);
  for (const offer of offers as readonly unknown[]) {
    const media = mediaOf(readFields(offer, path));
    if (media !== undefined) return media;
  }
  const { message, detail } = fieldError(path, `${offers.length} offers without it`, right);
  throw new ProtocolError("PROTOCOL_FORMAT", message, detail);
}

function mediaOf(offer: FieldReader): AudioHookMedia | undefined {
  const { type, format, rate, channels } = offer.all;
  const isOurs = type === "audio" && (format === "PCMU" || format === "L16") && rate === 8000;
  if (!isOurs || !Array.isArray(channels) || channels.length > 2) return undefined;
  if (!channels.includes("external")) return undefined;
  const names = channels.map((channel) => (channel === "external" ? "external" : "internal"));
  return { format: { codec: format === "PCMU" ? "pcmu" : "l16", rateHz: 8000 }, channels: names };
}

function nameOf({ codec }: AudioFormat): string {
  return codec === "pcmu" ? "PCMU" : "L16";
}
