/**
 * Voxtree native v1, the envelope: a binary WebSocket message is one or more records, each a fixed
 * header of 24 bytes, little-endian, and its payload. `docs/protocol.md` is the specification.
 *
 *   byte  0        1       2        3        4            8           12
 *        | version | type | flags | codec  | stream id u32 | sequence u32 |
 *   byte 12              16                  20                  24
 *        | utterance u32 | media time u32    | payload bytes u32 | payload …
 *
 * Pure, and free of Node: it runs in a browser. Reading allocates nothing: the caller owns one
 * header object and reads record after record into it.
 */
import type { CODEC_NAMES, CodecName } from "../audio/audio-codec.js";
import { ProtocolError } from "./protocol-error.js";

/** The version this file speaks, first byte of every record. */
export const NATIVE_VERSION = 1;

/** Bytes before the payload. */
export const NATIVE_HEADER_BYTES = 24;

/** The WebSocket subprotocol that names this protocol in the handshake. */
export const NATIVE_SUBPROTOCOL = "voxtree.v1";

/** Record types. The others are unknown and skipped by their length. */
export const RECORD_TYPES = {
  audio: 0x01,
  hello: 0x10,
  start: 0x11,
  ready: 0x12,
  mark: 0x13,
  clear: 0x14,
  dtmf: 0x15,
  hangup: 0x16,
  error: 0x17,
  ping: 0x18,
  pong: 0x19,
  report: 0x1a,
  rate: 0x1b,
} as const;
export type RecordName = keyof typeof RECORD_TYPES;

/** Flag of a record that must not be skipped: who does not know its type closes the connection. */
export const FLAG_MUST_UNDERSTAND = 0x80;

/** Codec ids are this list's index plus one; 0 means that the record carries no audio. */
const CODEC_IDS: readonly CodecName[] = ["pcmu", "pcma", "l16"] satisfies typeof CODEC_NAMES;

/** Audio of a stream that agreed on it: one Opus packet of one or several frames. */
export const OPUS_CODEC_ID = 4;

/** One record's header. Mutable, so that one object serves all records of a connection. */
export type NativeHeader = {
  type: number;
  flags: number;
  /** 0 for control records, else see `codecIdOf`. */
  codecId: number;
  /** 0 is the connection itself, a call has 1 or more. */
  streamId: number;
  /** Counts the records of one stream and direction from 0; wraps at 2^32. */
  sequence: number;
  /** Utterance this audio, mark or clear belongs to; 0 is none. */
  utterance: number;
  /** Samples of this stream and direction before this record; wraps at 2^32. */
  mediaTime: number;
  /** Where the payload starts in the message. */
  payloadOffset: number;
  payloadBytes: number;
};

/** A header to read into, all zero. */
export function emptyNativeHeader(): NativeHeader {
  return {
    type: 0,
    flags: 0,
    codecId: 0,
    streamId: 0,
    sequence: 0,
    utterance: 0,
    mediaTime: 0,
    payloadOffset: 0,
    payloadBytes: 0,
  };
}

/**
 * Reads the record at `offset` into `header` and returns the offset of the next one, which is
 * `message.length` after the last. The payload stays where it is, from `header.payloadOffset`.
 *
 * @param payloadBytesMax payloads beyond it are refused, also of unknown types
 * @throws {ProtocolError} `PROTOCOL_TRUNCATED`, `PROTOCOL_VERSION`, `PROTOCOL_OVERSIZE`; for
 *   types of this version also `PROTOCOL_RESERVED` and `PROTOCOL_CODEC`; `PROTOCOL_TYPE` for an
 *   unknown type that asks to be understood.
 */
export function readRecord(
  message: Uint8Array,
  offset: number,
  header: NativeHeader,
  payloadBytesMax: number,
): number {
  const availableBytes = message.length - offset;
  if (availableBytes < NATIVE_HEADER_BYTES) throw truncatedHeader(offset, availableBytes);
  const version = message[offset]!;
  if (version !== NATIVE_VERSION) throw wrongVersion(offset, version);
  header.type = message[offset + 1]!;
  header.flags = message[offset + 2]!;
  header.codecId = message[offset + 3]!;
  header.streamId = readU32(message, offset + 4);
  header.sequence = readU32(message, offset + 8);
  header.utterance = readU32(message, offset + 12);
  header.mediaTime = readU32(message, offset + 16);
  header.payloadBytes = readU32(message, offset + 20);
  header.payloadOffset = offset + NATIVE_HEADER_BYTES;
  checkLength(header, availableBytes - NATIVE_HEADER_BYTES, payloadBytesMax);
  checkHeader(header);
  return header.payloadOffset + header.payloadBytes;
}

/** Writes a header of 24 bytes at `offset`; `payloadOffset` is not on the wire. */
export function writeHeader(into: Uint8Array, offset: number, header: NativeHeader): void {
  into[offset] = NATIVE_VERSION;
  into[offset + 1] = header.type;
  into[offset + 2] = header.flags;
  into[offset + 3] = header.codecId;
  writeU32(into, offset + 4, header.streamId);
  writeU32(into, offset + 8, header.sequence);
  writeU32(into, offset + 12, header.utterance);
  writeU32(into, offset + 16, header.mediaTime);
  writeU32(into, offset + 20, header.payloadBytes);
}

/**
 * A record as a message of its own, newly allocated; several may be joined to one message. The
 * payload is copied and its length goes into `header.payloadBytes`.
 */
export function encodeRecord(header: NativeHeader, payload: Uint8Array): Uint8Array {
  header.payloadBytes = payload.length;
  header.payloadOffset = NATIVE_HEADER_BYTES;
  const message = new Uint8Array(NATIVE_HEADER_BYTES + payload.length);
  writeHeader(message, 0, header);
  message.set(payload, NATIVE_HEADER_BYTES);
  return message;
}

/** Whether this version knows the type; what it does not know is skipped. */
export function isKnownType(type: number): boolean {
  return type === RECORD_TYPES.audio || (type >= RECORD_TYPES.hello && type <= RECORD_TYPES.rate);
}

/** The name of a known type, else its number, for messages: `audio`, `type 0x7f`. */
export function recordName(type: number): string {
  for (const [name, value] of Object.entries(RECORD_TYPES)) if (value === type) return name;
  return `type 0x${type.toString(16).padStart(2, "0")}`;
}

/** 1 for pcmu, 2 for pcma, 3 for l16. */
export function codecIdOf(codec: CodecName): number {
  return CODEC_IDS.indexOf(codec) + 1;
}

/** The codec of an id; undefined for 0 and for ids that are not given out. */
export function codecOfId(codecId: number): CodecName | undefined {
  return CODEC_IDS[codecId - 1];
}

/** Little-endian, unsigned. */
function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function checkLength(header: NativeHeader, availableBytes: number, payloadBytesMax: number): void {
  const { payloadBytes } = header;
  if (payloadBytes > payloadBytesMax) {
    throw new ProtocolError(
      "PROTOCOL_OVERSIZE",
      `${recordName(header.type)} record has a payload of ${payloadBytes} bytes, at most ` +
        `${payloadBytesMax} is right`,
      { payloadBytes, payloadBytesMax },
    );
  }
  if (payloadBytes > availableBytes) {
    throw new ProtocolError(
      "PROTOCOL_TRUNCATED",
      `${recordName(header.type)} record announces ${payloadBytes} bytes of payload, but only ` +
        `${availableBytes} are left in the message`,
      { payloadBytes, availableBytes },
    );
  }
}

/** What a header may hold depends on the type: unused fields are reserved and must be 0. */
function checkHeader(header: NativeHeader): void {
  const { type } = header;
  if (!isKnownType(type)) {
    if ((header.flags & FLAG_MUST_UNDERSTAND) !== 0) throw notUnderstood(header);
    return;
  }
  if ((header.flags & ~FLAG_MUST_UNDERSTAND) !== 0) throw reserved(header, "flags", 0);
  if (type === RECORD_TYPES.audio) {
    const { codecId } = header;
    if (codecId !== OPUS_CODEC_ID && codecOfId(codecId) === undefined) throw unknownCodec(header);
  } else if (header.codecId !== 0) {
    throw reserved(header, "codecId", 0);
  } else if (header.utterance !== 0 && !usesUtterance(type)) {
    throw reserved(header, "utterance", 0);
  } else if (header.mediaTime !== 0 && !usesMediaTime(type)) {
    throw reserved(header, "mediaTime", 0);
  }
  checkStreamId(header);
}

/** hello, ping and pong belong to the connection, all others but error to a stream. */
function checkStreamId(header: NativeHeader): void {
  const { type, streamId } = header;
  if (type === RECORD_TYPES.error) return;
  const isOfConnection =
    type === RECORD_TYPES.hello || type === RECORD_TYPES.ping || type === RECORD_TYPES.pong;
  if (isOfConnection === (streamId === 0)) return;
  throw reserved(header, "streamId", isOfConnection ? 0 : "1 or more");
}

function usesUtterance(type: number): boolean {
  return type === RECORD_TYPES.mark || type === RECORD_TYPES.clear;
}

function usesMediaTime(type: number): boolean {
  return type === RECORD_TYPES.mark || type === RECORD_TYPES.dtmf;
}

function truncatedHeader(offset: number, availableBytes: number): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_TRUNCATED",
    `message ends ${availableBytes} bytes into the record at byte ${offset}, ` +
      `a record header of ${NATIVE_HEADER_BYTES} bytes is right`,
    { offset, availableBytes },
  );
}

function wrongVersion(offset: number, version: number): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_VERSION",
    `record at byte ${offset} has version ${version}, ${NATIVE_VERSION} is right`,
    { offset, version },
  );
}

function notUnderstood(header: NativeHeader): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_TYPE",
    `${recordName(header.type)} must be understood (flag 0x80), but version ` +
      `${NATIVE_VERSION} does not know it`,
    { type: header.type },
  );
}

function unknownCodec(header: NativeHeader): ProtocolError {
  return new ProtocolError(
    "PROTOCOL_CODEC",
    `audio record of stream ${header.streamId} has codec id ${header.codecId}, one of 1 (pcmu), ` +
      "2 (pcma), 3 (l16), 4 (opus) is right",
    { streamId: header.streamId, codecId: header.codecId },
  );
}

function reserved(
  header: NativeHeader,
  field: "flags" | "codecId" | "utterance" | "mediaTime" | "streamId",
  right: number | string,
): ProtocolError {
  const value = header[field];
  return new ProtocolError(
    "PROTOCOL_RESERVED",
    `${recordName(header.type)} record has ${field} ${value}, ${right} is right`,
    { field, value, type: header.type },
  );
}
