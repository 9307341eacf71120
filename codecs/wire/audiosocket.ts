/**
 * Asterisk's AudioSocket on the wire: packets on TCP, each one byte of kind, two of length (big
 * endian), and the payload. The first carries the stream's UUID, audio is 16-bit little-endian
 * samples. Nothing but audio and a hang-up may be sent to Asterisk. Pure.
 *
 * ```
 *   01 00 10 <16 bytes>      its UUID            10 01 40 <320 bytes>   20 ms at 8000 Hz
 *   03 00 01 35              key 5               00 00 00               hang-up
 * ```
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/
 */
import type { AudioFormat } from "../audio/audio-codec.js";
import { digitRule } from "./json-stream.js";
import { fieldError } from "./fields.js";
import { ProtocolError } from "./protocol-error.js";

export const AUDIOSOCKET_HEADER_BYTES = 3;

/** What a packet says. */
export type AudioSocketPacket =
  | { readonly kind: "id"; readonly uuid: string }
  /** The payload is a view of the packet. */
  | { readonly kind: "audio"; readonly format: AudioFormat; readonly payload: Uint8Array }
  | { readonly kind: "dtmf"; readonly digit: string }
  | { readonly kind: "hangup" }
  | { readonly kind: "error" };

const kinds = { hangup: 0x00, id: 0x01, dtmf: 0x03, error: 0xff } as const;
const audioKinds: ReadonlyMap<number, AudioFormat> = new Map([
  [0x10, { codec: "l16", rateHz: 8000 }],
  [0x12, { codec: "l16", rateHz: 16000 }],
  [0x13, { codec: "l16", rateHz: 24000 }],
  [0x16, { codec: "l16", rateHz: 48000 }],
]);

/**
 * Reads one whole packet.
 *
 * @throws {ProtocolError} `PROTOCOL_TRUNCATED` when its length is not what it says,
 *   `PROTOCOL_FIELD`, `PROTOCOL_FORMAT` for a rate that is not ours, `PROTOCOL_TYPE`
 */
export function readAudioSocket(packet: Uint8Array): AudioSocketPacket {
  const payload = packet.subarray(AUDIOSOCKET_HEADER_BYTES);
  const length = packet.length < AUDIOSOCKET_HEADER_BYTES ? -1 : (packet[1]! << 8) | packet[2]!;
  if (length !== payload.length) {
    const words = `packet has ${payload.length} bytes of payload, ${Math.max(0, length)} is right`;
    throw new ProtocolError("PROTOCOL_TRUNCATED", words, { payloadBytes: payload.length });
  }
  const kind = packet[0]!;
  const format = audioKinds.get(kind);
  if (format !== undefined) return { kind: "audio", format, payload };
  switch (kind) {
    case kinds.hangup:
      return { kind: "hangup" };
    case kinds.error:
      return { kind: "error" };
    case kinds.id:
      return { kind: "id", uuid: uuidOf(payload) };
    case kinds.dtmf:
      return { kind: "dtmf", digit: digitOf(payload) };
    default:
      throw unknownKind(kind);
  }
}

/** A packet of audio, header and payload in one piece. @throws {RangeError} over 65535 bytes */
export function audioSocketAudio(format: AudioFormat, payload: Uint8Array): Uint8Array {
  if (payload.length > 0xffff) throw new RangeError(`${payload.length} bytes, at most 65535`);
  const kind = [...audioKinds].find(([, { rateHz }]) => rateHz === format.rateHz)?.[0];
  if (kind === undefined || format.codec !== "l16") {
    throw new RangeError(`${format.codec}/${format.rateHz} is no format of AudioSocket`);
  }
  return packetOf(kind, payload);
}

/** The packet that ends the call. */
export function audioSocketHangup(): Uint8Array {
  return packetOf(kinds.hangup, new Uint8Array(0));
}

/** The packets that only Asterisk sends, for tests and benches. */
export function audioSocketId(uuid: string): Uint8Array {
  return packetOf(kinds.id, Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

export function audioSocketKey(digit: string): Uint8Array {
  return packetOf(kinds.dtmf, new TextEncoder().encode(digit));
}

/** Cuts the bytes of a connection into packets, however TCP split them. */
export class AudioSocketSplitter {
  readonly #waiting: Uint8Array;
  #waitingBytes = 0;

  constructor() {
    this.#waiting = new Uint8Array(AUDIOSOCKET_HEADER_BYTES + 0xffff);
  }

  /** Hands on every packet that is complete now, as a view valid during the call only. */
  take(bytes: Uint8Array, hand: (packet: Uint8Array) => void): void {
    let offset = 0;
    if (this.#waitingBytes > 0) {
      offset = this.#complete(bytes, hand);
      if (this.#waitingBytes > 0) return;
    }
    for (;;) {
      const end = offset + packetBytes(bytes, offset);
      if (!(end <= bytes.length)) break;
      hand(bytes.subarray(offset, end));
      offset = end;
    }
    this.#waiting.set(bytes.subarray(offset));
    this.#waitingBytes = bytes.length - offset;
  }

  /** Adds what is missing to the packet that waits; returns the offset after it. */
  #complete(bytes: Uint8Array, hand: (packet: Uint8Array) => void): number {
    let offset = 0;
    for (;;) {
      const waiting = this.#waiting.subarray(0, this.#waitingBytes);
      const wholeBytes = packetBytes(waiting, 0);
      if (wholeBytes === this.#waitingBytes) break;
      const missing =
        (Number.isNaN(wholeBytes) ? AUDIOSOCKET_HEADER_BYTES : wholeBytes) - this.#waitingBytes;
      const more = bytes.subarray(offset, offset + missing);
      if (more.length === 0) return offset;
      this.#waiting.set(more, this.#waitingBytes);
      this.#waitingBytes += more.length;
      offset += more.length;
    }
    const packet = this.#waiting.subarray(0, this.#waitingBytes);
    this.#waitingBytes = 0;
    hand(packet);
    return offset;
  }
}

/** Length of the packet that starts here; NaN while its head is not complete. */
function packetBytes(bytes: Uint8Array, offset: number): number {
  if (bytes.length - offset < AUDIOSOCKET_HEADER_BYTES) return NaN;
  return AUDIOSOCKET_HEADER_BYTES + ((bytes[offset + 1]! << 8) | bytes[offset + 2]!);
}

function packetOf(kind: number, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(AUDIOSOCKET_HEADER_BYTES + payload.length);
  packet[0] = kind;
  packet[1] = payload.length >> 8;
  packet[2] = payload.length & 0xff;
  packet.set(payload, AUDIOSOCKET_HEADER_BYTES);
  return packet;
}

function uuidOf(payload: Uint8Array): string {
  if (payload.length !== 16)
    throw fieldError("id", `${payload.length} bytes`, "a UUID of 16 bytes");
  const hex = Buffer.from(payload).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function digitOf(payload: Uint8Array): string {
  const digit = new TextDecoder().decode(payload).toUpperCase();
  const { expression, words } = digitRule.pattern!;
  if (payload.length !== 1 || !expression.test(digit)) throw fieldError("dtmf", digit, words, true);
  return digit;
}

function unknownKind(kind: number): ProtocolError {
  const isAudio = kind >= 0x10 && kind <= 0x18;
  const shown = `0x${kind.toString(16).padStart(2, "0")}`;
  const right = isAudio
    ? "8000, 16000, 24000 or 48000 Hz"
    : "one of 00, 01, 03, 10, 12, 13, 16, ff";
  const words = `packet is of kind ${shown}, ${right} is right`;
  return new ProtocolError(isAudio ? "PROTOCOL_FORMAT" : "PROTOCOL_TYPE", words, { kind });
}
