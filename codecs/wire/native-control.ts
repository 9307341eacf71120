/**
 * Voxtree native v1, the control messages: msgpack maps in the envelope of `native-v1.ts`. Every
 * field is checked when it comes in; fields that this version does not know are ignored. Free of
 * Node: it runs in a browser.
 */
import { Decoder, encode } from "@msgpack/msgpack";
import {
  AUDIO_RATES_HZ,
  CODEC_NAMES,
  type AudioRateHz,
  type CodecName,
} from "../audio/audio-codec.js";
import {
  OPUS_AUDIO_RATES_HZ,
  OPUS_PACKET_MS,
  type OpusPacketMs,
  type OpusRate,
} from "../audio/opus-line.js";
import { readFields, type FieldReader, type TextRule } from "./fields.js";
import { RECORD_TYPES, recordName } from "./native-v1.js";
import { ProtocolError } from "./protocol-error.js";

/** What a side takes; it announces this in its hello. */
export type NativeLimits = {
  /** Largest WebSocket message, all its records together. */
  readonly messageBytesMax: number;
  /** Largest control payload. */
  readonly controlBytesMax: number;
  /** Streams that may be open on one connection at once. */
  readonly streamsMax: number;
};

/** Frame lengths that version 1 speaks, in ms: the usual, and one for quick links. */
export const NATIVE_FRAME_MS = [20, 10] as const;
export type NativeFrameMs = (typeof NATIVE_FRAME_MS)[number];

/** How both directions of a stream are coded and cut. */
export type NativeFormat = {
  readonly codec: CodecName;
  readonly rateHz: AudioRateHz;
  readonly frameMs: NativeFrameMs;
};

export type HelloMessage = { versions: readonly number[]; limits: NativeLimits; agent?: string };
export type StartMessage = {
  callId: string;
  token: string;
  format: NativeFormat;
  /** The word that `ready` gave, to go on with a call whose connection was lost. */
  resume?: string;
  /** With `resume`: media time up to which the engine's audio arrived, lowest 32 bits. */
  receivedTime?: number;
  /** The client can send and take the stream's frames as Opus packets. */
  opus?: boolean;
  /** With `opus`: how long the packets are that it would like. Default one frame. */
  packetMs?: OpusPacketMs;
  parameters: Readonly<Record<string, string>>;
};
export type ReadyMessage = {
  format: NativeFormat;
  resume?: string;
  /** How long the engine waits for a client that lost its connection. */
  resumeMs?: number;
  isResumed: boolean;
  /** From here on both may send frames as Opus packets. */
  opus?: boolean;
  /** With `opus`: how long ours are while the link is good. Default one frame. */
  packetMs?: OpusPacketMs;
  /** Resumed: media time up to which the client's audio arrived, lowest 32 bits. */
  receivedTime?: number;
  /** Resumed: keys that arrived in this call so far. */
  keys?: number;
};
export type MarkMessage = { name: string };
export type DtmfMessage = { digit: string };
export type HangupMessage = { reason: string };
export type ErrorMessage = {
  code: string;
  message: string;
  detail: Readonly<Record<string, unknown>>;
};
export type PingMessage = { id: number };
/** What became of the engine's frames since the last report. */
export type ReportMessage = {
  received: number;
  /** Of these, came after the frame before had ended: heard as a gap. */
  late: number;
};

/** How the client should send its Opus packets from here on. */
export type RateMessage = OpusRate;

/** The payload of each control record. `clear` says all in its header: utterance. */
export type ControlMessages = {
  hello: HelloMessage;
  start: StartMessage;
  ready: ReadyMessage;
  mark: MarkMessage;
  clear: Readonly<Record<string, never>>;
  dtmf: DtmfMessage;
  hangup: HangupMessage;
  error: ErrorMessage;
  ping: PingMessage;
  pong: PingMessage;
  report: ReportMessage;
  rate: RateMessage;
};
export type ControlName = keyof ControlMessages;

/** A decoded control message with the name of its record. */
export type ControlMessage = {
  [Name in ControlName]: { readonly name: Name; readonly body: Readonly<ControlMessages[Name]> };
}[ControlName];

const U32_MAX = 0xffff_ffff;
const idRule: TextRule = { lengthMax: 128 };
const secretRule: TextRule = { lengthMax: 1024, isSecret: true };
const nameRule: TextRule = { lengthMax: 128 };
const reasonRule: TextRule = { lengthMax: 256 };
const digitRule: TextRule = {
  lengthMax: 1,
  isSecret: true,
  pattern: { expression: /^[0-9*#A-D]$/, words: "one of 0-9 * # A-D" },
};
const parametersRule = { lengthMin: 0, lengthMax: 1024, countMax: 32, isSecret: true } as const;

/** A decoder's limits: none of our messages comes near them. */
const decoder = new Decoder({
  maxStrLength: 8192,
  maxBinLength: 8192,
  maxArrayLength: 256,
  maxMapLength: 256,
  maxExtLength: 256,
});

/** The payload of a control record, newly allocated. Fields that are undefined are left out. */
export function encodeControl<Name extends ControlName>(
  _name: Name,
  body: Readonly<ControlMessages[Name]>,
): Uint8Array {
  return encode(body, { ignoreUndefined: true });
}

/**
 * Reads and checks the payload of a control record.
 *
 * @param type of the record's header; must be a control type of this version
 * @throws {ProtocolError} `PROTOCOL_CONTROL` when it is no msgpack map, `PROTOCOL_FIELD` when one
 *   of its fields is wrong.
 */
export function decodeControl(type: number, payload: Uint8Array): ControlMessage {
  const name = recordName(type);
  const fields = readFields(decodeMap(name, payload), name);
  switch (type) {
    case RECORD_TYPES.hello:
      return { name: "hello", body: readHello(fields) };
    case RECORD_TYPES.start:
      return { name: "start", body: readStart(fields) };
    case RECORD_TYPES.ready:
      return { name: "ready", body: readReady(fields) };
    case RECORD_TYPES.mark:
      return { name: "mark", body: { name: fields.text("name", nameRule) } };
    case RECORD_TYPES.clear:
      return { name: "clear", body: {} };
    case RECORD_TYPES.dtmf:
      return { name: "dtmf", body: { digit: fields.text("digit", digitRule) } };
    case RECORD_TYPES.hangup:
      return { name: "hangup", body: { reason: fields.text("reason", reasonRule) } };
    case RECORD_TYPES.error:
      return { name: "error", body: readError(fields) };
    case RECORD_TYPES.ping:
      return { name: "ping", body: readPing(fields) };
    case RECORD_TYPES.pong:
      return { name: "pong", body: readPing(fields) };
    case RECORD_TYPES.report:
      return { name: "report", body: readReport(fields) };
    case RECORD_TYPES.rate:
      return { name: "rate", body: readRate(fields) };
    default:
      throw new ProtocolError("PROTOCOL_TYPE", `${name} is no control record`, { type });
  }
}

function decodeMap(name: string, payload: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decoder.decode(payload);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProtocolError(
      "PROTOCOL_CONTROL",
      `${name} record has a payload of ${payload.length} bytes that is not msgpack: ${why}`,
      { payloadBytes: payload.length },
      { cause },
    );
  }
  return value;
}

function readHello(fields: FieldReader): HelloMessage {
  const limits = fields.map("limits");
  const agent = fields.optionalText("agent", nameRule);
  return {
    versions: fields.integers("versions", { min: 1, max: 255, countMax: 16 }),
    limits: {
      messageBytesMax: limits.integer("messageBytesMax", { min: 1024, max: U32_MAX }),
      controlBytesMax: limits.integer("controlBytesMax", { min: 256, max: U32_MAX }),
      streamsMax: limits.integer("streamsMax", { min: 1, max: U32_MAX }),
    },
    ...(agent === undefined ? {} : { agent }),
  };
}

function readStart(fields: FieldReader): StartMessage {
  const resume = fields.optionalText("resume", secretRule);
  const receivedTime = fields.optionalInteger("receivedTime", { min: 0, max: U32_MAX });
  return {
    callId: fields.text("callId", idRule),
    token: fields.text("token", secretRule),
    format: readFormat(fields.map("format")),
    parameters: fields.optionalMap("parameters")?.texts(parametersRule) ?? {},
    ...(resume === undefined ? {} : { resume }),
    ...(receivedTime === undefined ? {} : { receivedTime }),
    ...readOpus(fields),
  };
}

function readOpus(fields: FieldReader): { opus?: boolean; packetMs?: OpusPacketMs } {
  const { opus, packetMs } = fields.all;
  return {
    ...(opus === undefined ? {} : { opus: fields.flag("opus") }),
    ...(packetMs === undefined ? {} : { packetMs: fields.oneOf("packetMs", OPUS_PACKET_MS) }),
  };
}

function readReady(fields: FieldReader): ReadyMessage {
  const resume = fields.optionalText("resume", secretRule);
  const count = { min: 0, max: U32_MAX };
  const resumeMs = fields.optionalInteger("resumeMs", count);
  const receivedTime = fields.optionalInteger("receivedTime", count);
  const keys = fields.optionalInteger("keys", count);
  return {
    format: readFormat(fields.map("format")),
    isResumed: fields.flag("isResumed"),
    ...readOpus(fields),
    ...(resume === undefined ? {} : { resume }),
    ...(resumeMs === undefined ? {} : { resumeMs }),
    ...(receivedTime === undefined ? {} : { receivedTime }),
    ...(keys === undefined ? {} : { keys }),
  };
}

function readFormat(fields: FieldReader): NativeFormat {
  return {
    codec: fields.oneOf("codec", CODEC_NAMES),
    rateHz: fields.oneOf("rateHz", AUDIO_RATES_HZ),
    frameMs: fields.oneOf("frameMs", NATIVE_FRAME_MS),
  };
}

function readError(fields: FieldReader): ErrorMessage {
  return {
    code: fields.text("code", { lengthMax: 64 }),
    message: fields.text("message", { lengthMax: 1024 }),
    detail: fields.optionalMap("detail")?.all ?? {},
  };
}

function readReport(fields: FieldReader): ReportMessage {
  const received = fields.integer("received", { min: 0, max: U32_MAX });
  return { received, late: fields.integer("late", { min: 0, max: received }) };
}

function readRate(fields: FieldReader): RateMessage {
  return {
    bitsPerSecond: fields.integer("bitsPerSecond", { min: 500, max: 512_000 }),
    audioRateHz: fields.oneOf("audioRateHz", OPUS_AUDIO_RATES_HZ),
    packetMs: fields.oneOf("packetMs", OPUS_PACKET_MS),
  };
}

function readPing(fields: FieldReader): PingMessage {
  return { id: fields.integer("id", { min: 0, max: U32_MAX }) };
}
