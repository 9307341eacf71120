/**
 * The protocol between shards and recognition processes, over a stream socket. Pure.
 *
 *     ┌─────────────┬──────┬───────────┬──────────────────────────────┐
 *     │ length u32  │ type │ stream    │ payload, `length` bytes      │   little-endian
 *     │             │  u8  │   u32     │                              │
 *     └─────────────┴──────┴───────────┴──────────────────────────────┘
 *
 * Audio is bare 16-bit little-endian samples, everything else is msgpack. Streams are numbered by
 * the client, from 1, never twice on one connection; 0 is the connection itself.
 */
import { decode, encode } from "@msgpack/msgpack";
import { RecognitionError } from "./recognizer.js";

/** Bytes before the payload. */
export const headerBytes = 9;
/** A grammar of a thousand phrases fits; nothing else comes near. */
export const payloadBytesMax = 1 << 20;

export const MessageType = {
  /** client → process: `{ grammar, rateHz }` */
  open: 1,
  /** client → process: samples at the stream's rate */
  audio: 2,
  /** client → process: no payload */
  finish: 3,
  /** client → process: no payload */
  cancel: 4,
  /** client → process, stream 0: `{ grammar }`, to be loaded before it is needed */
  prepare: 5,
  /** process → client: the stream has its decoder; no payload */
  opened: 16,
  /** process → client: `RecognizerEvent` */
  event: 17,
  /** process → client, stream 0: `GrammarWarning` */
  warning: 18,
  /** process → client, stream 0: `ErrorData`; the connection is closed after it */
  refused: 19,
} as const;

export type Message = {
  readonly type: number;
  readonly streamId: number;
  /** A view: valid during the call that hands it out. */
  readonly payload: Uint8Array;
};

/**
 * A message of msgpack, or without payload.
 *
 * @throws {RecognitionError} `RECOGNITION_REFUSED` when the payload is over `payloadBytesMax`
 */
export function encodeMessage(type: number, streamId: number, value?: unknown): Uint8Array {
  const payload = value === undefined ? new Uint8Array(0) : encode(value);
  if (payload.length <= payloadBytesMax) return frame(type, streamId, payload);
  throw new RecognitionError(
    "RECOGNITION_REFUSED",
    `a grammar of ${payload.length} bytes, at most ${payloadBytesMax} are allowed`,
    { bytes: payload.length, bytesMax: payloadBytesMax },
  );
}

/** A message of at most `payloadBytesMax / 2` samples. */
export function encodeAudio(streamId: number, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return frame(MessageType.audio, streamId, bytes);
}

function frame(type: number, streamId: number, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, type);
  view.setUint32(5, streamId, true);
  message.set(payload, headerBytes);
  return message;
}

/**
 * The samples of an audio message, in memory of their own.
 *
 * @throws {RecognitionError} `RECOGNITION_PROTOCOL` when half a sample is missing
 */
export function decodeAudio(payload: Uint8Array): Int16Array {
  if (payload.length % 2 !== 0) {
    throw protocolError(`audio of ${payload.length} bytes: 16-bit samples need an even number`);
  }
  // Not `slice`: on a Buffer that is a view.
  return new Int16Array(new Uint8Array(payload).buffer);
}

/** @throws {RecognitionError} `RECOGNITION_PROTOCOL` when the payload is not msgpack */
export function decodeValue(payload: Uint8Array): unknown {
  try {
    return decode(payload);
  } catch (cause) {
    throw protocolError(`payload of ${payload.length} bytes is not msgpack`, { cause });
  }
}

/** Cuts a byte stream into messages, however it was split on its way. */
export class MessageReader {
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * Takes the next bytes and calls `receive` for every message that is complete.
   *
   * @throws {RecognitionError} `RECOGNITION_PROTOCOL` when a length is over `payloadBytesMax`, and
   *   what `receive` throws; the reader is then unusable
   */
  read(bytes: Uint8Array, receive: (message: Message) => void): void {
    let buffer = bytes;
    if (this.#rest.length > 0) buffer = Buffer.concat([this.#rest, bytes]);
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    let at = 0;
    while (buffer.length - at >= headerBytes) {
      const length = view.getUint32(at, true);
      if (length > payloadBytesMax) {
        throw protocolError(`payload of ${length} bytes, at most ${payloadBytesMax} are allowed`);
      }
      const payloadEnd = at + headerBytes + length;
      if (payloadEnd > buffer.length) break;
      const payload = buffer.subarray(at + headerBytes, payloadEnd);
      receive({ type: view.getUint8(at + 4), streamId: view.getUint32(at + 5, true), payload });
      at = payloadEnd;
    }
    this.#rest = new Uint8Array(buffer.subarray(at));
  }
}

export function protocolError(message: string, options?: ErrorOptions): RecognitionError {
  return new RecognitionError("RECOGNITION_PROTOCOL", message, {}, options);
}
