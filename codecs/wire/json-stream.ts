/**
 * What the carriers' JSON media streams have in common: text messages with an `event`, audio in
 * base64, marks, keys, a clear. Each carrier's file reads its own spelling into these words. Pure.
 */
import { Buffer } from "node:buffer";
import type { AudioFormat, AudioRateHz } from "../audio/audio-codec.js";
import { readFields, type FieldReader, type TextRule } from "./fields.js";
import { ProtocolError } from "./protocol-error.js";

/** A message from a carrier. What we do not know, or need not, is `ignored`. */
export type JsonStreamMessage =
  | JsonStreamStart
  | JsonStreamMedia
  | { readonly event: "dtmf"; readonly streamId: string | undefined; readonly digit: string }
  /** A mark of ours came back. */
  | { readonly event: "mark"; readonly streamId: string | undefined; readonly name: string }
  | { readonly event: "stop"; readonly streamId: string | undefined }
  /** The carrier refused something of ours; the stream goes on or is stopped by it. */
  | { readonly event: "refused"; readonly code: string }
  | { readonly event: "ignored" };

/** How audio is coded on the wire: as a leg may be, or in Opus packets. */
export type WireFormat = AudioFormat | OpusFormat;
type OpusFormat = { readonly codec: "opus"; readonly rateHz: AudioRateHz };

export function isOpusFormat(format: WireFormat): format is OpusFormat {
  return format.codec === "opus";
}

export type JsonStreamStart = {
  readonly event: "start";
  readonly streamId: string;
  /** Of the carrier's audio, and of ours where nothing else was asked for. */
  readonly format: WireFormat;
  readonly parameters: Readonly<Record<string, string>>;
  /** The carrier's own names for the call. */
  readonly peerIds: Readonly<Record<string, string>>;
};

export type JsonStreamMedia = {
  readonly event: "media";
  readonly streamId: string | undefined;
  /** False for the carrier's copy of what we said. */
  readonly isInbound: boolean;
  /** Place in the stream, counted by the carrier; undefined where it does not say. */
  readonly chunk: number | undefined;
  /** ms on the carrier's clock; -1 where it does not say. */
  readonly timestampMs: number;
  /** Base64. */
  readonly payload: string;
};

/** Our messages to one stream. */
export type JsonStreamWriter = {
  /** Bytes in the stream's format, no header. */
  media(payload: Uint8Array): string;
  mark(name: string): string;
  clear(): string;
};

export const streamIdRule: TextRule = { lengthMax: 128 };
export const markRule: TextRule = { lengthMax: 256 };
export const digitRule: TextRule = {
  lengthMax: 1,
  isSecret: true,
  pattern: { expression: /^[0-9*#A-Da-d]$/, words: "one of 0-9 * # A-D" },
};
export const parametersRule = {
  lengthMin: 0,
  lengthMax: 1024,
  countMax: 64,
  isSecret: true,
} as const;

/**
 * Opens a text message.
 *
 * @throws {ProtocolError} `PROTOCOL_JSON`, `PROTOCOL_FIELD`
 */
export function readJsonMessage(text: string): { event: string; message: FieldReader } {
  const message = readFields(parseJson(text), "message");
  return { event: message.text("event", { lengthMax: 64 }), message };
}

/** The payload of a media message; its length is the session's business. */
export function payloadOf(media: FieldReader): string {
  return media.text("payload", { lengthMin: 0, lengthMax: Infinity, isSecret: true });
}

/** A number that carriers write as digits in a text, or as a number; `otherwise` without it. */
export function countOf(fields: FieldReader, name: string, otherwise: number): number {
  const value = fields.all[name];
  if (value === undefined || value === null) return otherwise;
  const isDigits = typeof value === "string" && /^[0-9]{1,15}$/.test(value);
  return isDigits ? Number(value) : fields.integer(name, { min: 0, max: 1e15 - 1 });
}

/** One key of a `dtmf` message. */
export function keyOf(dtmf: FieldReader): string {
  return dtmf.text("digit", digitRule).toUpperCase();
}

/** Bytes as base64, without a copy of them. */
export function base64Of(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("base64");
}

/**
 * Decodes base64 between two places of a text into `into`; returns the bytes written.
 *
 * @throws {ProtocolError} `PROTOCOL_OVERSIZE` when `into` is too small, `PROTOCOL_PAYLOAD` when
 *   the text is not base64 with its padding (RFC 4648 section 4).
 */
export function decodePayload(text: string, start: number, end: number, into: Buffer): number {
  const length = end - start;
  let bytes = (length / 4) * 3;
  if (bytes > 0 && text.charCodeAt(end - 1) === 0x3d) bytes -= text.endsWith("==", end) ? 2 : 1;
  if (bytes > into.length) {
    throw new ProtocolError(
      "PROTOCOL_OVERSIZE",
      `media.payload has ${length} characters, at most ${Math.floor(into.length / 3) * 4} is right`,
      { payloadCharacters: length, payloadBytesMax: into.length },
    );
  }
  // Node skips what is not base64, so a broken text yields fewer bytes than its length promises.
  const written = length % 4 === 0 ? into.write(text.slice(start, end), "base64") : -1;
  if (written === bytes) return bytes;
  throw new ProtocolError(
    "PROTOCOL_PAYLOAD",
    `media.payload has ${length} characters that are not base64, RFC 4648 section 4 with padding ` +
      "is right",
    { payloadCharacters: length },
  );
}

/** @throws {ProtocolError} `PROTOCOL_JSON`, without a word of the text */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the message, which may hold what a person dialled.
    throw new ProtocolError(
      "PROTOCOL_JSON",
      `message of ${text.length} characters is not JSON, a JSON object is right`,
      { messageCharacters: text.length },
    );
  }
}
